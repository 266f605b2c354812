"""The list of cases: columns, filters, views, exports, and its relations to and from clients and interactions."""

from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.cases.models import Case, CaseType, State
from entregent.cases.search import search_cases, sees_cases
from entregent.clients.models import seen_contract_key
from entregent.clients.reach import MOST, reached_clients, within_few_clients
from entregent.listing.lists import Column, Kind, ListDefinition, Reached, Relation
from entregent.listing.words import as_counted
from entregent.organizations.models import Membership, Team
from entregent.toolbox.dates import today_in
from entregent.toolbox.text import search_key


def case_lists(member: Membership) -> list[ListDefinition]:
    if not sees_cases(member):
        return []
    return [
        ListDefinition(
            code="cases",
            label=_("Dossier"),
            plural=_("Dossiers"),
            right=Right.CASE_VIEW,
            records=lambda member: Case.objects.visible_to(member),
            reached=_reached,
            within_few=within_few_clients("client_id", Right.CASE_VIEW, gone=True),
            everything=lambda member: Case.objects.filter(organization_id=member.organization_id, deleted_at=None),
            columns=_columns,
            relations=(
                Relation("clients", member.organization.term("client"), "clients", "pk", here="client_id"),
                Relation("interactions", _("Interactions du dossier"), "interactions", "in_cases__case",
                         moment="occurred_at"),
            ),
            default_columns=(
                "number", "title", "client", "case_type", "state", "sub_status", "priority", "due_on", "responsible",
                "team", "opened_at",
            ),
            default_sort="-opened_at",
            search=search_cases,
            address=lambda row, slug: reverse("cases:detail", args=[slug, row["number"]]),
            row_paths=("number", "client__number", "case_type_id", "closed_at"),
            position=25,
            icon="folder",
            counted=lambda n: ngettext("%(n)s dossier", "%(n)s dossiers", as_counted(n)),
        )
    ]  # fmt: skip


def _reached(member: Membership) -> Reached | None:
    """Those of clients in reach, of deleted ones too; without the confidential ones that the member does not see."""
    clients = reached_clients(member, Right.CASE_VIEW, gone=True)
    if clients is None:
        return None
    records = Case.objects.filter(organization_id=member.organization_id, deleted_at=None).order_by()
    near = list(records.filter(client__pk__any_of=clients.ids).values_list("pk", "is_confidential")[: MOST + 1])
    # Who reaches a client sees its cases; which of the confidential ones, these alone are asked.
    seen = Case.objects.visible_to(member).filter(pk__any_of=[key for key, is_hidden in near if is_hidden]).order_by()
    ids = [*(key for key, is_hidden in near if not is_hidden), *seen.values_list("pk", flat=True)]
    return Reached(ids, clients.is_all and len(near) <= MOST)


def _columns(member: Membership) -> list[Column]:
    label = "label_en" if get_language() == "en" else "label_fr"
    names: dict[str, Any] = {
        "normalize": search_key, "operators": ("contains", "not_contains", "starts", "is"), "is_nullable": True,
    }  # fmt: skip
    return [
        Column("number", _("N°"), Kind.NUMBER, "number", width=80),
        Column("title", _("Intitulé"), Kind.TEXT, "title", width=240),
        Column("client", member.organization.term("client"), Kind.TEXT, "client__display_name",
               asked_path="client__sort_key", width=200, **names),
        Column("client_number", _("N° client"), Kind.TEXT, "client__number"),
        Column("case_type", _("Type de dossier"), Kind.CHOICE, f"case_type__{label}", choices=type_choices,
               asked=_type_asked, operators=("is", "is_not", "in"), width=170, is_in_orders=True),
        Column("state", _("État"), Kind.CHOICE, "state", choices=lambda member: State.choices, is_in_orders=True),
        Column("is_open", _("Ouvert"), Kind.BOOLEAN, "list_is_open", annotation=lambda member: _as_value(_is_open()),
               asked=lambda operator, value, member: _is_open() if value else ~_is_open(), is_in_orders=True),
        Column("sub_status", _("Sous-statut"), Kind.CHOICE, "sub_status", choices=sub_status_choices),
        Column("priority", _("Priorité"), Kind.CHOICE, "priority", choices=lambda member: Case.Priority.choices),
        Column("due_on", _("Échéance"), Kind.DATE, "due_on", is_nullable=True, is_sortable=True, is_in_orders=True),
        Column("late", _("En retard"), Kind.BOOLEAN, "list_late", annotation=lambda member: _as_value(_late(member)),
               asked=lambda operator, value, member: _late(member) if value else ~_late(member), is_in_orders=True),
        Column("sla_due_at", _("Échéance SLA"), Kind.MOMENT, "sla_due_at", is_nullable=True, is_sortable=True,
               width=130, is_in_orders=True),
        Column("sla_late", _("SLA en retard"), Kind.BOOLEAN, "list_sla_late",
               annotation=lambda member: _as_value(_sla_late()),
               asked=lambda operator, value, member: _sla_late() if value else ~_sla_late(), is_in_orders=True),
        Column("responsible", _("Responsable"), Kind.MEMBER, "responsible__name", asked_path="responsible_id",
               is_nullable=True, width=150, is_in_orders=True),
        Column("team", _("Équipe"), Kind.CHOICE, f"team__{label}", choices=team_choices, asked_path="team_id",
               is_nullable=True, is_in_orders=True),
        Column("opened_at", _("Ouvert le"), Kind.MOMENT, "opened_at", is_sortable=True, width=130),
        Column("closed_at", _("Clos le"), Kind.MOMENT, "closed_at", is_nullable=True),
        Column("closing_reason", _("Motif de clôture"), Kind.TEXT, "closing_reason"),
        Column("origin", _("Origine"), Kind.CHOICE, "origin", choices=lambda member: Case.Origin.choices),
        # Of a contract in reach.
        Column("contract", _("Contrat"), Kind.TEXT, "list_contract", is_asked=False,
               annotation=lambda member: seen_contract_key(member)),
        Column("is_confidential", _("Confidentiel"), Kind.BOOLEAN, "is_confidential"),
        Column("external_ref", _("N° d’affaire"), Kind.TEXT, "external_ref"),
        Column("external_state", _("Affaire"), Kind.CHOICE, "external_state",
               choices=lambda member: Case.ExternalState.choices),
        Column("client_sector", _("Secteur du client"), Kind.SECTOR, "client__sector__name",
               asked_path="client__sector_id", is_nullable=True),
    ]  # fmt: skip


@recalled
def _types(member, organization_id: int):
    return CaseType.objects.filter(organization_id=organization_id).order_by("position", "id")


def types_of(member: Membership) -> dict[int, CaseType]:
    """Every type of the organization by id, asked once per request; parents before what stands below them."""
    known = member.__dict__.get("_case_types")
    if known is None:
        known = member.__dict__["_case_types"] = in_tree(_types(None, member.organization_id))
    return known


def in_tree(types: list[CaseType]) -> dict[int, CaseType]:
    """Types in the order of the tree: each followed by those below it."""
    below: dict[int | None, list[CaseType]] = {}
    for one in types:
        below.setdefault(one.parent_id, []).append(one)
    ordered: dict[int, CaseType] = {}

    def walk(parent_id: int | None) -> None:
        for one in below.get(parent_id, []):
            ordered[one.pk] = one
            walk(one.pk)

    walk(None)
    return ordered


def full_label(case_type: CaseType, types: dict[int, CaseType]) -> str:
    """« Réclamation › Facture »."""
    parts: list[str] = []
    one: CaseType | None = case_type
    while one is not None and len(parts) < 10:
        parts.append(one.label)
        one = types.get(one.parent_id or 0)
    return " › ".join(reversed(parts))


def type_choices(member: Membership) -> list[tuple[str, str]]:
    types = types_of(member)
    return [(str(key), full_label(one, types)) for key, one in types.items()]


def sub_status_choices(member: Membership) -> list[tuple[str, str]]:
    language = "en" if get_language() == "en" else "fr"
    found: dict[str, str] = {}
    for one in types_of(member).values():
        for status in one.sub_statuses:
            found.setdefault(status["code"], status.get(language) or status["fr"])
    return list(found.items())


def team_choices(member: Membership) -> list[tuple[str, str]]:
    teams = Team.objects.filter(organization_id=member.organization_id)
    return [(str(team.pk), team.label) for team in teams]


def _type_asked(operator, value, member) -> Q:
    """A type stands for itself and for those below it."""
    types = types_of(member)
    wanted = {int(one) for one in (value if operator == "in" else [value])}
    paths = [types[key].path for key in wanted if key in types]
    ids = [key for key, one in types.items() if any(f"{one.path}/".startswith(f"{path}/") for path in paths)]
    asked = Q(case_type_id__in=ids)
    return ~asked if operator == "is_not" else asked


def _as_value(condition: Q):
    return ExpressionWrapper(condition, output_field=BooleanField())


def _is_open() -> Q:
    return Q(closed_at__isnull=True)


def _sla_late() -> Q:
    return _is_open() & Q(sla_due_at__isnull=False, sla_due_at__lt=timezone.now())


def _late(member: Membership) -> Q:
    return _is_open() & Q(due_on__isnull=False, due_on__lt=today_in(member.organization.time_zone))
