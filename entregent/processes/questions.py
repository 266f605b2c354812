"""What people ask of plans: my work, my teams' work, what may be launched here, where a plan stands."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import BigIntegerField, BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.cases.models import Case
from entregent.clients.reach import reached_clients
from entregent.interactions.models import Interaction
from entregent.listing.lookups import as_array
from entregent.organizations.models import Membership, Team
from entregent.processes.actions.launching import is_offered, only_case
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep

# What a list of work shows, without making records of it.
COLUMNS = (
    "id", "key", "run_id", "state", "kind", "name_fr", "name_en", "assignee_id", "team_id", "ready_at", "due_at",
    "is_ad_hoc", "version", "run__definition__name_fr", "run__definition__name_en", "client__display_name",
    "client__number", "run__case__number", "run__case__title", "run__interaction__number", "assignee__name",
    "team__label_fr", "team__label_en",
)  # fmt: skip
# Of so few clients the steps are looked up and sorted; else the order is gone through, so far at most, and so far where
# the index tells what is out of reach.
_SORTED = 1_000
_NEAR = 2_000
_WAITING = 1_000
_WALKED = 200_000
_IN_ORDER = (F("due_at").asc(nulls_last=True), "id")
# As the indexes have it: a plan that is kept for all values finds them by it.
_ACTIVE = RawSQL("processes_processstep.state IN ('ready', 'failed')", (), BooleanField())


def _to_do(member: Membership) -> QuerySet[ProcessStep]:
    """What is to be done now of what the member sees: forms, and what failed; soonest due first."""
    return (
        ProcessStep.objects.visible_to(member, Right.CASE_VIEW)
        .filter(state__in=ProcessStep.ACTIVE)
        .filter(Q(kind=ProcessStep.Kind.FORM) | Q(state=ProcessStep.State.FAILED))
        .filter(run__state__in=[ProcessRun.State.RUNNING, ProcessRun.State.FAILED])
        .order_by(*_IN_ORDER)
    )


def my_steps(member: Membership) -> QuerySet[ProcessStep]:
    """Steps that are mine to do, what is late first."""
    return _to_do(member).filter(assignee_id=member.user_id)


def team_steps(member: Membership, team: Team | None = None) -> QuerySet[ProcessStep]:
    """Steps that my teams have to do (or one of them): who has taken one stands beside it."""
    teams = [team.pk] if team is not None else [one.pk for one in Team.objects.of(member)]
    return _to_do(member).filter(team_id__in=teams)


def all_steps(member: Membership) -> QuerySet[ProcessStep]:
    """All that is to be done within reach, for those who lead."""
    return _to_do(member)


def waiting_steps(member: Membership) -> QuerySet[ProcessStep]:
    """What would be to do if its plan did not wait for the client; within reach, soonest due first."""
    return (
        ProcessStep.objects.visible_to(member, Right.CASE_VIEW)
        .filter(state__in=ProcessStep.ACTIVE, kind=ProcessStep.Kind.FORM, run__state=ProcessRun.State.WAITING)
        .order_by(*_IN_ORDER)
    )


def done_steps(member: Membership, since: datetime) -> QuerySet[ProcessStep]:
    """Steps that the member has done since then, the last one first."""
    return (
        ProcessStep.objects.visible_to(member, Right.CASE_VIEW)
        .filter(state=ProcessStep.State.DONE, done_by_id=member.user_id, done_at__gte=since)
        .order_by("-done_at", "-id")
    )


@dataclass(frozen=True)
class Order:
    """The order that what is to be done stands in, whoever sees it, and how the first that somebody sees are found:
    one after the other, from their place in the index on, until there are enough (ADR 23).

    `clients` are those of a member of a small part of the organization: the index carries the client, so what is out
    of reach is passed by without being read.
    """

    organization_id: int
    steps: QuerySet[ProcessStep]
    clients: list[int] | None

    def rows(self, seen: QuerySet[ProcessStep], order: QuerySet[ProcessStep], columns: Sequence[str], size: int):
        """The first of the steps that are `seen`; `order` and they begin at the same place."""
        if self.clients is None or len(self.clients) > _SORTED:
            most = _NEAR if self.clients is None else _WALKED
            ids = self._walked(seen, order[:most], size)
            if len(ids) == size or not order.values("pk")[most : most + 1].exists():
                return _of_ids(ids, columns)
        if self.clients is not None:
            runs = ProcessRun.objects.filter(client__pk__any_of=self.clients).order_by().values_list("pk", flat=True)
            seen = seen.filter(run__pk__any_of=list(runs))
        return list(seen.values(*columns)[:size])

    def waiting(self, seen: QuerySet[ProcessStep], order: QuerySet[ProcessStep], columns: Sequence[str], size: int):
        """The first of the steps that are `seen` in plans that wait. Of few such plans they are looked up; else
        they are sought among the next ones of the order, as far as `_NEAR`."""
        waiting = ProcessRun.objects.filter(organization_id=self.organization_id, state=ProcessRun.State.WAITING)
        runs = list(waiting.order_by("pk").values_list("pk", flat=True)[: _WAITING + 1])
        if len(runs) <= _WAITING:
            return list(seen.filter(run__pk__any_of=runs).values(*columns)[:size])
        return _of_ids(self._walked(seen, order[:_NEAR], size), columns)

    def _walked(self, seen: QuerySet[ProcessStep], order: QuerySet[ProcessStep], size: int) -> list[int]:
        """Each is looked up on its own (LATERAL … OFFSET 0): no plan reads, or expects, all that is to be done."""
        one_by_one = seen.order_by().filter(pk=RawSQL("walked.id", (), BigIntegerField())).values("pk")
        try:
            walked, walked_values = order.values_list("pk", "due_at", "client_id").query.sql_with_params()
            one, one_values = one_by_one.query.sql_with_params()
        except EmptyResultSet:
            return []
        few, clients = "", []
        if self.clients is not None:
            few, clients = (
                "WHERE (walked.client_id IN (SELECT unnest(%s::bigint[]))) IS TRUE ",
                [as_array(self.clients)],
            )
        statement = (  # Of statements that Django wrote.
            f"SELECT walked.id FROM ({walked}) walked (id, due_at, client_id), LATERAL ({one} OFFSET 0) one {few}"  # noqa: S608
            "ORDER BY walked.due_at, walked.id LIMIT %s"
        )
        return [key for (key,) in rows_of(statement, [*walked_values, *one_values, *clients, size])]


def _of_ids(ids: list[int], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Of steps that were found within reach, in their order. Prepared, since it is planned longer than it runs."""
    if not ids:
        return []
    found = ProcessStep.objects.filter(pk__any_of=ids).order_by(*_IN_ORDER).values_list(*columns)
    statement, values = found.query.sql_with_params()
    return [dict(zip(columns, row, strict=True)) for row in rows_of(statement, values)]


def order_of(
    member: Membership, *, mine: bool = False, teams: Collection[Team] | None = None, only_free: bool = False
) -> Order:
    """Of the member's own steps, of those of teams, or of all."""
    steps = ProcessStep.objects.filter(_ACTIVE, organization_id=member.organization_id).order_by(*_IN_ORDER)
    if mine:
        steps = steps.filter(assignee_id=member.user_id)
    if teams is not None:
        ids = [team.pk for team in teams]
        steps = steps.filter(team_id=ids[0]) if len(ids) == 1 else steps.filter(team_id__in=ids)
    reached = None if mine else reached_clients(member, Right.CASE_VIEW, gone=True)
    clients = reached.ids if reached is not None and reached.is_all else None
    if only_free:
        steps = steps.filter(assignee=None)
    return Order(member.organization_id, steps, clients)


def offered(member: Membership, *, case: Case | None = None, interaction: Interaction | None = None):
    """The processes that the member may launch here, those that already run left out."""
    if case is not None:
        here = Case.objects.visible_to(member, Right.PROCESS_RUN).filter(pk=case.pk)
    elif interaction is not None:
        here = Interaction.objects.visible_to(member, Right.PROCESS_RUN).filter(pk=interaction.pk)
    else:
        return []
    if not here.exists():
        return []
    definitions = (
        ProcessDefinition.objects.filter(organization_id=member.organization_id, is_active=True, live__isnull=False)
        .select_related("live").defer("live__body")
    )  # fmt: skip
    if case is None and interaction is not None:
        case = only_case(interaction, member)
    runs = ProcessRun.objects.filter(state__in=ProcessRun.OPEN)
    if case is not None:
        running = set(runs.filter(case=case).values_list("definition_id", flat=True))
    else:
        running = set(runs.filter(interaction=interaction, case=None).values_list("definition_id", flat=True))
    is_closed = case is not None and case.is_closed
    return [
        definition
        for definition in definitions
        if not is_closed
        and definition.pk not in running
        and (
            (case is not None and is_offered(definition, case=case))
            or (interaction is not None and is_offered(definition, interaction=interaction))
        )
    ]


def runs_of(member: Membership, *, case: Case | None = None, interaction: Interaction | None = None):
    """The plans of a case or of an interaction that the member sees, newest first."""
    runs = ProcessRun.objects.visible_to(member, Right.CASE_VIEW).select_related("definition", "process_version")
    runs = runs.defer("process_version__body")
    of = Q()
    if case is not None:
        of |= Q(case=case)
    if interaction is not None:
        of |= Q(interaction=interaction)
    return runs.filter(of).order_by("-started_at", "-id") if of else runs.none()


def timeline(run: ProcessRun) -> list[ProcessStep]:
    """The steps of a plan from the top, with those who did them, earlier attempts before the last."""
    return list(
        run.steps.select_related("assignee", "team", "done_by").prefetch_related("comments__author", "jobs")
        .order_by("position", "attempt", "id")
    )  # fmt: skip


def name_of(row: dict[str, Any], prefix: str = "name") -> str:
    """The name in a row of COLUMNS, in the reader's language."""
    fr, en = row[f"{prefix}_fr"], row[f"{prefix}_en"]
    return (en or fr) if get_language() == "en" else (fr or en)
