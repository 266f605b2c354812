"""« Boîte d'envoi », a mail's own page, and the trace of mails on the record that they are about."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.outbox import actions
from entregent.outbox.letters import with_links
from entregent.outbox.models import Message
from entregent.outbox.reading import Cursor, MailFilter, after, of_record, subjects_of, visible_to, without_secrets
from entregent.toolbox.errors import NotFound
from entregent.ui.frames import framed, holds_frames
from entregent.ui.pages import is_htmx, render, see

PAGE = 100
ON_RECORD = 20

_LISTED = (
    "id", "organization_id", "recipients", "subject", "state", "tries", "reason", "created_at", "sent_at",
    "next_try_at", "client_id", "subject_type", "subject_id",
)  # fmt: skip


@require_GET
@requires(Right.OUTBOX_VIEW)
def message_list(request: MemberRequest) -> HttpResponse:
    """Everything that left or waits, within reach, newest first."""
    member = request.member
    chosen = MailFilter(request.GET, member)
    cursor = Cursor.read(request.GET.get("apres", ""))
    rows = list(after(chosen.apply(visible_to(member)), cursor).only(*_LISTED)[: PAGE + 1])
    shown = rows[:PAGE]
    context = {
        "mails": shown,
        "subjects": subjects_of(member, shown),
        "next": str(Cursor(shown[-1].created_at, shown[-1].pk)) if len(rows) > PAGE else None,
        "filter": chosen,
        "is_kept": settings.MAIL_IS_KEPT,
    }
    return render(request, "outbox/message_list.html", context)


@require_GET
@requires(Right.OUTBOX_VIEW)
@holds_frames
def message_detail(request: MemberRequest, message_id: int) -> HttpResponse:
    mail = _message(request.member, message_id)
    found = subjects_of(request.member, [mail])
    context = {
        "mail": mail,
        "parts": with_links(_read_by(request.member, mail.text)),
        "client": found.get(("clients.client", mail.client_id or 0)),
        "subject": found.get((mail.subject_type, mail.subject_id or 0))
        if mail.subject_type != "clients.client"
        else None,
        "missed": [address for address in mail.recipients if address not in mail.reached],
        "is_kept": settings.MAIL_IS_KEPT,
    }
    return render(request, "outbox/message_detail.html", context)


@require_GET
@requires(Right.OUTBOX_VIEW)
def message_content(request: MemberRequest, message_id: int) -> HttpResponse:
    """The mail as its reader sees it, for the frame of its page."""
    mail = _message(request.member, message_id)
    if not mail.html:
        raise NotFound
    return framed(_read_by(request.member, mail.html))


@require_POST
@requires(Right.OUTBOX_VIEW)
def retry_create(request: MemberRequest, message_id: int) -> HttpResponse:
    actions.retry_message(_message(request.member, message_id), by=request.member)
    return see(request, _list_url(request), toast=_("Le courriel est remis en file d’envoi."))


@require_POST
@requires(Right.OUTBOX_VIEW)
def retry_all_create(request: MemberRequest) -> HttpResponse:
    """Sends again what failed, of what the filter shows."""
    chosen = MailFilter(request.POST, request.member)
    count = actions.retry_messages(chosen.apply(visible_to(request.member)), by=request.member)
    if count:
        told = ngettext(
            "%(n)d courriel est remis en file d’envoi.", "%(n)d courriels sont remis en file d’envoi.", count
        )
        told = told % {"n": count}
        if count == actions.MOST_RETRIED:
            told = _("%(told)s Recommencez pour les suivants.") % {"told": told}
        return see(request, _list_url(request), toast=told)
    messages.info(request, _("Aucun courriel échoué à envoyer de nouveau."))
    return see(request, _list_url(request))


@require_GET
@requires(Right.CLIENT_VIEW)
def record_mails(request: MemberRequest, subject_type: str, subject_id: int) -> HttpResponse:
    """« Courriels » of a record: what left about it, and what became of it."""
    return _record_mails(request, subject_type, subject_id)


@require_POST
@requires(Right.INTERACTION_LOG)
def record_retry_create(request: MemberRequest, message_id: int) -> HttpResponse:
    """Whoever works on the record sends its mail again, without the right to see the whole outbox."""
    mail = visible_to(request.member).filter(pk=message_id, client_id__isnull=False).first()
    if mail is None:
        raise NotFound
    actions.retry_message(mail, by=request.member)
    if not is_htmx(request):
        found = subjects_of(request.member, [mail])
        record = found.get((mail.subject_type, mail.subject_id or 0)) or found["clients.client", mail.client_id or 0]
        return see(request, record.url, toast=_("Le courriel est remis en file d’envoi."))
    # The panel of a client lists all of its mails, that of another record its own.
    subject_type = request.POST.get("type", "")
    if subject_type == "clients.client" or mail.subject_id is None:
        return _record_mails(request, "clients.client", mail.client_id or 0)
    return _record_mails(request, mail.subject_type, mail.subject_id)


def _record_mails(request: MemberRequest, subject_type: str, subject_id: int) -> HttpResponse:
    mails = of_record(request.member, subject_type[:60], subject_id).order_by("-created_at", "-pk")
    rows = list(mails.only(*_LISTED)[: ON_RECORD + 1])
    if not rows:  # No mail, or no record that this member sees: the page stays as it is.
        return HttpResponse(status=204)
    context = {
        "mails": rows[:ON_RECORD],
        "has_more": len(rows) > ON_RECORD,
        "subject_type": subject_type,
        "is_kept": settings.MAIL_IS_KEPT,
    }
    return render(request, "outbox/record_mails.html", context)


def _read_by(member, content: str) -> str:
    """Where no mail leaves, links that let somebody in are handed over from this page, by those who invite."""
    is_handed_over = settings.DEMO or (settings.MAIL_IS_KEPT and member.can(Right.MEMBERS))
    return content if is_handed_over else without_secrets(content)


def _message(member, message_id: int) -> Message:
    message = visible_to(member).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    return message


def _list_url(request: MemberRequest) -> str:
    url = reverse("outbox:list", args=[request.member.organization.slug])
    query = MailFilter(request.POST, request.member).query()
    return f"{url}?{query}" if query else url
