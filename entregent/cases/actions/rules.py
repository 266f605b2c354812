"""What several verbs check, and who is at work: a member, or the product itself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.audit.models import Change
from entregent.cases.events import ASSIGNED
from entregent.cases.models import Case, CaseAgent, CaseType
from entregent.clients.models import Client, ClientPerson, Person
from entregent.notifications.actions import notify
from entregent.organizations.models import Organization, User
from entregent.toolbox.errors import NotFound, Refusal, Stale


@dataclass(frozen=True)
class Product:
    """The product at work by itself: a plan of action, a run of dunning. It has no user."""

    organization: Organization
    user_id: None = None
    user: None = None

    @property
    def organization_id(self) -> int:
        return self.organization.pk


def actor(by, organization: Organization) -> Any:
    return by if by is not None else Product(organization)


def locked(case: Case, *, by=None, version: int | None = None, deleted: bool = False) -> Case:
    """The case as it stands, locked; NotFound when it is gone, Stale when somebody saved since `version`."""
    current = (
        Case.objects.select_for_update(of=("self",))
        .select_related("client", "case_type", "organization", "responsible", "contract", "team")
        .filter(
            pk=case.pk,
            organization_id=by.organization_id if by is not None else case.organization_id,
            deleted_at__isnull=not deleted,
        )
        .first()
    )
    if current is None:
        raise NotFound
    if version is not None and current.version != version:
        raise stale(current)
    return current


def locked_open(case: Case, *, by=None, version: int | None = None) -> Case:
    current = locked(case, by=by, version=version)
    if current.is_closed:
        raise closed()
    return current


def closed() -> Refusal:
    return Refusal("E-001-CASE-CLOSED", _("Ce dossier est clos. Rouvrez-le d'abord."), status=409)


def in_another() -> Refusal:
    return Refusal("E-001-MERGED", _("Ce dossier fait déjà partie d'un autre."), field="other", status=409)


def refuse_second(case: Case) -> None:
    """A case that is to be open again: the product may have opened another one for the same matter since."""
    if not case.automatic_key:
        return
    one_at_a_time(case.organization_id, f"case:{case.automatic_key}")
    others = Case.objects.filter(organization_id=case.organization_id, automatic_key=case.automatic_key).open()
    other = others.exclude(pk=case.pk).first()
    if other is not None:
        raise Refusal("E-001-CASE-TWICE", _("Un autre dossier est déjà ouvert pour cela."), status=409)


def of_another() -> Refusal:
    return Refusal("E-001-CASE-OTHER", _("Ce dossier concerne un autre client."), field="case")


def stale(current: Case) -> Stale:
    last = (
        Change.objects.filter(
            table_name=Case._meta.db_table,
            row_id=current.pk,
            client_id=None if current.is_confidential else current.client_id,
        )
        .order_by("-id")
        .values("user_id", "at")
        .first()
    )
    who = User.objects.filter(pk=last["user_id"] or 0).values_list("name", flat=True).first() if last else None
    at = (last["at"] if last else timezone.now()).astimezone(ZoneInfo(current.organization.time_zone))
    return Stale(who=who or _("un autre programme"), when=f"{at:%H:%M}", current=current)


def journal(name: str, case: Case, by, *, is_hidden: bool = False, **data) -> None:
    """Says in the journal what is being done. Of a confidential case nothing stands in the history of the client;
    neither where another confidential one has a part in it (`is_hidden`)."""
    record(
        name,
        by=by,
        subject=case if case.pk else None,
        client_id=None if case.is_confidential or is_hidden else case.client_id,
        number=case.number,
        **data,
    )


def today_of(organization: Organization, moment: datetime | None = None) -> date:
    return (moment or timezone.now()).astimezone(ZoneInfo(organization.time_zone)).date()


def first_sub_status(case_type: CaseType, state: str) -> str:
    offered = case_type.sub_statuses_of(state)
    return offered[0]["code"] if offered else ""


def sub_status_refusals(case_type: CaseType, state: str, sub_status: str) -> list[Refusal]:
    if not sub_status or any(one["code"] == sub_status for one in case_type.sub_statuses_of(state)):
        return []
    return [
        Refusal(
            "E-001-SUB-STATUS",
            _("Ce sous-statut n'existe pas dans cet état pour ce type de dossier."),
            field="sub_status",
        )
    ]


def clients_of(case: Case) -> set[int]:
    """The clients whose objects the case may hold: its own and those who take part (invariant 16)."""
    return {case.client_id, *case.participants.filter(client__isnull=False).values_list("client_id", flat=True)}


def may_hold(case: Case, *, client: Client | None, person: Person | None) -> bool:
    """Whether an exchange with these belongs in the case: its client, or somebody who takes part in it."""
    if client is not None:
        return client.pk == case.client_id or case.participants.filter(client=client).exists()
    if person is None:
        return False
    return (
        case.participants.filter(person=person).exists()
        or ClientPerson.objects.filter(person=person, client_id=case.client_id).exists()
    )


def put_in_charge(case: Case, user: User | None, *, by, before: User | None = None) -> None:
    """The responsible is an agent of the case, and is told that it is theirs; who was it before stays a participant."""
    if before is not None and (user is None or before.pk != user.pk):
        CaseAgent.objects.filter(case=case, user=before, role=CaseAgent.Role.RESPONSIBLE).update(
            role=CaseAgent.Role.PARTICIPANT
        )
    if user is None:
        return
    agent, is_new = CaseAgent.objects.get_or_create(
        case=case,
        user=user,
        defaults={"organization_id": case.organization_id, "role": CaseAgent.Role.RESPONSIBLE},
    )
    if not is_new and agent.role == CaseAgent.Role.PARTICIPANT:
        agent.role = CaseAgent.Role.RESPONSIBLE
        agent.save(update_fields=["role"])
    if by.user_id == user.pk:
        return
    notify(
        organization=case.organization,
        event=ASSIGNED,
        users=[user.pk],
        client_id=case.client_id,
        subject_record=case,
        url=page_of(case),
        words={"number": case.number, "title": case.title, "client": case.client.display_name},
    )


def page_of(case: Case) -> str:
    return reverse("cases:detail", kwargs={"organization": case.organization.slug, "number": case.number})


def one_at_a_time(organization_id: int, key: str) -> None:
    """Whoever asks the same thing a second time waits until the first is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, organization_id])
