"""« Mes échanges », one conversation, « Nouvelle demande »: what was published, and the client's own messages."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from entregent.access.wall import acting
from entregent.documents.actions import MEGABYTE, largest_of
from entregent.interactions.models import PublishedEntry
from entregent.interactions.publication import thread
from entregent.portal import actions, downloads, reading
from entregent.portal.guard import PortalRequest, choose_access, not_while_watching, portal_page
from entregent.portal.models import PortalThread
from entregent.portal.web.forms import MessageForm, RequestForm
from entregent.portal.web.pages import render
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, see


@portal_page
@require_safe
def exchanges(request: PortalRequest) -> HttpResponse:
    """Every conversation, the one written in last first; `?vue=` of them those of one half of the home page."""
    only = request.GET.get("vue", "")
    only = only if only in (reading.WAITING, reading.IN_HAND) else ""
    before = cursor_of(request.GET.get("avant", ""))
    rows, following = reading.recent(request.visitor.access, only=only, before=before)
    query = ({"vue": only} if only else {}) | ({"avant": written(following)} if following else {})
    context = {"here": "exchanges", "rows": rows, "only": only, "following": urlencode(query) if following else ""}
    return render(request, "portal/exchanges.html", context)


@portal_page
@require_safe
def download(request: PortalRequest) -> HttpResponseBase:
    """« Télécharger mes échanges »: all that was published for this client, with the files, as one archive."""
    answer = StreamingHttpResponse(
        downloads.archive_of(request.visitor.access) if request.method == "GET" else [], content_type="application/zip"
    )
    answer.headers["Content-Disposition"] = content_disposition_header(True, downloads.file_name()) or "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def exchange(request: PortalRequest, number: int) -> HttpResponse:
    """One conversation, and the answer to it."""
    entries = _found(request, number)
    visitor, last = request.visitor, entries[-1]
    if request.method == "POST":
        not_while_watching(visitor)
        form = MessageForm(request.POST, request.FILES, files_help=files_help(request))
        if "draft" in request.POST:
            with acting():
                actions.keep_draft(
                    access=visitor.access, interaction_id=last.interaction_id, text=request.POST.get("text", "")
                )
            return see(request, visitor.url("exchange", number=number), toast=_("Votre brouillon est gardé."))
        if _sent(request, form, number=number) is not None:
            url = visitor.url("exchange", number=number)
            return see(request, f"{url}#fin", toast=_("Votre message est envoyé."))
    else:
        kept = _kept(request, last.interaction_id)
        form = MessageForm(
            initial={"text": kept.draft if kept else "", "key": uuid4().hex}, files_help=files_help(request)
        )
        if visitor.watched_by is None:
            with acting():
                actions.mark_read(access=visitor.access, interaction_id=last.interaction_id, until=last.published_at)
    cut = 0 if "tout" in request.GET else max(0, len(entries) - reading.ENTRIES)
    context = {
        "here": "exchanges",
        "number": number,
        "title": last.subject or last.topic_label,
        "state": reading.state_words(last),
        "is_closed": last.status == "closed",
        "topic": last.topic_label,
        "entries": entries[cut:],
        "cut": cut,
        "form": form,
    }
    return render(request, "portal/exchange.html", context, status=422 if form.errors else 200)


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: PortalRequest) -> HttpResponse:
    """« Nouvelle demande »: what it is about, the message, files."""
    visitor = request.visitor
    if not visitor.settings.new_requests:
        raise NotFound
    topics = list(reading.topics_offered(visitor.access))
    if request.method == "POST":
        not_while_watching(visitor)
        form = RequestForm(request.POST, request.FILES, files_help=files_help(request), topics=topics)
        if "draft" in request.POST:
            with acting():
                actions.keep_draft(
                    access=visitor.access,
                    interaction_id=actions.NEW_REQUEST,
                    text=request.POST.get("text", ""),
                    subject=request.POST.get("subject", ""),
                )
            return see(request, visitor.url("new_request"), toast=_("Votre brouillon est gardé."))
        number = _sent(request, form, topics=topics)
        if number is not None:
            url = visitor.url("exchange", number=number)
            return see(request, url, toast=_("Votre demande est envoyée, sous le n° %(n)s.") % {"n": number})
    else:
        kept = _kept(request, actions.NEW_REQUEST)
        initial = {"key": uuid4().hex} | ({"text": kept.draft, "subject": kept.draft_subject} if kept else {})
        form = RequestForm(initial=initial, files_help=files_help(request), topics=topics)
    context = {"here": "exchanges", "form": form}
    return render(request, "portal/new_request.html", context, status=422 if form.errors else 200)


def _found(request: PortalRequest, number: int) -> list[PublishedEntry]:
    """The conversation, for the client at hand; a link to one of another client of the person goes over to that one."""
    visitor = request.visitor
    for access in sorted(visitor.accesses, key=lambda one: one.pk != visitor.access.pk):
        try:
            entries = thread(access, number)
        except NotFound:
            continue
        if access.pk != visitor.access.pk:
            choose_access(request, visitor, access)
        return entries
    raise NotFound


def _sent(request: PortalRequest, form: MessageForm, *, number: int | None = None, topics=()) -> int | None:
    if not form.is_valid():
        return None
    data = form.cleaned_data
    try:
        with acting():
            return actions.send_message(
                access=request.visitor.access,
                number=number,
                text=data["text"],
                subject=data.get("subject", ""),
                topic=next((topic for topic in topics if topic.code == data.get("topic")), None),
                files=data.get("files") or [],
                idempotency_key=data["key"] or None,
            )
    except NotFound:
        raise
    except (Refusal, Refusals) as refusal:
        add_refusal(form, refusal)
        return None


def files_help(request: PortalRequest) -> str:
    if not request.visitor.settings.files_in_messages:
        return ""
    most = largest_of(request.visitor.organization_id) // MEGABYTE
    return _("%(n)s fichiers au plus, %(most)s Mo chacun. Ni programmes, ni scripts.") % {
        "n": actions.FILES_AT_MOST,
        "most": most,
    }


def _kept(request: PortalRequest, interaction_id: int) -> PortalThread | None:
    return PortalThread.objects.filter(access=request.visitor.access, interaction_id=interaction_id).first()


def cursor_of(text: str) -> tuple[datetime, int] | None:
    moment, _separator, entry_id = text.partition("_")
    try:
        return datetime.fromisoformat(moment), int(entry_id)
    except ValueError:
        return None


def written(cursor: tuple[datetime, int]) -> str:
    return f"{cursor[0].isoformat()}_{cursor[1]}"
