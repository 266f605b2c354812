"""« Mes dossiers » and one of them: where it stands, what is awaited, and the answer to it."""

from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from entregent.access.wall import acting
from entregent.cases.publication import published_case
from entregent.organizations.models import Module
from entregent.portal import actions, reading
from entregent.portal.guard import PortalRequest, PortalVisitor, choose_access, not_while_watching, portal_page
from entregent.portal.reading import Matter
from entregent.portal.web.exchanges import cursor_of, files_help, written
from entregent.portal.web.forms import MessageForm
from entregent.portal.web.pages import render
from entregent.processes.publication import progress_of
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, see


def has_cases(visitor: PortalVisitor) -> bool:
    """An organization that works with cases shows them to whoever is here for a client."""
    return visitor.organization.has_module(Module.CASEWORK) and visitor.access.client_id is not None


@portal_page
@require_safe
def cases(request: PortalRequest) -> HttpResponse:
    """Every case of the client that is published, the one opened last first."""
    if not has_cases(request.visitor):
        raise NotFound
    before = cursor_of(request.GET.get("avant", ""))
    rows, following = reading.matters(request.visitor.access, before=before)
    context = {"rows": rows, "following": urlencode({"avant": written(following)}) if following else ""}
    return render(request, "portal/cases.html", {"here": "cases"} | context)


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: PortalRequest, number: int) -> HttpResponse:
    """One case: its stages, what is awaited, what was written about it, and the answer."""
    found = _found(request, number)
    visitor = request.visitor
    if request.method == "POST":
        not_while_watching(visitor)
        form = MessageForm(request.POST, request.FILES, files_help=files_help(request))
        if _answered(request, form, number):
            return see(request, visitor.url("case", number=number), toast=_("Votre message est envoyé."))
    else:
        form = MessageForm(initial={"key": uuid4().hex}, files_help=files_help(request))
    context = {
        "here": "cases",
        "matter": Matter(found, progress_of([found.case_id])[found.case_id]),
        "rows": reading.conversations_in(visitor.access, found),
        "form": form,
    }
    return render(request, "portal/case.html", context, status=422 if form.errors else 200)


def _found(request: PortalRequest, number: int):
    """The case, for the client at hand; a link to one of another client of the person goes over to that one."""
    visitor = request.visitor
    for access in sorted(visitor.accesses, key=lambda one: one.pk != visitor.access.pk):
        try:
            found = published_case(access, number)
        except NotFound:
            continue
        if access.pk != visitor.access.pk:
            choose_access(request, visitor, access)
        if has_cases(visitor):
            return found
    raise NotFound


def _answered(request: PortalRequest, form: MessageForm, number: int) -> bool:
    if not form.is_valid():
        return False
    data = form.cleaned_data
    try:
        with acting():
            actions.answer_case(
                access=request.visitor.access,
                number=number,
                text=data["text"],
                files=data.get("files") or [],
                idempotency_key=data["key"] or None,
            )
    except NotFound:
        raise
    except (Refusal, Refusals) as refusal:
        add_refusal(form, refusal)
        return False
    return True
