"""What people ask of plans: my work, my teams' work, what may be launched here, where a plan stands."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language

from entregent.access.rights import Right
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
# Of so few clients the steps are looked up and sorted; of more the order is walked through, so far at most.
_SORTED = 1_000
_WALKED = 60_000
_IN_ORDER = (F("due_at").asc(nulls_last=True), "id")


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


@dataclass(frozen=True)
class OfFew:
    """The steps of a member of a small part of the organization: their clients, and the order that all steps stand in.

    The index of the order carries the client: what is out of reach is passed by without being read (ADR 23).
    """

    order: QuerySet[ProcessStep]
    clients: list[int]

    def first(self, steps: QuerySet[ProcessStep], order: QuerySet[ProcessStep], size: int) -> QuerySet[ProcessStep]:
        """The first of these steps; `order` is as far as they are into it."""
        if len(self.clients) <= _SORTED:
            runs = ProcessRun.objects.filter(client__pk__any_of=self.clients).order_by().values_list("pk", flat=True)
            return steps.filter(run__pk__any_of=list(runs))[:size]
        ids = self._walked(steps, order, size)
        if len(ids) < size and order.values("pk")[_WALKED : _WALKED + 1].exists():
            return steps[:size]
        return steps.filter(pk__any_of=ids)

    def _walked(self, steps: QuerySet[ProcessStep], order: QuerySet[ProcessStep], size: int) -> list[int]:
        """Each is looked up on its own (LATERAL … OFFSET 0): no plan reads all that is to be done first."""
        one_by_one = steps.order_by().filter(pk=RawSQL("walked.id", (), BigIntegerField())).values("pk")
        try:
            walked, walked_values = order.values_list("pk", "due_at", "client_id")[:_WALKED].query.sql_with_params()
            one, one_values = one_by_one.query.sql_with_params()
        except EmptyResultSet:
            return []
        with connection.cursor() as cursor:
            cursor.execute(  # Statements that Django wrote.
                f"SELECT walked.id FROM ({walked}) walked (id, due_at, client_id), LATERAL ({one} OFFSET 0) one "  # noqa: S608
                "WHERE (walked.client_id IN (SELECT unnest(%s::bigint[]))) IS TRUE "
                "ORDER BY walked.due_at, walked.id LIMIT %s",
                [*walked_values, *one_values, as_array(self.clients), size],
            )
            return [key for (key,) in cursor.fetchall()]


def of_few(member: Membership, team: Team | None = None) -> OfFew | None:
    """None for a member who reaches more than a small part."""
    clients = reached_clients(member, Right.CASE_VIEW, gone=True)
    if clients is None or not clients.is_all:
        return None
    order = ProcessStep.objects.filter(organization_id=member.organization_id, state__in=ProcessStep.ACTIVE)
    return OfFew((order if team is None else order.filter(team=team)).order_by(*_IN_ORDER), clients.ids)


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
