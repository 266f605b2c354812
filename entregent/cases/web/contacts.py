"""Contacts and cases: « Déplacer vers dossier » with what it would add, taking out, splitting; « Dossiers liés »."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.models import Case
from entregent.cases.publishing import difference
from entregent.cases.web.answers import CASES_CHANGED, back, get_case, get_contact
from entregent.cases.web.forms import ReminderForm
from entregent.interactions.web.answers import INTERACTIONS_CHANGED, at, done
from entregent.organizations.models import Module
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import as_id
from entregent.ui.pages import is_htmx, render, see

MOVE = "cases/move.html"


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def of_contact(request, number):
    """« Dossiers liés » of a contact (R001-19), with « Créer un dossier » and « Déplacer vers dossier »."""
    contact = get_contact(request, number)
    cases = Case.objects.visible_to(request.member).filter(contacts__interaction=contact).select_related("case_type")
    context = {
        "contact": contact,
        "cases": cases.order_by("-opened_at", "-id")[:50],
        "may_edit": request.member.can(Right.CASE_EDIT) and contact.client_id is not None,
        "reminders": list(contact.reminders.filter(done_at__isnull=True).select_related("user")),
        "reminder_form": ReminderForm(request.member),
        "today": today_in(request.member.organization.time_zone),
    }
    return render(request, "cases/of_contact.html", context, fragment="pane")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
def contact_move(request, contact):
    """The open cases of the client, or one by its number; then what moving the contact there would add."""
    member, found = request.member, get_contact(request, contact)
    records = Case.objects.visible_to(member, Right.CASE_EDIT).select_related("client", "case_type", "organization")
    wanted = as_id((request.POST if request.method == "POST" else request.GET).get("dossier", ""))
    case = records.filter(number=wanted).first() if wanted is not None else None
    refused = None
    if wanted is not None and case is None:
        refused = Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="dossier", status=404)
    if request.method == "POST":
        try:
            if case is None:
                raise refused or Refusal("E-REQUIRED", _("Choisissez un dossier."), field="dossier")
            actions.attach_interaction(case, found, by=member)
            return _moved(request, case, found)
        except Refusal as refusal:
            refused = refusal
    context = {
        "contact": found,
        "cases": records.filter(client_id=found.client_id).open().order_by("-opened_at", "-id")[:50]
        if found.client_id is not None
        else [],
        "case": case,
        "difference": difference(case, found) if case is not None else None,
        "refused": refused,
    }
    status = refused.status if refused is not None else 200
    return render(request, MOVE, context, fragment="form", status=status)


def _moved(request, case: Case, contact):
    toast = _("Contact n° %(contact)s déplacé vers le dossier n° %(case)s.") % {
        "contact": contact.number, "case": case.number,
    }  # fmt: skip
    undo_url = at("cases:contact_detach", request.member, number=case.number, contact=contact.number)
    if is_htmx(request) and request.POST.get("place") == "dialog":
        return done(INTERACTIONS_CHANGED, CASES_CHANGED, toast=toast, undo_url=undo_url)
    return see(request, at("cases:detail", request.member, number=case.number), toast=toast, undo_url=undo_url)


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def contact_detach(request, number, contact):
    """Takes a contact out; also the « Annuler » of the toast after moving it there."""
    case, found = get_case(request, number), get_contact(request, contact)
    actions.detach_interaction(case, found, by=request.member)
    toast = _("Contact n° %(contact)s retiré du dossier n° %(case)s.") % {
        "contact": found.number, "case": case.number,
    }  # fmt: skip
    if is_htmx(request):
        return _drawn_again(request, toast)
    return back(request, case, toast)


def _drawn_again(request, toast: str) -> HttpResponse:
    """The page on which somebody stands, whichever it is, as things are now."""
    messages.success(request, toast)
    response = HttpResponse(status=204)
    response.headers["HX-Refresh"] = "true"
    return response


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def contact_split(request, number, contact):
    """A contact becomes a case of its own, linked to this one."""
    case, found = get_case(request, number), get_contact(request, contact)
    made = actions.split_interaction(case, found, by=request.member)
    return back(
        request,
        made,
        _("Contact n° %(contact)s séparé dans le dossier n° %(case)s.")
        % {"contact": found.number, "case": made.number},
        undo_url=at("cases:split_undo", request.member, number=made.number),
    )


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def split_undo(request, number):
    first = actions.undo_split(get_case(request, number), by=request.member)
    return back(request, first, _("Le contact est revenu dans ce dossier."))
