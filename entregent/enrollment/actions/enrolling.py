"""« Effectif GRC »: what is transmitted to head office for the applicants of a loan application, and what is not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.enrollment.actions.applications import agents_of, check_agent, clean_place, locked, sum_up
from entregent.enrollment.actions.decision import decide, not_existing, use_update
from entregent.enrollment.models import (
    PLACE,
    AddressSource,
    Applicant,
    Enrollment,
    EnrollmentSettings,
    EnrollmentState,
    LoanApplication,
    Selection,
    Transmission,
    is_complete,
)
from entregent.organizations.actions import next_numbers
from entregent.organizations.idempotency import fingerprint_of, once
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import Refusal, Refusals, required, too_long
from entregent.toolbox.queue import ask
from entregent.toolbox.text import search_key

LONGEST_REMARKS = 2000
Operation = Transmission.Operation
LOAD = "entregent.enrollment.load_waiting"


@dataclass
class Choices:
    """What was chosen on « Effectif GRC ». `place` is what was typed under « Autre », and sent only with it."""

    applicants: Collection[int] = ()
    existing: bool = False
    selection: str = Selection.NOT_SELECTED
    address_source: str = AddressSource.APPLICANT
    place: Mapping[str, str] = field(default_factory=dict)
    agent: User | None = None
    remarks: str = ""


@dataclass
class Enrolled:
    """What a button did: the transmissions that it made; none: the choices are kept as a draft."""

    transmissions: list[Transmission]

    @property
    def is_draft(self) -> bool:
        return not self.transmissions


def matches_of(organization_id: int, values: Mapping[str, Any], *, most: int = 5) -> list[Client]:
    """The clients that a person may be already: the same name and the same e-mail address or birth date (R000-19),
    those who were removed too. The newest last."""
    key = search_key(f"{values['last_name']} {values['first_name']}")[:310]
    same = Q(pk__in=[])
    if values.get("email"):
        same |= Q(emails__icontains=values["email"])
    if values.get("birth_date"):
        same |= Q(birth_date=values["birth_date"])
    found = Client.objects.filter(
        same, organization_id=organization_id, sort_key=key, kind=Client.Kind.PERSON, deleted_at__isnull=True
    ).order_by("id")
    address = str(values.get("email") or "").lower()
    return [
        one for one in found[: most * 4]
        if (address in [email.lower() for email in one.emails] and address)
        or (values.get("birth_date") and str(one.birth_date) == str(values["birth_date"]))
    ][:most]  # fmt: skip


def client_of(applicant: Applicant) -> Client | None:
    """The client that the applicant is, as it stands: of one that is part of another, the other."""
    client = applicant.client
    while client is not None and client.merged_into_id is not None:
        client = client.merged_into
    return client if client is not None and client.deleted_at is None else None


def is_current(applicant: Applicant) -> bool:
    """Is the applicant a client by an enrolment, and not removed? Then « Clients GRC actuels » says « Oui »."""
    client = client_of(applicant)
    return client is not None and client.status != Client.Status.REMOVED


def known_client(applicant: Applicant) -> Client | None:
    """« Déjà présent »: the client that an applicant is, or the only one that they can be; never one removed."""
    client = client_of(applicant)
    if client is not None:
        return client if client.status != Client.Status.REMOVED else None
    values = {name: getattr(applicant, name) for name in ("first_name", "last_name", "email", "birth_date")}
    found = [one for one in matches_of(applicant.organization_id, values) if one.status != Client.Status.REMOVED]
    return found[0] if len(found) == 1 else None


def is_seen_whole(member: Membership) -> bool:
    """Does the member change any client of the organization?"""
    return member.reach.is_whole(Right.CLIENT_EDIT)


def are_reached(clients: Sequence[Client], member: Membership) -> bool:
    """Is there somebody, and does the member change each of them?"""
    keys = {one.pk for one in clients}
    return bool(keys) and Client.objects.visible_to(member, Right.CLIENT_EDIT).filter(pk__in=keys).count() == len(keys)


def default_agent(application: LoanApplication, member: Membership) -> User | None:
    """« Agent en correspondance » at first: oneself; for who is no agent, the application's agent of record."""
    if Membership.Function.AGENT in member.functions:
        return member.user
    agents = {one.pk: one for one in agents_of(member)}
    return agents.get(application.agent_id or 0)


def choices_of(application: LoanApplication, member: Membership) -> Choices:
    """What the page begins with: a draft as it was left, else the defaults of R000-07 to -10 and -17."""
    kept = Enrollment.objects.select_related("corresponding_agent").filter(application=application).first()
    people = list(application.applicants.select_related("client__merged_into"))
    existing = any(is_current(one) for one in people if one.is_primary)
    if kept is not None and kept.selection == Selection.NOT_SELECTED and not kept.existing:
        agents = {one.pk: one for one in agents_of(member)}
        agent = agents.get(kept.corresponding_agent_id or 0) or default_agent(application, member)
        ids = set(kept.applicant_ids) & {one.pk for one in people}
        return Choices(ids, existing, kept.selection, kept.address_source, kept.place, agent, kept.remarks)
    ticked = [one.pk for one in people if one.is_primary]
    return Choices(ticked, existing, agent=default_agent(application, member))


def enroll(
    application: LoanApplication,
    *,
    by: Membership,
    button: str,
    choices: Choices,
    is_confirmed: bool = False,
    idempotency_key: str | None = None,
) -> Enrolled:
    """Does what the button does by the decision table (R000-14): transmits for each applicant, or keeps a draft.

    A removal must be confirmed. Refuses: nobody ticked, an agent who is none, an address that is incomplete, somebody
    who waits already, who is enrolled already or is not, and an update that changes nothing.
    """
    operation = decide(choices.existing, choices.selection, button)
    print_of_it = {
        "application": application.pk, "operation": operation, "applicants": sorted(choices.applicants),
        "source": choices.address_source, "place": dict(choices.place), "remarks": choices.remarks,
        "agent": choices.agent.pk if choices.agent else None,
    }  # fmt: skip
    made: list[Transmission] = []

    def make() -> int:
        made.extend(_enroll(application, operation, choices, by=by, is_confirmed=is_confirmed))
        return made[0].pk if made else 0

    with transaction.atomic():
        first, was_repeated = once(by.organization_id, "enroll", idempotency_key, print_of_it, make)
        if was_repeated and first:
            # Those of one go were made at one moment.
            at = Transmission.objects.get(pk=first).created_at
            made.extend(Transmission.objects.filter(application=application, created_at=at).order_by("pk"))
        return Enrolled(made)


def _enroll(application, operation, choices: Choices, *, by: Membership, is_confirmed: bool) -> list[Transmission]:
    record("enroll_applicants", by=by, subject=application, number=application.number, operation=str(operation or ""))
    application = locked(application, by=by)
    people = list(application.applicants.select_related("client__merged_into").filter(pk__in=choices.applicants))
    remarks = choices.remarks.replace("\r\n", "\n").replace("\x00", "").strip()
    refusals = []
    if not people:
        refusals.append(Refusal("E-000-NO-APPLICANT", _("Sélectionnez au moins un demandeur."), field="applicants"))
    if len(remarks) > LONGEST_REMARKS:
        refusals.append(too_long("remarks", _("Remarques GRC"), LONGEST_REMARKS))
    if choices.address_source not in AddressSource.values:
        refusals.append(required("address_source", _("Adresse postale")))
    place, refused = _other_place(choices, by=by, is_sent=operation in (Operation.ADD, Operation.UPDATE))
    refusals += refused
    try:
        check_agent(choices.agent, by=by, field="agent")
        if choices.agent is None and operation is not None:
            refusals.append(required("agent", _("Agent en correspondance")))
    except Refusal as refusal:
        refusals.append(refusal)
    if operation in (Operation.ADD, Operation.UPDATE) and not refusals:
        refusals += [one for person in people if (one := _address_missing(application, person, choices, place))][:1]
    if refusals:
        raise Refusals(refusals) if len(refusals) > 1 else refusals[0]
    _keep(application, choices, people, place, remarks, by=by)
    if operation is None:
        return []
    return _transmit(application, operation, choices, people, place, remarks, by=by, is_confirmed=is_confirmed)


def _transmit(application, operation, choices, people, place, remarks, *, by, is_confirmed) -> list[Transmission]:
    _refuse_pending(people)
    wanted = []
    for person in people:
        _check_standing(person, operation, by=by)
        payload = _payload(application, person, choices, place)
        told = payload if operation != Operation.REMOVE else {}
        digest = fingerprint_of([told, choices.agent.pk])
        if operation == Operation.UPDATE and not remarks and _last_digest(person) == digest:
            continue
        wanted.append((person, payload, digest))
    if not wanted:
        raise Refusal("E-000-NO-CHANGE", _("Aucun changement à transmettre."), status=409)
    if operation == Operation.REMOVE and not is_confirmed:
        raise Refusal("E-000-CONFIRM", what_removal_does(), field="confirmed", status=409)
    first, now = next_numbers(by.organization_id, "transmission", len(wanted)), timezone.now()
    made = Transmission.objects.bulk_create(
        Transmission(
            organization_id=by.organization_id, number=first + index, application=application, applicant=person,
            operation=operation, address_source=choices.address_source, corresponding_agent=choices.agent,
            remarks=remarks, payload=payload, digest=digest, entered_by=by.user, created_at=now,
            client=client_of(person),
        )
        for index, (person, payload, digest) in enumerate(wanted)
    )  # fmt: skip
    ids = [person.pk for person, _payload_of_it, _digest in wanted]
    Applicant.objects.filter(pk__in=ids).update(enrollment_state=EnrollmentState.PENDING)
    sum_up(application)
    if EnrollmentSettings.of(by.organization_id).is_automatic:
        ask(LOAD, queue="bulk", lock=f"enrollment-{by.organization_id}", organization_id=by.organization_id)
    return made


def what_removal_does() -> str:
    return _(
        "Le client sera retiré de la GRC : il quitte les listes, les groupes et les envois. Son historique est "
        "conservé comme « retiré » et seul un administrateur peut l’effacer. La demande de prêt n’est pas modifiée."
    )


def _other_place(choices: Choices, *, by: Membership, is_sent: bool) -> tuple[dict[str, str], list[Refusal]]:
    """What was typed under « Autre »; what was typed and then given up for another choice is not kept (R000-05)."""
    if choices.address_source != AddressSource.OTHER:
        return dict.fromkeys(PLACE, ""), []
    place, refusals = clean_place(choices.place, country=by.organization.country)
    if refusals or not is_sent:
        return place, refusals
    place["country"] = place["country"] or by.organization.country
    labels = {"street": _("Numéro et rue"), "city": _("Ville"), "postal_code": _("Code postal")}
    if place["country"] in ("CA", "US"):
        labels["region"] = _("Province ou état")
    return place, [required(part, label) for part, label in labels.items() if not place[part]]


def place_for(application: LoanApplication, person: Applicant, source: str, typed: Mapping[str, str]) -> dict[str, str]:
    """The address that the choice sends for this applicant."""
    if source == AddressSource.PROPERTY:
        return application.place
    return person.place if source == AddressSource.APPLICANT else dict(typed)


def _address_missing(application, person: Applicant, choices: Choices, place) -> Refusal | None:
    if is_complete(place_for(application, person, choices.address_source, place)):
        return None
    if choices.address_source == AddressSource.PROPERTY:
        sentence = _("L'adresse de la propriété est incomplète : complétez-la ou choisissez Autre.")
    elif len(choices.applicants) > 1:
        sentence = _("L'adresse de %(name)s est incomplète : complétez-la ou choisissez Autre.")
        sentence %= {"name": person.full_name}
    else:
        sentence = _("L'adresse du demandeur est incomplète : complétez-la ou choisissez Autre.")
    return Refusal("E-000-ADDR-MISSING", sentence, field="address_source")


def _refuse_pending(people: list[Applicant]) -> None:
    waiting = Transmission.objects.open().filter(applicant__in=people).select_related("applicant").first()
    clients = [client.pk for person in people if (client := client_of(person)) is not None]
    other = Transmission.objects.open().filter(client__in=clients).exists() if clients else False
    if waiting is not None or other:
        raise Refusal("E-000-PENDING", _("Une transmission est déjà en attente."), status=409)


def _check_standing(person: Applicant, operation: str, *, by: Membership) -> None:
    """An addition is of somebody who is not enrolled; an update or a removal of somebody who is a client.

    Who does not reach all clients is not told whether somebody with this name is one: head office decides.
    """
    if operation == Operation.ADD:
        if person.is_enrolled and known_client(person) is not None:
            raise use_update()
        return
    if client_of(person) is None and not is_seen_whole(by):
        return
    if known_client(person) is None:
        values = {name: getattr(person, name) for name in ("first_name", "last_name", "email", "birth_date")}
        several = [one for one in matches_of(person.organization_id, values) if one.status != Client.Status.REMOVED]
        if client_of(person) is not None or not several:
            raise not_existing()


def _payload(application, person: Applicant, choices: Choices, place) -> dict[str, Any]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "birth_date": person.birth_date.isoformat() if person.birth_date else "",
        "email": person.email,
        "phone": person.phone,
        "address": place_for(application, person, choices.address_source, place),
    }


def _last_digest(person: Applicant) -> str:
    """Of what was loaded last for this applicant."""
    loaded = Transmission.objects.filter(applicant=person, state=Transmission.State.LOADED).order_by("-pk").first()
    return loaded.digest if loaded is not None and loaded.operation != Operation.REMOVE else ""


def _keep(application, choices: Choices, people, place, remarks: str, *, by: Membership) -> None:
    Enrollment.objects.update_or_create(
        organization_id=by.organization_id,
        application=application,
        defaults={
            "applicant_ids": sorted(person.pk for person in people),
            "existing": choices.existing,
            "selection": choices.selection,
            "address_source": choices.address_source,
            "corresponding_agent": choices.agent,
            "remarks": remarks,
            "updated_by": by.user,
            "updated_at": timezone.now(),
            **place,
        },
    )
