"""« Mes coordonnées »: one's own details, what one wants to be told by mail, giving up one's access."""

from uuid import uuid4

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from entregent.access.wall import acting
from entregent.clients.models import Person
from entregent.interactions.portal_access import choose_subscriptions
from entregent.interactions.portal_models import PortalSettings
from entregent.portal import actions
from entregent.portal.guard import PortalRequest, not_while_watching, portal_page
from entregent.portal.web.forms import DetailsForm, NoticesForm
from entregent.portal.web.pages import render
from entregent.toolbox.errors import Refusal, Refusals
from entregent.toolbox.phones import national
from entregent.ui.pages import add_refusal, see


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: PortalRequest) -> HttpResponse:
    """What the organization holds of the person; a change is made or proposed, as it has set."""
    visitor = request.visitor
    person = visitor.access.person
    is_applied = visitor.settings.details == PortalSettings.Details.APPLIED
    initial = _initial(person, visitor.organization.country)
    form = DetailsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        not_while_watching(visitor)
        if form.is_valid():
            try:
                with acting():
                    outcome = actions.change_details(
                        access=visitor.access,
                        version=form.cleaned_data["version"] or 0,
                        values=_values(form.cleaned_data, person),
                        idempotency_key=form.cleaned_data["key"] or None,
                    )
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                return see(request, visitor.url("details"), toast=_toast(outcome, is_applied))
    notices = NoticesForm(
        initial={"events": visitor.access.subscriptions, "language": visitor.access.language}, prefix="avis"
    )
    context = {"here": "details", "form": form, "notices": notices, "is_applied": is_applied, "person": person}
    return render(request, "portal/details.html", context, status=422 if form.errors else 200)


@portal_page
@require_POST
def notices(request: PortalRequest) -> HttpResponse:
    """Each event on or off, and the language of the mails."""
    visitor = request.visitor
    not_while_watching(visitor)
    form = NoticesForm(request.POST, prefix="avis")
    if form.is_valid():
        with acting():
            choose_subscriptions(access=visitor.access, **form.cleaned_data)
        return see(request, visitor.url("details"), toast=_("Vos choix sont enregistrés."))
    return see(request, visitor.url("details"), toast=_("Choisissez une valeur de la liste."))


@portal_page
@require_http_methods(["GET", "HEAD", "POST"])
def renounce(request: PortalRequest) -> HttpResponse:
    """« Renoncer à mon accès », asked once more."""
    if request.method == "POST":
        not_while_watching(request.visitor)
        with acting():
            actions.renounce(access=request.visitor.access)
        return see(request, reverse("portal:choose"), toast=_("Votre accès est retiré."))
    return render(request, "portal/renounce.html", {"here": "details"})


def _toast(outcome: actions.Outcome, is_applied: bool) -> str:
    if outcome.is_changed and outcome.is_proposed:
        return _("Vos coordonnées sont enregistrées ; vos adresses de courriel sont à vérifier.")
    if outcome.is_proposed or not is_applied:
        return _("Votre demande est transmise.")
    return _("Vos coordonnées sont enregistrées.")


def _initial(person: Person, country: str) -> dict:
    emails = [*person.emails, "", ""]
    phones = [*(national(one.get("number", ""), region=country) for one in person.phones), "", ""]
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": person.title,
        "email_1": emails[0],
        "email_2": emails[1],
        "phone_1": phones[0],
        "phone_2": phones[1],
        "version": person.version,
        "key": uuid4().hex,
    }


def _values(data: dict, person: Person) -> dict:
    """As records hold them; what the form does not show stays."""
    labels = [one.get("label", "") for one in person.phones] + ["", ""]
    typed = zip(labels, (data["phone_1"], data["phone_2"]), strict=False)
    phones = [{"label": label, "number": number} for label, number in typed if number]
    return {
        "first_name": data["first_name"],
        "last_name": data["last_name"],
        "title": data["title"],
        "emails": [data[name] for name in ("email_1", "email_2") if data[name]] + person.emails[2:],
        "phones": phones + person.phones[2:],
    }
