"""The lists of clients, people and business objects (one for each type): columns, relations, keyword search."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Concat
from django.db.models.lookups import (
    Contains,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IExact,
    LessThan,
    LessThanOrEqual,
    StartsWith,
)
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.clients.models import (
    Address,
    BusinessObject,
    BusinessObjectType,
    Client,
    ClientSummary,
    CreditHold,
    Person,
    seen_contract_key,
)
from entregent.clients.reach import (
    reached_clients,
    reached_objects,
    reached_people,
    within_few_clients,
    within_few_people,
)
from entregent.clients.search import marks_in_reach
from entregent.listing.custom_columns import custom_columns
from entregent.listing.lists import Column, Found, Kind, ListDefinition, Relation
from entregent.listing.words import as_counted
from entregent.organizations.models import Membership, User
from entregent.search.models import Entry
from entregent.search.models import Kind as SearchKind
from entregent.search.queries import MOST, ask, corrections, find, find_corrected
from entregent.toolbox.countries import country_names
from entregent.toolbox.text import digits, search_key

# Shorter words have no trigram.
_INDEXED = 3
_RESERVED = {"clients", "people", "interactions"}


def client_lists(member: Membership) -> list[ListDefinition]:
    types = list(BusinessObjectType.objects.filter(organization_id=member.organization_id))
    words = member.organization.term
    return [
        _clients(types, words("client"), words("clients")),
        _people(words("clients")),
        *(_objects(one, types, place, words("client")) for place, one in enumerate(types)),
    ]


def list_code(type_code: str) -> str:
    """« invoice » → « invoices », the code of the list of a type of business object."""
    return f"{type_code}s" if f"{type_code}s" not in _RESERVED else f"{type_code}-objects"


# ——— Clients ———


def _clients(types: list[BusinessObjectType], client: str, clients: str) -> ListDefinition:
    """`client` and `clients`: the organization's own words (RX-10)."""
    return ListDefinition(
        code="clients",
        label=client,
        plural=clients,
        right=Right.CLIENT_VIEW,
        records=lambda member: Client.objects.visible_to(member),
        reached=reached_clients,
        within_few=within_few_clients("id"),
        everything=lambda member: Client.objects.filter(organization_id=member.organization_id, deleted_at=None),
        columns=_client_columns,
        relations=(
            Relation("interactions", _("Interactions"), "interactions", "client", moment="occurred_at",
                     kept_last="summary__last_interaction_at", kept_count="summary__interactions",
                     kept_through=_summaries),
            Relation("people", _("Personnes-ressources"), "people", "client_people__client"),
            Relation("cases", _("Dossiers"), "cases", "client", moment="opened_at"),
            *(
                Relation(list_code(one.code), one.plural, list_code(one.code), "client", moment="dated_on",
                         moment_is_day=True)
                for one in types
            ),
        ),
        default_columns=(
            "number", "name", "city", "phone", "email", "credit_hold", "status", "sector", "responsible",
            "last_interaction_at",
        ),
        default_sort="name",
        search=lambda member, records, text: _found(SearchKind.CLIENT, member, text),
        address=lambda row, slug: reverse("workspace:client", args=[slug, row["number"]]),
        row_paths=("number", "display_name", "version", "kind", "category"),
        default_condition=["status", "is_not", Client.Status.REMOVED.value],
        position=10,
        icon="users",
        counted=lambda n: ngettext("%(n)s client", "%(n)s clients", as_counted(n)),
    )  # fmt: skip


def _summaries(member: Membership) -> QuerySet:
    return ClientSummary.objects.filter(organization_id=member.organization_id)


def _client_columns(member: Membership) -> list[Column]:
    def summed(member):
        return Q(summary__organization_id=member.organization_id)

    by_summary: dict[str, Any] = {
        "sort_id": "summary__client_id", "sort_records": summed, "is_sortable": True,
        "sort_through": _summaries,
    }  # fmt: skip
    return [
        Column("number", _("N° client"), Kind.TEXT, "number", is_sortable=True, width=110),
        Column(
            "name", member.organization.term("client"), Kind.TEXT, "display_name", is_sortable=True,
            sort_path="sort_key", width=260, asked_path="sort_key", normalize=search_key,
            operators=("contains", "not_contains", "starts", "is"),
        ),
        Column("kind", _("Nature"), Kind.CHOICE, "kind", choices=lambda member: Client.Kind.choices),
        Column("category", _("Catégorie"), Kind.TEXT, "category"),
        Column(
            "status", _("Statut"), Kind.CHOICE, "status", choices=lambda member: Client.Status.choices,
            is_in_orders=True,
        ),
        Column("sector", _("Secteur"), Kind.SECTOR, "sector__name", asked_path="sector_id", is_nullable=True),
        Column(
            "responsible", _("Agent responsable"), Kind.MEMBER, "responsible__name", asked_path="responsible_id",
            is_nullable=True,
        ),
        Column(
            "city", _("Ville"), Kind.TEXT, "summary__city", sort_path="summary__city_key", is_nullable=True,
            asked_path="summary__city_key", normalize=search_key, **by_summary,
        ),
        Column("postal_code", _("Code postal"), Kind.TEXT, "summary__postal_code", is_nullable=True, **by_summary),
        _address_part("client", "street", _("Numéro et rue"), width=200, narrowed=_clients_with_words),
        _address_part("client", "region", _("Province ou région")),
        _country("client"),
        Column(
            "phone", _("Téléphone"), Kind.TEXT, "list_phone", annotation=lambda member: KT("phones__0__number"),
            asked=phone_asked, operators=("contains", "not_contains", "empty", "not_empty"), width=140,
        ),
        Column(
            "email", _("Courriel"), Kind.TEXT, "list_email", annotation=lambda member: F("emails__0"),
            asked=email_asked, operators=("contains", "not_contains", "is", "empty", "not_empty"), width=200,
        ),
        Column("language", _("Langue"), Kind.CHOICE, "language", choices=lambda member: User.Language.choices),
        Column("birth_date", _("Date de naissance"), Kind.DATE, "birth_date", is_nullable=True),
        Column("tags", _("Étiquettes"), Kind.LIST, "tags"),
        Column(
            "credit_hold", pgettext_lazy("credit", "Blocage de crédit"), Kind.BOOLEAN, "list_credit_hold",
            annotation=lambda member: _is_held(), asked=_hold_asked, narrowed=_held_clients,
        ),
        Column(
            "last_interaction_at", _("Dernière interaction"), Kind.MOMENT, "summary__last_interaction_at",
            is_nullable=True, right=Right.INTERACTION_VIEW, **by_summary,
        ),
        Column(
            "next_follow_up_on", _("Prochain suivi"), Kind.DATE, "summary__next_follow_up_on", is_nullable=True,
            right=Right.INTERACTION_VIEW, **by_summary,
        ),
        *_object_sums(member, by_summary),
        Column("created_at", _("Créé le"), Kind.MOMENT, "created_at", is_sortable=True),
        Column("updated_at", _("Modifié le"), Kind.MOMENT, "updated_at", is_sortable=True),
        *custom_columns(member, "client"),
    ]  # fmt: skip


def _object_sums(member: Membership, by_summary: dict[str, Any]) -> list[Column]:
    """Balance and number of contracts. The summary counts every object of a client: whoever does not reach the whole
    organization has them worked out of the objects that they see, which no index puts in order."""
    balance, contracts = _("Solde"), _("Contrats")
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return [
            Column(
                "balance", balance, Kind.MONEY, "list_balance", annotation=lambda member: _amount(),
                sort_path="summary__balance_cents", asked=_balance_asked, operators=_COMPARISONS, **by_summary,
            ),
            Column("contracts", contracts, Kind.NUMBER, "summary__contracts"),
        ]  # fmt: skip
    return [
        Column(
            "balance", balance, Kind.MONEY, "list_balance", annotation=_balance_in_reach,
            asked=_asked_of(_balance_in_reach), operators=_COMPARISONS,
        ),
        Column(
            "contracts", contracts, Kind.NUMBER, "list_contracts", annotation=_contracts_in_reach,
            asked=_asked_of(_contracts_in_reach), operators=_COMPARISONS,
        ),
    ]  # fmt: skip


_COMPARISONS = ("more", "less", "at_least", "at_most", "is", "between")
_EXACTLY = DecimalField(max_digits=16, decimal_places=2)


def _balance_in_reach(member: Membership):
    """As `clients/summary.sql` works it out, of what the member sees."""
    unpaid = BusinessObject.objects.visible_to(member).filter(
        client=OuterRef("pk"), type__code="invoice", state__in=("unpaid", "overdue")
    )
    total = unpaid.order_by().values("client").annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total), Value(Decimal("0.00")), output_field=_EXACTLY)


def _contracts_in_reach(member: Membership):
    contracts = BusinessObject.objects.visible_to(member).filter(
        client=OuterRef("pk"), type__code=BusinessObjectType.CONTRACT
    )
    total = contracts.order_by().values("client").annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(total), Value(0), output_field=IntegerField())


def _asked_of(worked_out: Callable[[Membership], Any]) -> Callable[[str, Any, Membership], Q]:
    def asked(operator, value, member) -> Q:
        if operator == "between":
            return asked("at_least", value[0], member) & asked("at_most", value[1], member)
        return Q(_LOOKUPS[operator](Cast(worked_out(member), _EXACTLY), Decimal(value)))

    return asked


_LOOKUPS = {
    "more": GreaterThan, "less": LessThan, "at_least": GreaterThanOrEqual, "at_most": LessThanOrEqual, "is": Exact,
}  # fmt: skip


def _holds():
    return CreditHold.objects.filter(client=OuterRef("pk"), lifted_at__isnull=True)


def _is_held():
    """As a scalar subquery: for EXISTS the planner would rather hash every hold there is, for a page of a hundred."""
    return Coalesce(Subquery(_holds().order_by().annotate(is_held=Value(True)).values("is_held")[:1]), Value(False))


def _hold_asked(operator, value, member) -> Q:
    return Q(Exists(_holds())) if value else ~Q(Exists(_holds()))


def _held_clients(operator, value, member) -> QuerySet | None:
    holds = CreditHold.objects.filter(organization_id=member.organization_id, lifted_at__isnull=True)
    return holds.order_by().values("client") if value else None


def _amount():
    euros = Cast(F("summary__balance_cents"), DecimalField(max_digits=16, decimal_places=2))
    return ExpressionWrapper(euros / Value(Decimal(100)), output_field=DecimalField(max_digits=16, decimal_places=2))


_COMPARED = {"more": "gt", "less": "lt", "at_least": "gte", "at_most": "lte", "is": "exact"}


def _balance_asked(operator, value, member) -> Q:
    path = "summary__balance_cents"
    if operator == "between":
        return _balance_asked("at_least", value[0], member) & _balance_asked("at_most", value[1], member)
    cents = Decimal(value) * 100
    if cents != int(cents) and operator in ("more", "at_most", "less", "at_least"):
        # Between two hundredths: « at least 1.005 » is « more than 1.00 ».
        operator = {"at_least": "more", "less": "at_most"}.get(operator, operator)
        cents = cents.to_integral_value(rounding="ROUND_FLOOR")
    return Q(**{f"{path}__{_COMPARED[operator]}": int(cents)}) if cents == int(cents) else Q(pk__in=[])


def phone_asked(operator, value, member) -> Q:
    """In any writing: « 03 87 12 » is found in +3338712…; every number of the record counts."""
    if operator in ("empty", "not_empty"):
        empty = Q(phones=[])
        return empty if operator == "empty" else ~empty
    wanted = digits(value).removeprefix("00").lstrip("0")
    holds = Q(Contains(Cast(F("phones"), TextField()), wanted)) if wanted else Q(pk__in=[])
    return ~holds if operator == "not_contains" else holds


def email_asked(operator, value, member) -> Q:
    """Every address of the record counts."""
    if operator in ("empty", "not_empty"):
        empty = Q(emails=[])
        return empty if operator == "empty" else ~empty
    together = Func(F("emails"), Value(" "), function="array_to_string", output_field=TextField())
    text = Concat(Value(" "), together, Value(" "), output_field=TextField())
    holds = Q(IContains(text, f" {value} " if operator == "is" else value))
    return ~holds if operator == "not_contains" else holds


# ——— Addresses ———


def _main_address(owner: str) -> QuerySet:
    return Address.objects.filter(**{owner: OuterRef("pk")}, kind=Address.Kind.MAIN).order_by()


def _address_part(owner: str, code: str, label, **more) -> Column:
    """A part of the main address, compared without accents: « eglise » finds « 12, rue de l’Église »."""

    def asked(operator, value, member) -> Q:
        if operator in ("not_contains", "not_empty"):
            return ~asked({"not_contains": "contains", "not_empty": "empty"}[operator], value, member)
        addresses = _main_address(owner)
        if operator == "empty":
            return ~Q(Exists(addresses.exclude(**{code: ""})))
        compared = {"contains": Contains, "starts": StartsWith, "is": Exact}[operator]
        wanted, key = search_key(value), Func(F(code), function="search_key", output_field=TextField())
        return Q(Exists(addresses.filter(compared(key, wanted)))) if wanted else Q(pk__in=[])

    return Column(
        code, label, Kind.TEXT, f"list_{code}", annotation=_value_of_address(owner, code), asked=asked,
        operators=("contains", "not_contains", "starts", "is", "empty", "not_empty"), **more,
    )  # fmt: skip


def _country(owner: str) -> Column:
    def asked(operator, value, member) -> Q:
        if operator == "is_not":
            return ~asked("is", value, member)
        countries = value if operator == "in" else [value]
        return Q(Exists(_main_address(owner).filter(country__in=countries)))

    return Column(
        "country", _("Pays"), Kind.CHOICE, "list_country", annotation=_value_of_address(owner, "country"), asked=asked,
        choices=_countries, operators=("is", "is_not", "in"),
    )  # fmt: skip


def _value_of_address(owner: str, code: str) -> Callable[[Membership], Any]:
    return lambda member: Coalesce(Subquery(_main_address(owner).values(code)[:1]), Value(""))


def _countries(member: Membership) -> list[tuple[str, str]]:
    return list(country_names(get_language() or "fr").items())


def _clients_with_words(operator, value, member) -> QuerySet | None:
    """Clients in whose entry of the search the words stand; and those removed, who have none."""
    words = [word for word in search_key(value).split() if len(word) >= _INDEXED] if value else []
    if operator not in ("contains", "starts", "is") or not words:
        return None
    entries = Entry.objects.filter(organization_id=member.organization_id, kind=SearchKind.CLIENT)
    for word in words:
        entries = entries.filter(doc__contains=word)
    removed = Client.objects.filter(
        organization_id=member.organization_id, deleted_at=None, status=Client.Status.REMOVED
    )
    return entries.order_by().values("subject_id").union(removed.order_by().values("pk"), all=True)


# ——— People ———


def _people(clients: str) -> ListDefinition:
    return ListDefinition(
        code="people",
        label=_("Personne-ressource"),
        plural=_("Personnes-ressources"),
        right=Right.CLIENT_VIEW,
        records=lambda member: Person.objects.visible_to(member),
        among_few=lambda member: Person.objects.visible_to(member, among_few=True),
        reached=reached_people,
        within_few=within_few_people,
        everything=lambda member: Person.objects.filter(organization_id=member.organization_id, deleted_at=None),
        columns=_person_columns,
        relations=(
            Relation("clients", clients, "clients", "client_people__person"),
            Relation("interactions", _("Interactions"), "interactions", "person", moment="occurred_at"),
        ),
        default_columns=("name", "clients", "title", "phone", "email", "last_interaction_at"),
        default_sort="name",
        search=lambda member, records, text: _found(SearchKind.PERSON, member, text),
        address=lambda row, slug: reverse("clients:person", args=[slug, row["id"]]),
        row_paths=("file_as", "first_name", "last_name", "version"),
        position=20,
        icon="id",
        counted=lambda n: ngettext("%(n)s personne", "%(n)s personnes", as_counted(n)),
    )


def _person_columns(member: Membership) -> list[Column]:
    return [
        Column(
            "name", pgettext_lazy("person", "Nom"), Kind.TEXT, "file_as", is_sortable=True, sort_path="sort_key",
            asked_path="sort_key", normalize=search_key, operators=("contains", "not_contains", "starts", "is"),
            width=220,
        ),
        Column(
            "clients", member.organization.term("clients"), Kind.LIST, "list_clients", annotation=_clients_of_person,
            is_asked=False, width=220,
        ),
        Column("first_name", _("Prénom"), Kind.TEXT, "first_name"),
        Column("last_name", _("Nom de famille"), Kind.TEXT, "last_name"),
        Column("title", _("Fonction"), Kind.TEXT, "title"),
        Column("company", _("Société"), Kind.TEXT, "company"),
        Column(
            "phone", _("Téléphone"), Kind.TEXT, "list_phone", annotation=lambda member: KT("phones__0__number"),
            asked=phone_asked, operators=("contains", "not_contains", "empty", "not_empty"), width=140,
        ),
        Column(
            "email", _("Courriel"), Kind.TEXT, "list_email", annotation=lambda member: F("emails__0"),
            asked=email_asked, operators=("contains", "not_contains", "is", "empty", "not_empty"), width=200,
        ),
        _address_part("person", "street", _("Numéro et rue"), width=200),
        _address_part("person", "postal_code", _("Code postal")),
        _address_part("person", "city", _("Ville")),
        _country("person"),
        Column("language", _("Langue"), Kind.CHOICE, "language", choices=lambda member: User.Language.choices),
        Column("birth_date", _("Date de naissance"), Kind.DATE, "birth_date", is_nullable=True),
        Column("created_at", _("Créé le"), Kind.MOMENT, "created_at"),
        Column("updated_at", _("Modifié le"), Kind.MOMENT, "updated_at"),
        *custom_columns(member, "person"),
    ]  # fmt: skip


# ——— Business objects ———


def _objects(kind: BusinessObjectType, types: list[BusinessObjectType], place: int, client: str) -> ListDefinition:
    is_contract = kind.code == BusinessObjectType.CONTRACT
    relations = [
        Relation("clients", client, "clients", "pk", here="client_id"),
        Relation("interactions", _("Interactions du client"), "interactions", "client", here="client_id",
                 moment="occurred_at", kept_last="client__summary__last_interaction_at"),
    ]  # fmt: skip
    for other in types:
        if is_contract and other.code != kind.code:
            relations.append(
                Relation(list_code(other.code), other.plural, list_code(other.code), "contract", moment="dated_on",
                         moment_is_day=True)
            )  # fmt: skip
        elif other.code == BusinessObjectType.CONTRACT and not is_contract:
            relations.append(Relation(list_code(other.code), other.label, list_code(other.code), "pk", "contract_id"))
    return ListDefinition(
        code=list_code(kind.code),
        label=kind.label,
        plural=kind.plural,
        right=Right.CLIENT_VIEW,
        records=lambda member: BusinessObject.objects.visible_to(member).filter(type_id=kind.pk),
        reached=lambda member: reached_objects(member, kind.pk),
        within_few=within_few_clients("client_id"),
        everything=lambda member: BusinessObject.objects.filter(
            organization_id=member.organization_id, type_id=kind.pk, deleted_at=None
        ),
        columns=lambda member: _object_columns(kind, member),
        relations=tuple(relations),
        default_columns=("key", "client", "label", "state", "dated_on", "due_on", "amount"),
        default_sort="-dated_on",
        search=_found_objects,
        address=lambda row, slug: reverse("workspace:client", args=[slug, row["client__number"]]),
        row_paths=("client__number", "key"),
        position=40 + place,
        icon="file-text" if is_contract else "file-invoice",
        counted=lambda n: f"%(n)s {(kind.label if as_counted(n) == 1 else kind.plural).lower()}",
    )


def _object_columns(kind: BusinessObjectType, member: Membership) -> list[Column]:
    language = "en" if get_language() == "en" else "fr"
    states = [(state["code"], state[language]) for state in kind.states]
    columns = [
        Column("key", _("Numéro"), Kind.TEXT, "key", is_sortable=True, width=130),
        Column(
            "client", member.organization.term("client"), Kind.TEXT, "client__display_name",
            asked_path="client__sort_key", normalize=search_key, width=240,
            operators=("contains", "not_contains", "starts", "is"),
        ),
        Column("client_number", _("N° client"), Kind.TEXT, "client__number"),
        Column("label", _("Libellé"), Kind.TEXT, "label"),
        Column("state", _("État"), Kind.CHOICE, "state", choices=lambda member: states),
        Column("dated_on", _("Date"), Kind.DATE, "dated_on", is_nullable=True, is_sortable=True),
        Column("due_on", _("Échéance"), Kind.DATE, "due_on", is_nullable=True, is_sortable=True),
        Column("amount", _("Montant"), Kind.MONEY, "amount", is_nullable=True),
        Column(
            "contract", _("Contrat"), Kind.TEXT, "list_contract", annotation=seen_contract_key, asked=_contract_asked,
            operators=("contains", "not_contains", "starts", "is", "is_not", "in", "empty", "not_empty"),
        ),
        Column("sector", _("Secteur"), Kind.SECTOR, "sector__name", asked_path="sector_id", is_nullable=True),
        Column("client_sector", _("Secteur du client"), Kind.SECTOR, "client__sector__name",
               asked_path="client__sector_id", is_nullable=True),
        Column("responsible", _("Agent responsable"), Kind.MEMBER, "client__responsible__name",
               asked_path="client__responsible_id", is_nullable=True),
        Column("source_system", _("Système d’origine"), Kind.TEXT, "source_system"),
        Column("updated_at", _("Modifié le"), Kind.MOMENT, "updated_at"),
    ]  # fmt: skip
    for attribute in kind.attributes:
        columns.append(_attribute(attribute["code"], attribute[language]))
    return columns


def _contract_asked(operator, value, member) -> Q:
    """By the contracts that the member sees; an object of another one has none for them."""
    if operator in ("not_contains", "is_not", "empty"):
        positive = {"not_contains": "contains", "is_not": "is", "empty": "not_empty"}[operator]
        return ~_contract_asked(positive, value, member)
    contracts = BusinessObject.objects.visible_to(member).filter(pk=OuterRef("contract_id"))
    lookups = {"is": "iexact", "contains": "icontains", "starts": "istartswith"}
    if operator != "not_empty":
        several = value if operator == "in" else [value]
        lookup = lookups["is" if operator == "in" else operator]
        contracts = contracts.filter(reduce(or_, (Q(**{f"key__{lookup}": one}) for one in several)))
    return Q(Exists(contracts))


def _attribute(code: str, label: str) -> Column:
    def asked(operator, value, member) -> Q:
        text = KT(f"attributes__{code}")
        if operator in ("empty", "not_empty"):
            # The key may be missing, or its text be empty.
            filled = Q(attributes__has_key=code) & ~Q(**{f"attributes__{code}": ""})
            return filled if operator == "not_empty" else ~filled
        holds = Q(attributes__has_key=code) & Q((IExact if operator == "is" else IContains)(text, value))
        return holds

    return Column(
        f"attribute.{code}", label, Kind.TEXT, f"list_attribute_{code}",
        annotation=lambda member: KT(f"attributes__{code}"), asked=asked,
        operators=("contains", "is", "empty", "not_empty"),
    )  # fmt: skip


def _found_objects(member: Membership, records, text: str):
    """By the beginning of their number, in any writing, or by their client."""
    number = ask(text).number.upper()
    answers = Q(client__in=_found(SearchKind.CLIENT, member, text).ids)
    if any(character.isdigit() for character in number):
        answers |= Q(key_compact__begins=number)
    return records.filter(answers)


def _found(kind: SearchKind, member: Membership, text: str) -> Found:
    """What the index finds within reach, typing errors mended where nothing else is found."""
    question = ask(text)
    marks = marks_in_reach(member)
    found = find(kind, member.organization_id, question, marks=marks, limit=MOST)
    if not found.ids:
        corrected = corrections(member.organization_id, question)
        found = find_corrected(kind, member.organization_id, corrected, marks=marks, limit=MOST)
    return Found(found.ids, found.more, found.corrected_to)


def _clients_of_person(member: Membership):
    """Names of the clients within reach, the first five."""
    clients = Client.objects.visible_to(member).filter(client_people__person=OuterRef("pk"))
    return ArraySubquery(clients.order_by("sort_key", "id").values("display_name")[:5])
