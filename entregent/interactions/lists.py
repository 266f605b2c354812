"""The list of interactions, and what interactions add to the lists of areas below."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.postgres.aggregates import BoolAnd
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.clients.reach import MOST, reached_clients, reached_people, within_few_clients
from entregent.interactions.models import Interaction, InteractionEntry, PublishedEntry, Topic
from entregent.interactions.search import search_interactions
from entregent.listing.conditions import days_between
from entregent.listing.custom_columns import custom_columns
from entregent.listing.lists import Column, Kind, ListDefinition, Reached, Relation
from entregent.listing.words import as_counted
from entregent.organizations.models import Membership
from entregent.toolbox.dates import start_of_day, today_in
from entregent.toolbox.text import search_key


def interaction_lists(member: Membership) -> list[ListDefinition]:
    return [
        ListDefinition(
            code="interactions",
            label=_("Interaction"),
            plural=_("Interactions"),
            right=Right.INTERACTION_VIEW,
            records=lambda member: Interaction.objects.visible_to(member),
            reached=_reached,
            within_few=within_few_clients("client_id", Right.INTERACTION_VIEW, gone=True),
            everything=lambda member: Interaction.objects.filter(
                organization_id=member.organization_id, deleted_at=None
            ),
            columns=_columns,
            relations=(
                Relation("clients", member.organization.term("client"), "clients", "pk", here="client_id"),
                Relation("people", _("Personne-ressource"), "people", "pk", here="person_id"),
                Relation("cases", _("Dossiers"), "cases", "contacts__interaction", moment="opened_at"),
            ),
            default_columns=(
                "occurred_at", "channel", "direction", "client", "person", "subject", "topic", "agent", "follow_up_on",
                "internal", "status",
            ),
            default_sort="-occurred_at",
            search=search_interactions,
            address=lambda row, slug: reverse("interactions:detail", args=[slug, row["number"]]),
            row_paths=("number", "client__number", "person_id", "channel", "version"),
            position=30,
            icon="message-2",
            counted=lambda n: ngettext("%(n)s interaction", "%(n)s interactions", as_counted(n)),
        )
    ]  # fmt: skip


def _reached(member: Membership) -> Reached | None:
    """Those of clients in reach, of deleted ones too, and of people in reach where there is no client."""
    clients = reached_clients(member, Right.INTERACTION_VIEW, gone=True)
    if clients is None:
        return None
    records = Interaction.objects.filter(organization_id=member.organization_id, deleted_at=None).order_by()
    ids = list(records.filter(client__pk__any_of=clients.ids).values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        return Reached(ids, False)
    people = reached_people(member)
    if people is None:
        return None
    alone = records.filter(client=None, person__pk__any_of=people.ids).values_list("pk", flat=True)[: MOST + 1]
    ids += alone
    return Reached(ids, clients.is_all and people.is_all and len(ids) <= MOST)


def _columns(member: Membership) -> list[Column]:
    topic = "topic__label_en" if get_language() == "en" else "topic__label_fr"
    operators = ("contains", "not_contains", "starts", "is")
    names: dict[str, Any] = {"normalize": search_key, "operators": operators, "is_nullable": True}
    return [
        Column("number", _("N°"), Kind.NUMBER, "number", is_sortable=True, width=80),
        Column("occurred_at", _("Date"), Kind.MOMENT, "occurred_at", is_sortable=True, width=130),
        Column("channel", _("Type"), Kind.CHOICE, "channel", choices=lambda member: Interaction.Channel.choices),
        Column("direction", _("Sens"), Kind.CHOICE, "direction", choices=lambda member: Interaction.Direction.choices),
        Column("client", member.organization.term("client"), Kind.TEXT, "client__display_name",
               asked_path="client__sort_key", width=200, **names),
        Column("client_number", _("N° client"), Kind.TEXT, "client__number", is_nullable=True),
        Column("person", _("Personne"), Kind.TEXT, "list_person", annotation=lambda member: _person_name(),
               asked_path="person__sort_key", width=160, **names),
        Column("contact_name", _("Nom du contact"), Kind.TEXT, "contact_name"),
        Column("subject", _("Objet"), Kind.TEXT, "subject", width=240),
        Column("topic", _("Rubrique"), Kind.CHOICE, topic, choices=_topics, asked_path="topic_id"),
        Column("agent", _("Agent"), Kind.MEMBER, "created_by__name", asked_path="created_by_id", is_nullable=True),
        # The name under which the first entry stands: a sort key of lists and of what is exported (R003-15).
        Column("entry_name", _("Nom entrée"), Kind.TEXT, "list_entry_name", annotation=lambda member: _entry_name(),
               is_sortable=True, sort_path="entry_sort_key", asked_path="entry_sort_key", normalize=search_key,
               operators=operators, width=150),
        Column("follow_up_on", _("Suivi"), Kind.DATE, "follow_up_on", is_nullable=True, is_sortable=True),
        Column("follow_up_owner", _("Responsable du suivi"), Kind.MEMBER, "follow_up_owner__name",
               asked_path="follow_up_owner_id", is_nullable=True),
        Column("follow_up_open", _("Suivi à faire"), Kind.BOOLEAN, "list_follow_up_open",
               annotation=lambda member: _as_value(_to_follow_up()), asked=_open_asked),
        Column("follow_up_late", _("Suivi en retard"), Kind.BOOLEAN, "list_follow_up_late",
               annotation=lambda member: _as_value(_late(member)), asked=_late_asked),
        Column("internal", _("Interne"), Kind.BOOLEAN, "list_internal",
               annotation=lambda member: _internal_value(), asked=_internal_asked),
        Column("published", _("Communiquée au client"), Kind.BOOLEAN, "list_published",
               annotation=lambda member: _published_value(), asked=_published_asked),
        Column("status", _("Statut"), Kind.CHOICE, "status", choices=lambda member: Interaction.Status.choices),
        Column("priority", _("Priorité"), Kind.CHOICE, "priority", choices=lambda member: Interaction.Priority.choices),
        Column("due_on", _("Échéance"), Kind.DATE, "due_on", is_nullable=True),
        Column("reference", _("Référence"), Kind.TEXT, "reference"),
        Column("origin", _("Origine"), Kind.CHOICE, "origin", choices=lambda member: Interaction.Origin.choices),
        Column("client_sector", _("Secteur du client"), Kind.SECTOR, "client__sector__name",
               asked_path="client__sector_id", is_nullable=True),
        Column("created_at", _("Créé le"), Kind.MOMENT, "created_at"),
        *custom_columns(member, "interaction"),
    ]  # fmt: skip


def _topics(member: Membership) -> list[tuple[str, str]]:
    return [(str(one.pk), one.label) for one in Topic.objects.filter(organization_id=member.organization_id)]


def _person_name():
    full = Trim(Concat(F("person__first_name"), Value(" "), F("person__last_name")))
    return Coalesce(NullIf(full, Value("")), F("person__file_as"))


def _as_value(condition: Q):
    return ExpressionWrapper(condition, output_field=BooleanField())


def _to_follow_up() -> Q:
    return Q(follow_up_on__isnull=False, follow_up_done_at__isnull=True)


def _open_asked(operator, value, member) -> Q:
    return _to_follow_up() if value else ~_to_follow_up()


def _late(member: Membership) -> Q:
    return _to_follow_up() & Q(follow_up_on__lt=today_in(member.organization.time_zone))


def _late_asked(operator, value, member) -> Q:
    return _late(member) if value else ~_late(member)


def _is_internal() -> Q:
    """Nothing of it is ever communicated to the client: it has entries, and all are internal."""
    entries = InteractionEntry.objects.filter(interaction=OuterRef("pk"))
    return Q(Exists(entries)) & ~Q(Exists(entries.filter(internal=False)))


def _internal_value():
    """As a scalar subquery: for EXISTS the planner would rather hash every entry there is, for a page of a hundred."""
    entries = InteractionEntry.objects.filter(interaction=OuterRef("pk")).order_by().values("interaction")
    return Coalesce(Subquery(entries.annotate(all_internal=BoolAnd("internal")).values("all_internal")), Value(False))


def _internal_asked(operator, value, member) -> Q:
    return _is_internal() if value else ~_is_internal()


def _entry_name():
    first = InteractionEntry.objects.filter(interaction=OuterRef("pk"), seq=1).order_by()
    return Coalesce(Subquery(first.values("entry_name")[:1]), Value(""))


def _published():
    return PublishedEntry.objects.filter(interaction_id=OuterRef("pk"), organization_id=OuterRef("organization_id"))


def _published_value():
    """As a scalar subquery, like `_internal_value`."""
    found = _published().order_by().annotate(yes=Value(True)).values("yes")[:1]
    return Coalesce(Subquery(found), Value(False))


def _published_asked(operator, value, member) -> Q:
    return Q(Exists(_published())) if value else ~Q(Exists(_published()))


def further_columns(code: str, member: Membership) -> list[Column]:
    """Of people: when one last spoke with them. Of clients, for whoever sees more clients than interactions: worked
    out of the interactions that they see, in the place of what the summary says of all."""
    if code == "clients" and not member.reach.covers(Right.INTERACTION_VIEW, Right.CLIENT_VIEW):
        return [
            Column(
                "last_interaction_at", _("Dernière interaction"), Kind.MOMENT, "list_last_interaction_at",
                annotation=_last_of_client, asked=_of_days(_last_of_client, Kind.MOMENT), right=Right.INTERACTION_VIEW,
                is_nullable=True,
            ),
            Column(
                "next_follow_up_on", _("Prochain suivi"), Kind.DATE, "list_next_follow_up_on",
                annotation=_next_of_client, asked=_of_days(_next_of_client, Kind.DATE), right=Right.INTERACTION_VIEW,
                is_nullable=True,
            ),
        ]  # fmt: skip
    if code != "people":
        return []
    return [
        Column(
            "last_interaction_at", _("Dernière interaction"), Kind.MOMENT, "list_last_interaction_at",
            annotation=_last_of_person, is_asked=False, right=Right.INTERACTION_VIEW,
        )
    ]  # fmt: skip


def _last_of_person(member: Membership):
    seen = Interaction.objects.visible_to(member).filter(person=OuterRef("pk"))
    return Subquery(seen.order_by("-occurred_at").values("occurred_at")[:1])


def _last_of_client(member: Membership):
    seen = Interaction.objects.visible_to(member).filter(client=OuterRef("pk"))
    return Subquery(seen.order_by("-occurred_at").values("occurred_at")[:1])


def _next_of_client(member: Membership):
    seen = Interaction.objects.visible_to(member).to_follow_up().filter(client=OuterRef("pk"))
    return Subquery(seen.order_by("follow_up_on").values("follow_up_on")[:1])


def _of_days(worked_out: Callable[[Membership], Any], kind: Kind) -> Callable[[str, Any, Membership], Q]:
    """Comparisons of days, of what is worked out."""

    def asked(operator, value, member) -> Q:
        found = worked_out(member)
        if operator in ("empty", "not_empty"):
            return Q(IsNull(found, operator == "empty"))
        first, last = days_between(operator, value, member)
        within: list[Any] = [IsNull(found, False)]
        zone = member.organization.time_zone
        if first is not None:
            within.append(GreaterThanOrEqual(found, start_of_day(first, zone) if kind == Kind.MOMENT else first))
        if last is not None and kind == Kind.MOMENT:
            within.append(LessThan(found, start_of_day(last + timedelta(days=1), zone)))
        elif last is not None:
            within.append(LessThanOrEqual(found, last))
        return Q(*within)

    return asked
