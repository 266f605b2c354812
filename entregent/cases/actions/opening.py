"""Opening a case: by hand, from a contact, by the product; and taking that back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.mirroring import DELETED, RESTORED, mirror
from entregent.cases.actions.rules import (
    actor,
    first_sub_status,
    journal,
    locked,
    one_at_a_time,
    put_in_charge,
    refuse_second,
    today_of,
)
from entregent.cases.extension_points import CONTACT_ATTACHED, OPENED, tell, tell_all, work_enders
from entregent.cases.models import (
    Case,
    CaseAgent,
    CaseInteraction,
    CaseLogEntry,
    CaseObject,
    CaseParticipant,
    CaseType,
)
from entregent.cases.publishing import bring
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, Person
from entregent.interactions.actions import NO_CONTRACT
from entregent.interactions.actions.recording import only_active_contract
from entregent.interactions.actions.rules import clean_line, clean_notes, length_refusals, object_foreign, refuse
from entregent.interactions.models import Interaction
from entregent.interactions.templating import propose
from entregent.organizations.actions import next_numbers
from entregent.organizations.calendars import calendar_of
from entregent.organizations.idempotency import fingerprint_of, once
from entregent.organizations.models import Organization, Team, User
from entregent.toolbox.errors import Refusal, RightMissing, required

Role = CaseAgent.Role
# « Nobody », though whoever opens a case by hand is its responsible otherwise.
NOBODY: Any = object()
# How long whoever opened a case may take it back without the right to delete any.
OWN_FOR = timedelta(hours=1)
AT_ONCE = 5000


@transaction.atomic
def open_case(
    *,
    by,
    client: Client | None,
    case_type: CaseType | str | None,
    title: str = "",
    responsible: User | None = None,
    team: Team | None = None,
    contract: BusinessObject | None = None,
    participants: Iterable[Client | Person | tuple[Client | Person, str]] = (),
    agents: Iterable[User | tuple[User, str]] = (),
    objects: Iterable[BusinessObject] = (),
    priority: str = Case.Priority.NORMAL,
    due_on: date | None = None,
    is_confidential: bool | None = None,
    parent: Case | None = None,
    note: str = "",
    left_out: Iterable[tuple[str, str]] = (),
    with_template: bool = False,
    origin: str = Case.Origin.MANUAL,
    automatic_key: str = "",
    idempotency_key: str | None = None,
) -> Case:
    """Opens a case for `client`. `by` is a member, or None for the product itself.

    `case_type` is a CaseType or its path. Defaults: the type's own label as title; whoever opens it as responsible,
    unless a team is named, the product opens it or it is `NOBODY`; the client as interlocuteur; its opener as émetteur;
    the contract when the client has exactly one that runs (`NO_CONTRACT`: none); the due day by the rule of the type on
    the organization's working calendar; confidential when the type is. `note` is the first line of its timeline,
    `left_out` what a template could not attach: (what, why). `with_template` fills in what the template of the type
    proposes, as the product does when nobody is asked. With
    an idempotency key the same request makes one case; with an `automatic_key` there is one open case for it, and that
    one is given back.
    Refuses: no client, no type or one that is no longer offered, an object or contract of somebody else, a title that
    is too long, a due day before today.
    """
    organization = by.organization if by is not None else client.organization if client is not None else None
    if client is None or organization is None:
        raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
    who = actor(by, organization)
    case_type = _type(case_type, organization)
    left_out = list(left_out)
    if with_template and case_type is not None and case_type.template is not None and case_type.template.is_active:
        proposal = propose(
            case_type.template, by=by, client=client, contract=contract if contract is not NO_CONTRACT else None
        )
        participants = [*participants, *proposal.participants]
        agents, objects = [*agents, *proposal.agents], [*objects, *proposal.objects]
        title, note = title or proposal.subject, note or proposal.text
        priority = proposal.priority if priority == Case.Priority.NORMAL else priority
        left_out += proposal.told
    title, automatic_key, note = clean_line(title), clean_line(automatic_key), clean_notes(note)
    parties = _parties(client, participants)
    linked = list({one.pk: one for one in objects}.values())
    clients = {party.pk for party, _role in parties if isinstance(party, Client)}

    refusals = length_refusals(
        {
            "title": (_("Intitulé"), title, 200),
            "automatic_key": (_("Clé"), automatic_key, 120),
            "note": (_("Note"), note, 20_000),
        }
    )
    if case_type is None:
        refusals.append(required("case_type", _("Type de dossier")))
    elif not case_type.is_active and origin in (Case.Origin.MANUAL, Case.Origin.PORTAL):
        refusals.append(Refusal("E-001-CASE-TYPE", _("Ce type de dossier n'est plus proposé."), field="case_type"))
    if priority not in Case.Priority.values:
        refusals.append(required("priority", _("Priorité")))
    if due_on is not None and origin != Case.Origin.IMPORT and due_on < today_of(organization):
        refusals.append(Refusal("E-001-DUE", _("L'échéance est passée."), field="due_on"))
    refusals += [object_foreign(one) for one in linked if one.client_id not in clients]
    if contract is not None and contract is not NO_CONTRACT and contract.client_id not in clients:
        refusals.append(object_foreign(contract))
    if client.deleted_at is not None:
        refusals.append(Refusal("E-001-NO-CLIENT", _("Ce client est supprimé."), field="client"))
    refuse(refusals)
    assert case_type is not None

    if contract is None and origin != Case.Origin.IMPORT:
        contract = only_active_contract(client)
    contract = None if contract is NO_CONTRACT else contract
    if contract is not None and all(one.pk != contract.pk for one in linked):
        linked.insert(0, contract)
    if responsible is NOBODY:
        responsible = None
    elif responsible is None and team is None and by is not None and origin == Case.Origin.MANUAL:
        responsible = by.user
    if automatic_key:
        one_at_a_time(organization.pk, f"case:{automatic_key}")
        known = Case.objects.filter(organization=organization, automatic_key=automatic_key).open().first()
        if known is not None:
            return known
    with override(organization.language):
        own_title = str(case_type.label)
    now = timezone.now()

    def make() -> Case:
        case = Case(
            organization=organization,
            number=next_numbers(organization.pk, "case"),
            client=client,
            case_type=case_type,
            title=title or own_title,
            sub_status=first_sub_status(case_type, Case.State.NEW),
            priority=priority,
            opened_at=now,
            due_on=due_on or due_day(organization, case_type, now),
            responsible=responsible,
            team=team,
            origin=origin,
            is_confidential=case_type.is_confidential if is_confidential is None else is_confidential,
            contract=contract,
            parent=parent,
            automatic_key=automatic_key,
            created_by=who.user,
        )
        record(
            "open_case",
            by=who,
            client_id=None if case.is_confidential else client.pk,
            number=case.number,
            title=case.title,
            origin=str(origin),
        )
        case.save(force_insert=True)
        CaseParticipant.objects.bulk_create(
            CaseParticipant(
                organization=organization,
                case=case,
                role=role,
                **({"client": party} if isinstance(party, Client) else {"person": party}),
            )
            for party, role in parties
        )
        CaseAgent.objects.bulk_create(
            CaseAgent(organization=organization, case=case, user_id=user_id, role=role)
            for user_id, role in _agents(who, agents).items()
        )
        CaseObject.objects.bulk_create(CaseObject(organization=organization, case=case, object=one) for one in linked)
        CaseLogEntry.objects.create(
            organization=organization,
            case=case,
            kind=CaseLogEntry.Kind.OPENED,
            text=note,
            data={"origin": str(origin)} | ({"left_out": left_out} if left_out else {}),
            author=who.user,
        )
        put_in_charge(case, responsible, by=who)
        tell(OPENED, case, by)
        return case

    if not idempotency_key:
        return make()
    told = [
        client.pk, case_type.pk, title, str(due_on), str(priority), getattr(responsible, "pk", None),
        sorted((type(party).__name__, party.pk) for party, _role in parties), sorted(one.pk for one in linked),
    ]  # fmt: skip
    kept_id, _was_repeated = once(organization.pk, "open_case", idempotency_key, fingerprint_of(told), make)
    return Case.objects.select_related("client", "case_type", "organization", "responsible").get(pk=kept_id)


@dataclass(frozen=True)
class Opening:
    """A case that the product is to open for what has no more to be checked: objects of the client itself."""

    client: Client
    title: str
    automatic_key: str
    contract_id: int | None = None
    object_ids: tuple[int, ...] = ()


@transaction.atomic
def open_cases(
    openings: Sequence[Opening], *, organization: Organization, case_type: CaseType, by=None, team: Team | None = None
) -> list[Case]:
    """Opens many cases in a few statements, as the product does by itself (`by` is who asked for it, for the journal).

    Each with its key: what is open for a key already is left out, and so is whatever else opens it at this moment.
    Gives those that were opened. As `open_case` it tells what happened, and checks nothing.
    """
    if not openings:
        return []
    record("open_cases", by=by, organization_id=organization.pk, number=len(openings), title=case_type.label_fr)
    now = timezone.now()
    first = next_numbers(organization.pk, "case", len(openings))
    due_on, sub_status = due_day(organization, case_type, now), first_sub_status(case_type, Case.State.NEW)
    keys = rows_of(
        "SELECT nextval(pg_get_serial_sequence('cases_case', 'id')) FROM generate_series(1, %s)", [len(openings)]
    )
    made = {
        key: (
            Case(
                pk=key, organization=organization, number=first + place, client=one.client, case_type=case_type,
                title=one.title[:200], sub_status=sub_status, opened_at=now, due_on=due_on, team=team,
                origin=Case.Origin.AUTOMATIC, is_confidential=case_type.is_confidential, contract_id=one.contract_id,
                automatic_key=one.automatic_key[:120],
            ),
            one,
        )
        for place, ((key,), one) in enumerate(zip(keys, openings, strict=True))
    }  # fmt: skip
    Case.objects.bulk_create([case for case, _one in made.values()], batch_size=AT_ONCE, ignore_conflicts=True)
    there = set(Case.objects.filter(pk__in=list(made)).values_list("pk", flat=True))
    opened = [(case, one) for key, (case, one) in made.items() if key in there]
    CaseParticipant.objects.bulk_create(
        [CaseParticipant(organization=organization, case=case, client=one.client) for case, one in opened],
        batch_size=AT_ONCE,
    )
    CaseObject.objects.bulk_create(
        [
            CaseObject(organization=organization, case=case, object_id=key)
            for case, one in opened
            for key in dict.fromkeys((*([one.contract_id] if one.contract_id else []), *one.object_ids))
        ],
        batch_size=AT_ONCE,
    )
    CaseLogEntry.objects.bulk_create(
        [
            CaseLogEntry(
                organization=organization, case=case, kind=CaseLogEntry.Kind.OPENED,
                data={"origin": str(Case.Origin.AUTOMATIC)},
            )
            for case, _one in opened
        ],
        batch_size=AT_ONCE,
    )  # fmt: skip
    cases = [case for case, _one in opened]
    tell_all(OPENED, cases, by)
    return cases


@transaction.atomic
def open_case_from(
    interaction: Interaction, *, by, case_type: CaseType | str | None, title: str = "", idempotency_key=None, **others
) -> Case:
    """Opens a case from a contact, with all that the contact has: interlocuteurs, agents, objects, files (R001-20).

    Whoever opens it is the émetteur of the case; that of the contact takes part. The same contact may open several
    cases. Refuses a contact without a client, and whatever `open_case` refuses.
    """
    if interaction.client is None:
        raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
    organization = interaction.client.organization
    who = actor(by, organization)

    def make() -> Case:
        contracts = BusinessObject.objects.filter(
            pk__in=interaction.objects_linked.values("object_id"),
            type__code=BusinessObjectType.CONTRACT,
            client_id=interaction.client_id,
        )
        found = list(contracts[:2])
        values = {"contract": found[0] if len(found) == 1 else NO_CONTRACT, "priority": interaction.priority, **others}
        case = open_case(
            by=by,
            client=interaction.client,
            case_type=case_type,
            title=clean_line(title) or interaction.subject,
            **values,
        )
        CaseInteraction.objects.create(
            organization=organization,
            case=case,
            interaction=interaction,
            is_first=True,
            added=bring(case, interaction, user=who.user),
            attached_by=who.user,
        )
        tell(CONTACT_ATTACHED, case, by)
        return case

    if not idempotency_key:
        return make()
    path = case_type.path if isinstance(case_type, CaseType) else case_type
    told = fingerprint_of([interaction.pk, path, clean_line(title)])
    kept_id, _was_repeated = once(organization.pk, "open_case_from", idempotency_key, told, make)
    return Case.objects.select_related("client", "case_type", "organization", "responsible").get(pk=kept_id)


@transaction.atomic
def delete_case(case: Case, *, by) -> Case:
    """Takes the case away from every list; its contacts, people and objects stay, it stays in the journal and can be
    restored. What still runs on it is abandoned. Whoever may delete cases deletes any in reach, whoever opened one by
    hand may take it back within an hour."""
    journal("delete_case", case, by, title=case.title)
    current = locked(case, by=by)
    if not may_delete(current, by):
        raise RightMissing
    for end in work_enders:
        end(current, by=by, reason=_("Dossier supprimé"))
    current.deleted_at, current.deleted_by = timezone.now(), by.user
    current.version += 1
    current.save(update_fields=["deleted_at", "deleted_by", "version"])
    follow_clocks(current)
    mirror(current, DELETED)
    return current


@transaction.atomic
def restore_case(case: Case, *, by) -> Case:
    """Brings a deleted case back as it was; plans that were abandoned stay so."""
    journal("restore_case", case, by, title=case.title)
    current = locked(case, by=by, deleted=True)
    if current.deleted_by_id != by.user_id and not by.can(Right.CASE_DELETE):
        raise RightMissing
    if not current.is_closed:
        refuse_second(current)
    current.deleted_at = current.deleted_by = None
    current.version += 1
    current.save(update_fields=["deleted_at", "deleted_by", "version"])
    follow_clocks(current)
    mirror(current, RESTORED)
    return current


def may_delete(case: Case, by) -> bool:
    if by.can(Right.CASE_DELETE) and (
        by.reach.is_whole(Right.CASE_DELETE)
        or Case.objects.visible_to(by, Right.CASE_DELETE).filter(pk=case.pk).exists()
    ):
        return True
    return (
        case.created_by_id == by.user_id
        and case.origin == Case.Origin.MANUAL
        and case.created_at > timezone.now() - OWN_FOR
    )


def due_day(organization: Organization, case_type: CaseType, start) -> date | None:
    """By the rule of the type, on the organization's calendar."""
    return calendar_of(organization).due(case_type.due_rule, start).date() if case_type.due_rule else None


def _type(case_type: CaseType | str | None, organization: Organization) -> CaseType | None:
    if isinstance(case_type, str):
        return CaseType.objects.filter(organization=organization, path=case_type).first()
    return case_type


def _parties(client: Client, participants) -> list[tuple[Client | Person, str]]:
    """Who takes part, each once: the client first, always."""
    parties: dict[tuple[type, int], tuple[Client | Person, str]] = {(Client, client.pk): (client, "")}
    for one in participants:
        party, role = one if isinstance(one, tuple) else (one, "")
        parties.setdefault((type(party), party.pk), (party, clean_line(role)[:60]))
    return list(parties.values())


def _agents(who, agents) -> dict[int, str]:
    """User ids with their role: whoever opens it is émetteur, nobody stands twice."""
    roles: dict[int, str] = {who.user_id: Role.ORIGINATOR} if who.user_id is not None else {}
    for agent in agents:
        user, role = agent if isinstance(agent, tuple) else (agent, Role.PARTICIPANT)
        if role == Role.ORIGINATOR:
            role = Role.RESPONSIBLE
        roles.setdefault(user.pk, role)
    return roles
