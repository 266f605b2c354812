"""« Effectif GRC »: the page of the source document 000."""

from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.enrollment import actions
from entregent.enrollment.actions.enrolling import is_current, known_client, place_for
from entregent.enrollment.models import AddressSource, Applicant, LoanApplication, Selection, Transmission, place_line
from entregent.enrollment.web.answers import STATE_TONES, application_of, at, pages_of, requires_loans
from entregent.enrollment.web.forms import EnrollForm
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, render, see

PAGE = "enrollment/enroll.html"
# So many transmissions of an application its page shows.
HISTORY = 50


@requires_loans(Right.LOAN_EDIT)
def enroll(request, number) -> HttpResponse:
    """The choices, one sentence that says what they send, and the two buttons."""
    member = request.member
    application = application_of(request, number, Right.LOAN_EDIT)
    choices = actions.choices_of(application, member)
    if request.method != "POST":
        if request.GET.get("actuels") in ("oui", "non"):
            choices.existing = request.GET["actuels"] == "oui"
        form = EnrollForm(member=member, application=application, choices=choices, key=uuid4().hex)
        return render(request, PAGE, _context(request, application, form))
    form = EnrollForm(request.POST, member=member, application=application, choices=choices)
    status, confirm, quiet = 422, "", ""
    if form.is_valid():
        try:
            done = actions.enroll(
                application, by=member, button=request.POST.get("button", actions.Button.SAVE), choices=form.chosen,
                is_confirmed=request.POST.get("confirmed") == "1", idempotency_key=form.cleaned_data["key"] or None,
            )  # fmt: skip
        except NotFound:
            raise
        except (Refusal, Refusals) as refused:
            every = refused.refusals if isinstance(refused, Refusals) else [refused]
            status = every[0].status
            if every[0].code == "E-000-CONFIRM":
                confirm = str(every[0].message)
            elif every[0].code == "E-000-NO-CHANGE":
                quiet = str(every[0].message)
            else:
                add_refusal(form, refused)
        else:
            toast = (
                _("Aucune donnée transmise : vos choix sont gardés.")
                if done.is_draft
                else _("Données transmises au siège social.")
            )
            return see(request, at("enroll", member, number=number), toast=toast)
    context = _context(request, application, form) | {"confirm": confirm, "quiet": quiet}
    response = render(request, PAGE, context, status=status)
    response.rolls_back = True  # type: ignore[attr-defined]
    return response


@require_POST
@requires_loans(Right.LOAN_EDIT)
def announce(request, number) -> HttpResponse:
    """The sentence and the buttons again, after a choice has changed."""
    application = application_of(request, number, Right.LOAN_EDIT)
    choices = actions.choices_of(application, request.member)
    form = EnrollForm(request.POST, member=request.member, application=application, choices=choices)
    form.is_valid()
    return render(request, PAGE, _context(request, application, form), fragment="announcement")


def _context(request, application: LoanApplication, form: EnrollForm) -> dict[str, Any]:
    member = request.member
    people = list(application.applicants.select_related("client__merged_into"))
    sent = application.transmissions.select_related("corresponding_agent", "entered_by", "applicant").order_by("-pk")
    chosen = form.chosen
    ticked = [one for one in people if one.pk in chosen.applicants]
    return {
        "application": application,
        "form": form,
        "people": people,
        "ticked": ticked,
        "pages": pages_of(application, member),
        "here": "services",
        "addresses": _addresses(application, people, ticked),
        "announcement": announcement(application, ticked, chosen, member),
        "known": _known(member, ticked) if not chosen.existing else [],
        "waits": any(one.is_pending for one in ticked),
        "transmissions": list(sent[:HISTORY]),
        "confirm": "",
        "quiet": "",
        "state_tones": STATE_TONES,
    }


def _addresses(application: LoanApplication, people: list[Applicant], ticked: list[Applicant]) -> dict[str, list]:
    """What stands under each choice: [(whose, the address or "")]."""
    whose = ticked or [one for one in people if one.is_primary]
    return {
        AddressSource.APPLICANT: [(one.full_name if len(whose) > 1 else "", place_line(one.place)) for one in whose],
        AddressSource.PROPERTY: [("", place_line(application.place))],
    }


def _known(member, ticked: list[Applicant]) -> list[tuple[Applicant, Client]]:
    """« Déjà présent »: clients that ticked applicants seem to be, of those that the member sees."""
    found = [(one, client) for one in ticked if not is_current(one) and (client := known_client(one)) is not None]
    seen = set(
        Client.objects.visible_to(member).filter(pk__in=[one.pk for _who, one in found]).values_list("pk", flat=True)
    )
    return [(who, client) for who, client in found if client.pk in seen]


def announcement(application, ticked: list[Applicant], chosen: actions.Choices, member) -> dict[str, str]:
    """One sentence that says what will be sent before it is, its tone, and which button does it (ux.md §8.12)."""
    if not ticked:
        return {"text": _("Sélectionnez au moins un demandeur."), "tone": "warn", "button": ""}
    names = ", ".join(one.full_name for one in ticked)
    label = member.organization.crm_list_label
    if chosen.selection == Selection.NOT_SELECTED:
        if not chosen.existing:
            text = _(
                "Rien ne sera transmis : choisissez « Inclure » dans « %(list)s ». « Enregistrer » garde vos choix."
            )
            return {"text": text % {"list": label}, "tone": "info", "button": "save"}
        if len(ticked) == 1:
            text = _("Le client sera retiré du GRC : %(names)s.") % {"names": names}
        else:
            text = _("Ces clients seront retirés du GRC : %(names)s.") % {"names": names}
        return {"text": text, "tone": "bad", "button": "save"}
    where = {place_line(place_for(application, one, chosen.address_source, chosen.place)) for one in ticked}
    place = next(iter(where)) if len(where) == 1 else _("l’adresse de chacun")
    words = {
        "names": names,
        "place": place or _("adresse à compléter"),
        "agent": chosen.agent.name if chosen.agent else "—",
    }
    if chosen.existing:
        text = _("Les données seront mises à jour au siège social : %(names)s — %(place)s — %(agent)s.") % words
        return {"text": text, "tone": "ok", "button": "update"}
    if len(ticked) == 1:
        text = _("Un nouveau client sera transmis au siège social : %(names)s — %(place)s — %(agent)s.") % words
    else:
        text = _("De nouveaux clients seront transmis au siège social : %(names)s — %(place)s — %(agent)s.") % words
    return {"text": text, "tone": "ok", "button": "save"}


def operation_tone(operation: str) -> str:
    return {Transmission.Operation.REMOVE: "bad"}.get(Transmission.Operation(operation), "neutral")
