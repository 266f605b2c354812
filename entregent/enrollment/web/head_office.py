"""« Siège social »: the queue of transmissions, deciding on one, and how they are loaded."""

from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from entregent.access.rights import Right
from entregent.clients.models import Address, Client
from entregent.enrollment import actions
from entregent.enrollment.actions.enrolling import client_of
from entregent.enrollment.models import EnrollmentSettings, Transmission, place_line
from entregent.enrollment.web.answers import at, requires_loans
from entregent.enrollment.web.forms import HeadOfficeSettingsForm, RejectForm
from entregent.listing import pages
from entregent.listing.lists import lists
from entregent.organizations.web.administration import render_administration, with_version
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.toolbox.phones import national
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render, see

COLUMNS = ("number", "created_at", "application", "name", "operation", "state", "reason", "agent", "entered_by")
# So many are loaded by one click: what is more, by the next.
AT_ONCE = 200


@require_safe
@requires_loans(Right.HEAD_OFFICE)
def queue(request) -> HttpResponse:
    """What is to be decided first of all; `?etat=` another state, `tous` all of them."""
    member = request.member
    definition = lists(member)["transmissions"]
    state = request.GET.get("etat", "")
    if state not in Transmission.State.values and state != "tous":
        state = ""
    condition = None
    if not state:
        condition = {"all": [["state", "in", [str(one) for one in Transmission.OPEN]]]}
    elif state != "tous":
        condition = {"all": [["state", "is", state]]}
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    asked = pages.ask(definition, member, condition=condition, text=text)
    page = asked.page(columns=COLUMNS, sort=request.GET.get("tri", "")[:40], after=request.GET.get("apres", "")[:500])
    is_next = bool(request.GET.get("apres"))
    known = {"etat": state, "q": text, "tri": request.GET.get("tri", "")[:40]}
    known = {name: value for name, value in known.items() if value}
    context = {
        "rows": page.rows,
        "following": f"?{urlencode(known | {'apres': page.next})}" if page.next else "",
        "here": f"?{urlencode({k: v for k, v in known.items() if k != 'tri'})}",
        "sort": page.sort,
        "is_next": is_next,
        "state": state,
        "text": text,
        "operations": dict(Transmission.Operation.choices),
        "states": dict(Transmission.State.choices),
        "tones": {"waiting": "info", "loaded": "ok", "rejected": "bad", "possible_duplicate": "warn"},
        "waiting": 0 if is_next else waiting_of(member).count(),
        "is_automatic": EnrollmentSettings.of(member.organization_id).is_automatic,
    }
    return render(request, "enrollment/queue.html", context, fragment="rows" if is_next else "results")


def waiting_of(member):
    return Transmission.objects.visible_to(member, Right.HEAD_OFFICE).filter(state=Transmission.State.WAITING)


def transmission_of(request, number: int) -> Transmission:
    records = Transmission.objects.visible_to(request.member, Right.HEAD_OFFICE).select_related(
        "application", "applicant__client__merged_into", "corresponding_agent", "entered_by", "decided_by", "client",
        "organization",
    )  # fmt: skip
    return records.found(number=number)


@require_safe
@requires_loans(Right.HEAD_OFFICE)
def transmission_detail(request, number) -> HttpResponse:
    return _detail(request, transmission_of(request, number), RejectForm())


def _detail(request, transmission: Transmission, form: RejectForm, *, status: int = 200) -> HttpResponse:
    is_open = transmission.is_open
    found = actions.candidates_of(transmission) if is_open else []
    context = {
        "transmission": transmission,
        "form": form,
        "is_known": is_open and client_of(transmission.applicant) is not None,
        "candidates": [_beside(transmission, one, request.member) for one in found],
        "place": place_line(transmission.place),
        "sees_client": transmission.client is not None and _is_seen(request.member, transmission.client),
    }
    response = render(request, "enrollment/transmission.html", context, status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


def _is_seen(member, client: Client) -> bool:
    return Client.objects.visible_to(member).filter(pk=client.pk).exists()


def _beside(transmission: Transmission, client: Client, member) -> dict:
    """The person who was sent beside a client who is there: line by line, and what agrees."""
    payload = transmission.payload
    places = list(client.addresses.exclude(kind=Address.Kind.OTHER).order_by("-kind"))
    country = member.organization.country
    sent_phones = [payload["phone"]] if payload.get("phone") else []
    phones = (sent_phones, [one["number"] for one in client.phones])
    rows = [
        (_("Nom"), transmission.name, client.display_name),
        (_("Date de naissance"), payload.get("birth_date", ""), str(client.birth_date or "")),
        (_("Courriel"), payload.get("email", ""), ", ".join(client.emails)),
        (_("Téléphone"), *(", ".join(national(one, region=country) for one in given) for given in phones)),
        (_("Adresse"), place_line(transmission.place), str(places[0]) if places else ""),
        (_("Agent"), transmission.corresponding_agent.name, client.responsible.name if client.responsible else ""),
    ]  # fmt: skip
    told = [
        {"label": label, "sent": sent, "known": known, "agrees": bool(sent) and sent.lower() in known.lower()}
        for label, sent, known in rows
    ]
    return {"client": client, "rows": told, "is_seen": _is_seen(member, client)}


@require_POST
@requires_loans(Right.HEAD_OFFICE)
def transmission_load(request, number) -> HttpResponse:
    """« Charger »; of a possible duplicate « Fusionner » with the client named, or « Nouveau client »."""
    member = request.member
    transmission = transmission_of(request, number)
    decision: Client | str | None = None
    if request.POST.get("decision") == actions.NEW:
        decision = actions.NEW
    elif (key := as_id(request.POST.get("client", ""))) is not None:
        decision = next((one for one in actions.candidates_of(transmission) if one.pk == key), None)
        if decision is None:
            raise NotFound
    was_open = transmission.is_open
    done = actions.load(transmission, by=member, decision=decision)
    return see(request, at("transmission", member, number=number), toast=_told(done, was_open))


def _told(transmission: Transmission, was_open: bool) -> str:
    if not was_open:
        return str(actions.decided_already().message)
    return {
        Transmission.State.LOADED: _("Transmission chargée."),
        Transmission.State.REJECTED: _("Transmission rejetée."),
    }.get(Transmission.State(transmission.state), _("Doublon possible : décidez qui est ce client."))


@require_POST
@requires_loans(Right.HEAD_OFFICE)
def transmission_reject(request, number) -> HttpResponse:
    transmission = transmission_of(request, number)
    form = RejectForm(request.POST)
    if form.is_valid():
        try:
            actions.reject(transmission, by=request.member, reason=form.cleaned_data["reason"])
        except (Refusal, Refusals) as refused:
            add_refusal(form, refused)
        else:
            return see(request, at("transmission", request.member, number=number), toast=_("Transmission rejetée."))
    return _detail(request, transmission, form, status=422)


@require_POST
@requires_loans(Right.HEAD_OFFICE)
def load_all(request) -> HttpResponse:
    """« Charger ce qui attend »: in the order in which it came."""
    done = 0
    for one in waiting_of(request.member).order_by("pk")[:AT_ONCE]:
        done += actions.load(one, by=request.member).state == Transmission.State.LOADED
    toast = ngettext("%(n)s transmission chargée.", "%(n)s transmissions chargées.", done) % {"n": done}
    return see(request, at("head_office", request.member), toast=toast)


@requires_loans(Right.SETTINGS)
def settings(request) -> HttpResponse:
    member = request.member
    status, stale = 200, None
    if request.method == "POST":
        form = HeadOfficeSettingsForm(request.POST)
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                actions.update_enrollment_settings(
                    by=member, version=data["version"] or 0, is_automatic=data["is_automatic"]
                )
                return see(request, at("settings", member), toast=_("Réglages enregistrés."))
            except Stale as refused:
                stale, status = refused, 409
                form = HeadOfficeSettingsForm(with_version(request, refused.current.version))
    else:
        chosen = EnrollmentSettings.of(member.organization_id)
        form = HeadOfficeSettingsForm(initial={"is_automatic": chosen.is_automatic, "version": chosen.version})
    context = {"form": form, "stale": stale}
    response = render_administration(request, "enrollment/settings.html", context, status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response
