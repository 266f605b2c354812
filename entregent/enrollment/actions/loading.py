"""Head office: what becomes of a transmission. Loaded once, however often it is tried, whatever dies meanwhile."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.audit.models import Change
from entregent.clients import actions as clients
from entregent.clients import validation
from entregent.clients.models import Address, BusinessObjectType, Client
from entregent.enrollment.actions.applications import check_agent, sum_up
from entregent.enrollment.actions.enrolling import are_reached, client_of, is_seen_whole, matches_of
from entregent.enrollment.models import (
    Applicant,
    EnrollmentState,
    LoanApplication,
    Transmission,
    place_line,
)
from entregent.interactions.actions import log_interaction
from entregent.interactions.actions.receiving import usual_topic
from entregent.interactions.models import Interaction
from entregent.notifications.actions import notify
from entregent.notifications.choices import holders_of
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal, Refusals

Operation, State = Transmission.Operation, Transmission.State
LOAN_TYPE = "loan_application"
NEW = "new"


class _Several(Exception):
    """The client may be one of those that are there: head office decides."""


# What raises takes the whole transaction along; what is refused is kept within a savepoint of its own.
@transaction.atomic(savepoint=False)
def load(
    transmission: Transmission,
    *,
    by: Membership | None = None,
    decision: Client | str | None = None,
    author: Membership | None = None,
) -> Transmission:
    """Loads a transmission: makes the client, brings it up to date or removes it; responsible agent, remark as an
    internal note, the application among the client's business objects. One that was decided already stays as it is.

    `by` is who loads it at head office; None: the product itself. Where the client may be there already it becomes a
    possible duplicate, until `decision` says: a client (« Fusionner »), or `NEW` for another person of the same name.
    What cannot be is rejected with its reason. `author`: who sent it, where the caller has them from `author_of`.
    """
    # Of two who send the same person, the second meets the client of the first.
    one_at_a_time(transmission.organization_id)
    transmission = _locked(transmission)
    if not transmission.is_open:
        return transmission
    author = author or author_of(transmission)
    transmission.organization = transmission.application.organization = author.organization
    record(
        "load_transmission", by=by or author, subject=transmission, client_id=transmission.client_id,
        number=transmission.number, operation=str(transmission.operation),
    )  # fmt: skip
    applicant = transmission.applicant
    try:
        with transaction.atomic(), translation.override(transmission.organization.language):
            client = _carried_out(transmission, applicant, author, decision)
    except _Several:
        if transmission.state != State.POSSIBLE_DUPLICATE:
            transmission.state = State.POSSIBLE_DUPLICATE
            transmission.save(update_fields=["state"])
            _tell(transmission, "transmission_duplicate", _head_office(transmission.organization_id), by=by)
        return transmission
    except (Refusal, Refusals) as refused:
        every = refused.refusals if isinstance(refused, Refusals) else [refused]
        return _rejected(transmission, applicant, " ".join(str(one.message) for one in every), by=by)
    transmission.client, transmission.state = client, State.LOADED
    _decided(transmission, by)
    is_removal = transmission.operation == Operation.REMOVE
    applicant.client = client
    applicant.enrollment_state = EnrollmentState.REMOVED if is_removal else EnrollmentState.ENROLLED
    applicant.save(update_fields=["client", "enrollment_state"])
    if is_removal:
        # Elsewhere too: a client who is removed stands so on every application that brought them.
        others = Applicant.objects.filter(client=client, enrollment_state=EnrollmentState.ENROLLED)
        for application in locked_applications(set(others.values_list("application_id", flat=True))):
            others.filter(application=application).update(enrollment_state=EnrollmentState.REMOVED)
            sum_up(application)
    sum_up(transmission.application)
    return transmission


@transaction.atomic
def reject(transmission: Transmission, *, by: Membership, reason: str) -> Transmission:
    """« Rejeter »: nothing is loaded; who sent it is told why."""
    transmission = _locked(transmission)
    record("reject_transmission", by=by, subject=transmission, number=transmission.number)
    reason = " ".join(reason.replace("\x00", "").split())[:300]
    if not reason:
        raise Refusal("E-REQUIRED", _("%(field)s est obligatoire.") % {"field": _("Motif")}, field="reason")
    if not transmission.is_open:
        raise decided_already()
    return _rejected(transmission, transmission.applicant, reason, by=by)


def decided_already() -> Refusal:
    return Refusal("E-000-DECIDED", _("Cette transmission est déjà chargée ou rejetée."), status=409)


def candidates_of(transmission: Transmission) -> list[Client]:
    """Whom the person of a possible duplicate may be; nobody where it is known by now whom the applicant is."""
    if client_of(transmission.applicant) is not None:
        return []
    return matches_of(transmission.organization_id, transmission.payload)


def one_at_a_time(organization_id: int) -> None:
    """Until the end of the transaction nothing else is loaded in this organization."""
    rows_of("SELECT pg_advisory_xact_lock(hashtext('enrollment-load'), %s::int)", [organization_id % 2**31])


def locked_applications(keys: Collection[int]) -> list[LoanApplication]:
    """Several applications, held until the end of the transaction before their applicants are touched, as whoever
    changes one or enrols holds it. Only with `one_at_a_time`, so that no two wait for each other."""
    return list(LoanApplication.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))


def _locked(transmission: Transmission) -> Transmission:
    # Its application before its applicants: whoever enrols takes the application first.
    found = (
        Transmission.objects.select_for_update(of=("self", "application"), no_key=True)
        .select_related("organization", "application__agent", "corresponding_agent", "entered_by")
        .filter(pk=transmission.pk, organization_id=transmission.organization_id)
        .first()
    )
    if found is None:
        raise NotFound
    found.applicant = Applicant.objects.select_related("client__merged_into").get(pk=found.applicant_id)
    return found


def author_of(transmission: Transmission) -> Membership:
    """On whose behalf the client is written: who sent it, even if they have left since."""
    found = Membership.objects.select_related("user", "organization").filter(
        organization_id=transmission.organization_id, user_id=transmission.entered_by_id
    )
    return found.get()


def _carried_out(transmission: Transmission, applicant: Applicant, author: Membership, decision) -> Client:
    client = _whom(transmission, applicant, author, decision)
    if transmission.operation != Operation.REMOVE:
        check_agent(transmission.corresponding_agent, by=author)
    if transmission.operation == Operation.REMOVE:
        if client is None:
            raise Refusal("E-000-NOT-EXISTING", _("Ce client ne figure pas dans la GRC."))
        transmission.before = {"status": client.status}
        clients.remove_client(client, by=author)
        return client
    if client is not None and client.status == Client.Status.REMOVED:
        if transmission.operation == Operation.UPDATE or _removed_since(client, transmission):
            raise Refusal(
                "E-000-REMOVED", _("Ce client a été retiré de la GRC : seul un nouvel « Inclure » l’y remet.")
            )
        client = clients.reinstate_client(client, by=author)
    if client is None:
        if transmission.operation == Operation.UPDATE:
            raise Refusal("E-000-NOT-EXISTING", _("Ce client ne figure pas dans la GRC."))
        client = _made(transmission, author)
    else:
        client = _brought_up_to_date(client, transmission, author)
    _link(client, transmission, applicant, author)
    _note(client, transmission, author)
    return client


def _whom(transmission: Transmission, applicant: Applicant, author: Membership, decision) -> Client | None:
    """The client whom it is about, None for a new one; `_Several` where that is for head office to decide.

    Whom the applicant is stands above any decision, which may come after another transmission made the client. A name
    alone never changes or removes a client whom its author does not reach.
    """
    client = client_of(applicant)
    if client is not None:
        return client
    if decision == NEW:
        return None
    if isinstance(decision, Client):
        return decision
    found = candidates_of(transmission)
    if transmission.operation == Operation.ADD:
        if found:
            raise _Several
        return None
    current = [one for one in found if one.status != Client.Status.REMOVED]
    # Of somebody out of reach as of nobody: how it stands must not tell the author which it is.
    if len(current) > 1 or not (is_seen_whole(author) or are_reached(current, author)):
        raise _Several
    return current[0] if current else None


def _removed_since(client: Client, transmission: Transmission) -> bool:
    """Withdrawal wins (R000-23): was the removed client still there at any time after this was entered, so that
    somebody removed it since, through whatever door? The journal knows the order."""
    entries = Change.objects.filter(table_name="enrollment_transmission", row_id=transmission.pk, operation="I")
    entered = next(
        (one for key in (None, transmission.client_id, client.pk) if (one := entries.filter(client_id=key).first())),
        None,
    )
    after = Q(pk__gt=entered.pk) if entered is not None else Q(at__gt=transmission.created_at)
    written = Change.objects.filter(after, client_id=client.pk, table_name="clients_client", operation="U")
    return written.exclude(before__status=Client.Status.REMOVED).exists()


def _made(transmission: Transmission, author: Membership) -> Client:
    payload = transmission.payload
    place = payload["address"]
    return clients.create_client(
        by=author,
        kind=Client.Kind.PERSON,
        name=payload["last_name"],
        first_name=payload["first_name"],
        birth_date=payload["birth_date"] or None,
        emails=[payload["email"]] if payload["email"] else [],
        phones=[payload["phone"]] if payload["phone"] else [],
        responsible=transmission.corresponding_agent,
        addresses=[place | {"kind": Address.Kind.MAIN}, place | {"kind": Address.Kind.MAILING}],
        is_asked=False,
    )


def _brought_up_to_date(client: Client, transmission: Transmission, author: Membership) -> Client:
    """What the applicant gives replaces what was given the last time; what the CRM knows besides stays."""
    payload = transmission.payload
    last = (
        Transmission.objects.filter(applicant_id=transmission.applicant_id, state=State.LOADED)
        .exclude(operation=Operation.REMOVE).order_by("-pk").first()
    )  # fmt: skip
    given = last.payload if last is not None else {}
    changes: dict[str, Any] = {"responsible": transmission.corresponding_agent}
    if payload["last_name"]:
        changes |= {"name": payload["last_name"], "first_name": payload["first_name"] or client.first_name}
    if payload["birth_date"]:
        changes["birth_date"] = payload["birth_date"]
    if payload["email"]:
        replaced = {payload["email"].lower(), str(given.get("email", "")).lower()}
        others = [one for one in client.emails if one.lower() not in replaced]
        # Of three others none makes room: the internal note says which was left out.
        if len(others) < validation.MOST_EMAILS:
            changes["emails"] = [payload["email"], *others]
    if payload["phone"]:
        kept = [one for one in client.phones if one["number"] not in (payload["phone"], given.get("phone"))]
        standing = next((one["label"] for one in client.phones if one["number"] == given.get("phone")), "")
        changes["phones"] = [{"label": standing, "number": payload["phone"]}, *kept][:10]
    if client.status == Client.Status.PROSPECT:
        changes["status"] = Client.Status.CLIENT
    transmission.before = {
        "name": client.name, "first_name": client.first_name, "emails": client.emails, "phones": client.phones,
        "birth_date": client.birth_date.isoformat() if client.birth_date else "", "responsible": client.responsible_id,
        "status": client.status,
    }  # fmt: skip
    client = clients.update_client(client, by=author, version=None, **changes)
    standing = {one.kind: one for one in client.addresses.exclude(kind=Address.Kind.OTHER)}
    place, before = payload["address"], given.get("address")
    transmission.before["address"] = _place_of(standing.get(Address.Kind.MAILING))
    clients.set_address(by=author, client=client, kind=Address.Kind.MAILING, **place)
    main = standing.get(Address.Kind.MAIN)
    # Lists show the main one: it follows as long as nobody gave the client another.
    if main is None or (before and _place_of(main) == _place_of_payload(before)):
        clients.set_address(by=author, client=client, kind=Address.Kind.MAIN, **place)
    return client


def _place_of(address: Address | None) -> dict[str, str]:
    parts = ("street", "unit", "city", "region", "postal_code", "country")
    return {part: getattr(address, part) for part in parts} if address is not None else {}


def _place_of_payload(place: dict[str, str]) -> dict[str, str]:
    return {part: place.get(part, "") for part in ("street", "unit", "city", "region", "postal_code", "country")}


def _link(client: Client, transmission: Transmission, applicant: Applicant, author: Membership) -> None:
    """The application becomes a business object of the client, which interactions and dossiers can be about (X1)."""
    application = transmission.application
    number = application.number if applicant.is_primary else f"{application.number}-{applicant.position}"
    try:
        _synced(client, number, application, applicant, author)
    except Refusal as refused:
        if refused.code == "E-TYPE":
            seed_loan_type(application.organization)
        elif refused.code == "E-OBJECT-KEY":
            # An object is of one client: where the applicant is another by now, theirs stays with a number of its own.
            number = f"{application.number}-{applicant.position}-{client.number}"
        else:
            raise
        _synced(client, number, application, applicant, author)


def _synced(client: Client, key: str, application: LoanApplication, applicant: Applicant, author: Membership) -> None:
    clients.sync_business_object(
        by=author,
        client=client,
        type_code=LOAN_TYPE,
        key=key,
        label=place_line(application.place),
        state=application.status,
        dated_on=application.created_at.date(),
        attributes={
            "agent": application.agent.name if application.agent else "",
            "role": str(applicant.get_role_display()),
        },
    )


def seed_loan_type(organization) -> None:
    """The type of business object that an enrolment needs."""
    states = []
    for status in LoanApplication.Status:
        with translation.override("en"):
            english = str(status.label)
        with translation.override("fr"):
            states.append({"code": status.value, "fr": str(status.label), "en": english, "tone": "neutral"})
    BusinessObjectType.objects.bulk_create(
        [
            BusinessObjectType(
                organization=organization, code=LOAN_TYPE, label_fr="Demande de prêt", label_en="Loan application",
                plural_fr="Demandes de prêt", plural_en="Loan applications", position=15, states=states,
                attributes=[
                    {"code": "agent", "fr": "Agent au dossier", "en": "Agent of record", "type": "text"},
                    {"code": "role", "fr": "Rôle", "en": "Role", "type": "text"},
                ],
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _note(client: Client, transmission: Transmission, author: Membership) -> None:
    """« Remarques GRC » as an internal note of who wrote it (R000-11), and what of the transmission had no place."""
    notes, email = [transmission.remarks], transmission.payload.get("email", "")
    if email and email.lower() not in [one.lower() for one in client.emails]:
        sentence = _("Courriel non ajouté, le client en a déjà trois : %(email)s")
        notes.append(sentence % {"email": email})
    text = "\n\n".join(one for one in notes if one)
    if not text:
        return
    log_interaction(
        by=author,
        client=client,
        topic=usual_topic(transmission.organization),
        channel=Interaction.Channel.NOTE,
        notes=text,
        internal=True,
        subject=_("Demande de prêt %(number)s") % {"number": transmission.application.number},
        origin=Interaction.Origin.PROCESS,
        external_key=f"transmission:{transmission.pk}",
        notify=False,
    )


def _rejected(transmission: Transmission, applicant: Applicant, reason: str, *, by: Membership | None) -> Transmission:
    transmission.state, transmission.reason = State.REJECTED, reason[:300]
    _decided(transmission, by)
    applicant.enrollment_state = standing_of(applicant)
    applicant.save(update_fields=["enrollment_state"])
    sum_up(transmission.application)
    _tell(transmission, "transmission_rejected", {transmission.entered_by_id}, by=by, reason=transmission.reason)
    return transmission


def standing_of(applicant: Applicant) -> str:
    """How an applicant of whom nothing waits stands with the CRM."""
    client = client_of(applicant)
    if client is None:
        return EnrollmentState.NONE
    is_removed = client.status == Client.Status.REMOVED
    return EnrollmentState.REMOVED if is_removed else EnrollmentState.ENROLLED


def _decided(transmission: Transmission, by: Membership | None) -> None:
    transmission.decided_at = timezone.now()
    transmission.decided_by = by.user if by is not None else None
    transmission.save(update_fields=["client", "state", "reason", "before", "decided_at", "decided_by"])


def _head_office(organization_id: int) -> set[int]:
    """Who may decide."""
    return set(holders_of(organization_id, Right.HEAD_OFFICE))


def _tell(transmission: Transmission, event: str, users: set[int], *, by: Membership | None, **words: str) -> None:
    organization = transmission.organization
    if not organization.has_module(Module.MORTGAGE):
        return
    if event == "transmission_duplicate":
        address = reverse("enrollment:transmission", args=[organization.slug, transmission.number])
    else:
        address = reverse("enrollment:enroll", args=[organization.slug, transmission.application.number])
    notify(
        organization=organization,
        event=event,
        users=users,
        subject_record=transmission,
        url=address,
        words={"name": transmission.name, "application": transmission.application.number, **words},
        by=by,
    )
