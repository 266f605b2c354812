"""Conditions as data: one format for views, the advanced search, exports and bulk work.

    {"all": [c, …]}   {"any": [c, …]}   {"not": c}
    ["code", "operator", value]
    {"has": "relation", "where": c, "since": "column"}     {"has_not": …}
    {"count": "relation", "where": c, "is": ["at_least", 2]}

« since »: the related record is younger than what the column of the record at hand says (« clients with an unpaid
invoice and no interaction since »). Every criterion is true or false, never unknown: what has no value answers no
comparison, and `not` turns it round. Related records are those that the member sees. Days such as « 30 days ago » are
worked out when the condition is read, in the organization's time zone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, DateField, DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _

from entregent.listing.lists import Column, Kind, ListDefinition, Relation, choices_of, lists
from entregent.listing.words import COUNTS, WITH_DAYS, WITH_SEVERAL, WITHOUT_VALUE, operators_of, told
from entregent.organizations.models import Membership, Sector
from entregent.toolbox.dates import start_of_day, today_in
from entregent.toolbox.errors import Refusal, Refusals

DEEPEST = 5
MOST = 50
LONGEST = 200
SEVERAL = 200
_DAYS_MOST = 36_500


@dataclass(frozen=True)
class Condition:
    """Data that was checked: every column, operator and value of it means something. None: no condition at all."""

    data: Any = None

    def __bool__(self):
        return self.data is not None


def check(data, definition: ListDefinition, member: Membership) -> Condition:
    """The condition that `data` stands for. Raises Refusals with a sentence for each criterion at fault."""
    if isinstance(data, Condition):
        return data
    if data in (None, "", {}, []):
        return Condition()
    reader = _Reader(member)
    cleaned = reader.read(data, definition, 1)
    if reader.refusals:
        raise Refusals(reader.refusals)
    return Condition(cleaned)


def mend(data, definition: ListDefinition, member: Membership) -> tuple[Any, list[str]]:
    """What of `data` still means something, and sentences on what does not (a field that was deleted)."""
    if data in (None, "", {}, []):
        return None, []
    reader = _Reader(member)
    cleaned = reader.read(data, definition, 1)
    return cleaned, list(dict.fromkeys(str(refusal.message) for refusal in reader.refusals))


class _Reader:
    """Reads data into its canonical form. What is at fault is left out and noted."""

    def __init__(self, member: Membership):
        self.member = member
        self.refusals: list[Refusal] = []
        self.count = 0

    def read(self, data, definition: ListDefinition, depth: int):
        if isinstance(data, list | tuple):
            return self._criterion(data, definition)
        if depth > DEEPEST:
            return self._refuse(_("Cinq niveaux de groupes au maximum."))
        if not isinstance(data, dict):
            return self._refuse(_("Un critère est illisible."))
        for word in ("all", "any"):
            if set(data) == {word} and isinstance(data[word], list):
                parts = [part for one in data[word] if (part := self.read(one, definition, depth + 1)) is not None]
                return {word: parts} if parts else None
        if set(data) == {"not"}:
            part = self.read(data["not"], definition, depth + 1)
            return None if part is None else {"not": part}
        for word in ("has", "has_not", "count"):
            if word in data:
                return self._related(word, data, definition, depth)
        return self._refuse(_("Un critère est illisible."))

    def _refuse(self, sentence: str) -> None:
        self.refusals.append(Refusal("E-CONDITION", sentence))

    def _counted(self) -> bool:
        self.count += 1
        if self.count == MOST + 1:
            self._refuse(_("%(n)d critères au maximum.") % {"n": MOST})
        return self.count <= MOST

    def _related(self, word: str, data: dict, definition: ListDefinition, depth: int):
        if not self._counted():
            return None
        relation = definition.relation(data[word]) if isinstance(data[word], str) else None
        target = lists(self.member).get(relation.target) if relation is not None else None
        if relation is None or target is None:
            return self._refuse(_("Ce lien n’existe plus : %(name)s.") % {"name": str(data[word])[:60]})
        cleaned: dict[str, Any] = {word: relation.code}
        if set(data) - {word, "where", "since", "is"}:
            return self._refuse(_("Un critère est illisible."))
        if data.get("where") not in (None, "", {}, []):
            where = self.read(data["where"], target, depth + 1)
            if where is None:
                return None  # Without its own criteria it would say something else.
            cleaned["where"] = where
        if data.get("since"):
            column = definition.column(str(data["since"]), self.member)
            is_day = column is not None and column.kind in (Kind.DATE, Kind.MOMENT) and column.annotation is None
            if column is None or not is_day or not relation.moment or word == "count":
                return self._refuse(_("Cette date n’existe plus : %(name)s.") % {"name": str(data["since"])[:60]})
            cleaned["since"] = column.code
        if word == "count":
            bound = data.get("is")
            if not (
                isinstance(bound, list)
                and len(bound) == 2
                and isinstance(bound[0], str)
                and bound[0] in COUNTS
                and _whole(bound[1], 1_000_000)
            ):
                return self._refuse(_("%(name)s : donnez un nombre.") % {"name": relation.label})
            cleaned["is"] = [bound[0], int(bound[1])]
        return cleaned

    def _criterion(self, data, definition: ListDefinition):
        if not self._counted():
            return None
        if len(data) not in (2, 3) or not all(isinstance(part, str) for part in data[:2]):
            return self._refuse(_("Un critère est illisible."))
        code, operator = data[:2]
        value = data[2] if len(data) == 3 else None
        column = definition.column(code, self.member)
        if column is None or not column.is_asked:
            return self._refuse(_("Ce champ n’existe plus : %(name)s.") % {"name": code[:60]})
        if operator not in operators_of(column):
            return self._refuse(_("%(field)s : choisissez comment comparer.") % {"field": column.label})
        if operator in WITHOUT_VALUE:
            return [code, operator]
        cleaned = self._value(column, operator, value)
        return None if cleaned is None else [code, operator, cleaned]

    def _value(self, column: Column, operator: str, value):
        if operator in WITH_DAYS:
            if not _whole(value, _DAYS_MOST):
                return self._refuse(_("%(field)s : donnez un nombre de jours.") % {"field": column.label})
            return int(value)
        if operator == "between":
            if not isinstance(value, list | tuple) or len(value) != 2:
                return self._refuse(_("%(field)s : donnez deux valeurs.") % {"field": column.label})
            both = [self._single(column, one) for one in value]
            return None if None in both else both
        if operator in WITH_SEVERAL:
            several = value if isinstance(value, list | tuple) else [value]
            if not several or len(several) > SEVERAL:
                return self._refuse(_("%(field)s : donnez une valeur.") % {"field": column.label})
            cleaned = [self._single(column, one) for one in several]
            return None if None in cleaned else cleaned
        return self._single(column, value)

    def _single(self, column: Column, value):
        if value in (None, "") or isinstance(value, dict | list):
            return self._refuse(_("%(field)s : donnez une valeur.") % {"field": column.label})
        cleaned = _CLEANERS[column.kind](value)
        told = {"field": column.label, "value": str(value)[:60]}
        if cleaned is None:
            return self._refuse(_("%(field)s : « %(value)s » ne convient pas.") % told)
        is_chosen = column.kind in (Kind.CHOICE, Kind.MEMBER, Kind.SECTOR)
        if is_chosen and str(cleaned) not in dict(choices_of(column, self.member)):
            return self._refuse(_("%(field)s : « %(value)s » n’existe plus.") % told)
        return cleaned


def _whole(value, most: int) -> bool:
    try:
        return not isinstance(value, bool) and float(value) == int(value) and 0 <= int(value) <= most
    except (TypeError, ValueError, OverflowError):
        return False


def _text(value) -> str | None:
    text = str(value).strip()
    return text if text and len(text) <= LONGEST and "\x00" not in text else None


def _number(value) -> str | None:
    text = str(value).replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return str(amount) if amount.is_finite() and abs(amount) < 10**14 and not isinstance(value, bool) else None


def _day(value) -> str | None:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return None
    return day.isoformat() if date(1000, 1, 1) <= day <= date(9990, 1, 1) else None


def _boolean(value) -> bool | None:
    return {True: True, False: False, "true": True, "false": False, "1": True, "0": False}.get(value)


_CLEANERS = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.DATE: _day,
    Kind.MOMENT: _day,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _text,
    Kind.MEMBER: _text,
    Kind.SECTOR: _text,
    Kind.LIST: _text,
}


# ——— What a condition asks of the database ———


def narrowed(
    records: QuerySet, condition, definition: ListDefinition, member: Membership, *, one_by_one: bool = False
) -> QuerySet:
    """Those of `records` that answer the condition; the list's default condition holds where it asks otherwise.

    `one_by_one`: for a statement that asks of each record in turn, of few or until a page is full.
    """
    condition = check(condition, definition, member)
    usual = definition.default_condition
    if usual is not None and usual[0] not in set(columns_of(condition.data)):
        records = records.filter(as_q(check(usual, definition, member), definition, member))
    if not condition:
        return records
    return records.filter(as_q(condition, definition, member, one_by_one=one_by_one))


def columns_of(data) -> Iterator[str]:
    """Codes of the columns of the list itself that the data names."""
    if isinstance(data, list):
        yield data[0]
    elif isinstance(data, dict):
        for word in ("all", "any"):
            for one in data.get(word, ()):
                yield from columns_of(one)
        if "not" in data:
            yield from columns_of(data["not"])


def as_q(condition, definition: ListDefinition, member: Membership, *, one_by_one: bool = False) -> Q:
    """The condition as Django asks it. `condition` is checked data."""
    data = condition.data if isinstance(condition, Condition) else condition
    if data is None:
        return Q()
    if isinstance(data, list):
        column = definition.known_column(data[0], member)
        return criterion(column, data[1], data[2] if len(data) == 3 else None, member)
    if "all" in data:
        together = Q()
        for one in data["all"]:
            together &= as_q(one, definition, member, one_by_one=one_by_one)
        return together
    if "any" in data:
        either = Q()
        for one in data["any"]:
            either |= as_q(one, definition, member, one_by_one=one_by_one)
        return either
    if "not" in data:
        return ~as_q(data["not"], definition, member, one_by_one=one_by_one)
    return _relation(data, definition, member, one_by_one)


def _relation(data: dict, definition: ListDefinition, member: Membership, one_by_one: bool) -> Q:
    word = next(word for word in ("has", "has_not", "count") if word in data)
    relation = definition.known_relation(data[word])
    target = lists(member)[relation.target]
    # What is kept tells of all related records: it answers for whoever sees all those of a record that they see.
    if data.get("where") is None and member.reach.covers(target.right, definition.right):
        kept = _kept(data, word, relation, definition, member)
        if kept is not None:
            return kept
    records = target.records(member)
    if word == "count" and not one_by_one and target.reached is not None and target.everything is not None:
        # They are counted as a set, all of them: in a small reach, those of it alone.
        reached = None if member.reach.is_whole(target.right) else target.reached(member)
        if reached is not None and reached.is_all:
            records = target.everything(member).filter(pk__any_of=reached.ids)
    if data.get("where") is not None:
        records = records.filter(as_q(data["where"], target, member, one_by_one=one_by_one))
    if word == "count":
        counted = _counted_of_one if one_by_one else _counted
        operator, n = data["is"]
        return _compared(operator, n, lambda least: counted(relation, records, least))
    records = records.filter(**{relation.link: OuterRef(relation.here)})
    if data.get("since"):
        since = definition.known_column(data["since"], member)
        records = records.filter(_since(relation, relation.moment, since, member, OuterRef))
    exists = Q(Exists(records.order_by()))
    return ~exists if word == "has_not" else exists


def _kept(data: dict, word: str, relation: Relation, definition: ListDefinition, member: Membership) -> Q | None:
    """By what is kept of all related records beside the record itself; None where that does not tell."""
    if word == "count":
        if not relation.kept_count:
            return None
        operator, n = data["is"]
        return _compared(operator, n, lambda least: Q(**{f"{relation.kept_count}__gte": least}))
    if not relation.kept_last:
        return None
    exists = Q(**{f"{relation.kept_last}__isnull": False})
    if data.get("since"):
        since = definition.known_column(data["since"], member)
        # The last one is younger: what has no moment to compare with has none since, and nothing is unknown.
        exists &= Q(**{f"{since.value_path}__isnull": False}) & _since(relation, relation.kept_last, since, member, F)
    return ~exists if word == "has_not" else exists


def _since(relation: Relation, path: str, column: Column, member: Membership, named: Callable[[str], Any]) -> Q:
    """What stands at `path` is younger than what the column says of the record at hand (`named`: how it is named)."""
    zone = Value(member.organization.time_zone)
    here: Any = named(column.value_path)
    if column.kind == Kind.MOMENT:
        if relation.moment_is_day:
            here = Func(here, zone, template="(%(expressions)s)::date", arg_joiner=" AT TIME ZONE ",
                        output_field=DateField())  # fmt: skip
        return Q(**{f"{path}__gt": here})
    if relation.moment_is_day:
        return Q(**{f"{path}__gt": here})
    # On the day itself counts: « depuis le 12 mars » begins on the 12th.
    start = Func(here, zone, template="(%(expressions)s)", arg_joiner="::timestamp AT TIME ZONE ",
                 output_field=DateTimeField())  # fmt: skip
    return Q(**{f"{path}__gte": start})


def _compared(operator: str, n: int, at_least: Callable[[int], Q]) -> Q:
    def several(least: int) -> Q:
        return ~Q(pk__in=[]) if least <= 0 else at_least(least)

    if operator == "at_least":
        return several(n)
    if operator == "at_most":
        return ~several(n + 1)
    return several(n) & ~several(n + 1)


def _counted(relation: Relation, records: QuerySet, least: int) -> Q:
    """Related records counted as a set: one pass over them, however many records are at hand."""
    grouped = records.filter(**{f"{relation.link}__isnull": False}).order_by().values(relation.link)
    several = grouped.annotate(how_many=Count("pk", distinct=True)).filter(how_many__gte=least)
    return Q(**{f"{relation.here}__in": several.values(relation.link), f"{relation.here}__isnull": False})


def _counted_of_one(relation: Relation, records: QuerySet, least: int) -> Q:
    """Is there so many a one among those of the record at hand?"""
    related = records.filter(**{relation.link: OuterRef(relation.here)}).order_by().values("pk").distinct()
    return Q(Exists(related[least - 1 : least]))


def criterion(column: Column, operator: str, value, member: Membership) -> Q:
    """One comparison, true or false for every record."""
    if column.asked is not None:
        return column.asked(operator, value, member)
    if operator in ("is_not", "not_contains", "has_not", "not_empty"):
        positive = {"is_not": "is", "not_contains": "contains", "has_not": "has", "not_empty": "empty"}[operator]
        return ~criterion(column, positive, value, member)
    path = column.compared_path
    asked = _ASKED[column.kind](path, operator, value, column, member)
    return asked & Q(**{f"{path}__isnull": False}) if column.is_nullable and operator != "empty" else asked


def _asked_text(path, operator, value, column, member) -> Q:
    if operator == "empty":
        return Q(**{path: ""}) | (Q(**{f"{path}__isnull": True}) if column.is_nullable else Q())
    if column.normalize is not None:
        value = [column.normalize(one) for one in value] if operator == "in" else column.normalize(value)
        lookups = {"is": "exact", "contains": "contains", "starts": "startswith", "in": "exact"}
    else:
        lookups = {"is": "iexact", "contains": "icontains", "starts": "istartswith", "in": "iexact"}
    either = Q()
    for one in value if operator == "in" else [value]:
        either |= Q(**{f"{path}__{lookups[operator]}": one})
    return either


_COMPARISONS = {"is": "exact", "more": "gt", "less": "lt", "at_least": "gte", "at_most": "lte"}


def _asked_number(path, operator, value, column, member) -> Q:
    if operator == "empty":
        return Q(**{f"{path}__isnull": True})
    if operator == "between":
        return Q(**{f"{path}__gte": Decimal(value[0]), f"{path}__lte": Decimal(value[1])})
    return Q(**{f"{path}__{_COMPARISONS[operator]}": Decimal(value)})


def days_between(operator: str, value, member: Membership) -> tuple[date | None, date | None]:
    """The first and the last day that a comparison of days lets in; None: open."""
    today = today_in(member.organization.time_zone)
    if operator in WITH_DAYS:
        some = timedelta(days=value)
        return {
            "days_ago_more": (None, today - some - timedelta(days=1)),
            "days_ago_less": (today - some, today),
            "in_next_days": (today, today + some),
        }[operator]
    if operator == "today":
        return today, today
    if operator == "overdue":
        return None, today - timedelta(days=1)
    if operator == "between":
        return date.fromisoformat(value[0]), date.fromisoformat(value[1])
    day = date.fromisoformat(value)
    return {
        "is": (day, day),
        "before": (None, day - timedelta(days=1)),
        "after": (day + timedelta(days=1), None),
        "at_least": (day, None),
        "at_most": (None, day),
    }[operator]


def _asked_day(path, operator, value, column, member) -> Q:
    if operator == "empty":
        return Q(**{f"{path}__isnull": True})
    first, last = days_between(operator, value, member)
    condition = Q()
    if column.kind == Kind.MOMENT:
        zone = member.organization.time_zone
        if first is not None:
            condition &= Q(**{f"{path}__gte": start_of_day(first, zone)})
        if last is not None:
            condition &= Q(**{f"{path}__lt": start_of_day(last + timedelta(days=1), zone)})
        return condition
    if first is not None:
        condition &= Q(**{f"{path}__gte": first})
    if last is not None:
        condition &= Q(**{f"{path}__lte": last})
    return condition


def _asked_boolean(path, operator, value, column, member) -> Q:
    return Q(**{path: value})


def _asked_choice(path, operator, value, column, member) -> Q:
    if operator == "empty":
        empty = Q(**{f"{path}__isnull": True}) if column.is_nullable or column.kind != Kind.CHOICE else Q()
        # What is compared by an id (a team) is never an empty text.
        is_text = column.kind == Kind.CHOICE and not path.endswith("_id")
        return empty | Q(**{path: ""}) if is_text else empty
    if operator == "me":
        return Q(**{path: member.user_id})
    if operator == "within":
        below = Sector.objects.filter(organization_id=member.organization_id, path__contains=f"/{int(value)}/")
        return Q(**{f"{path}__in": below.values("id")})
    if operator == "in":
        return Q(**{f"{path}__in": value})
    return Q(**{path: value})


def _asked_list(path, operator, value, column, member) -> Q:
    if operator == "empty":
        return Q(**{path: []})
    return Q(**{f"{path}__overlap": value}) if operator == "in" else Q(**{f"{path}__contains": [value]})


_ASKED = {
    Kind.TEXT: _asked_text,
    Kind.NUMBER: _asked_number,
    Kind.MONEY: _asked_number,
    Kind.DATE: _asked_day,
    Kind.MOMENT: _asked_day,
    Kind.BOOLEAN: _asked_boolean,
    Kind.CHOICE: _asked_choice,
    Kind.MEMBER: _asked_choice,
    Kind.SECTOR: _asked_choice,
    Kind.LIST: _asked_list,
}


# ——— What a condition says to a person ———


def sentence(condition, definition: ListDefinition, member: Membership) -> str:
    """The condition in words, in the reader's language; "" for none."""
    data = condition.data if isinstance(condition, Condition) else condition
    return "" if data is None else _told(data, definition, member, is_inner=False)


def _told(data, definition: ListDefinition, member: Membership, *, is_inner: bool = True) -> str:
    if isinstance(data, list):
        column = definition.known_column(data[0], member)
        return told(column, data[1], data[2] if len(data) == 3 else None, member)
    for word, joint in (("all", _(" et ")), ("any", _(" ou "))):
        if word in data:
            text = joint.join(_told(one, definition, member) for one in data[word])
            return f"({text})" if is_inner and len(data[word]) > 1 else text
    if "not" in data:
        return _("sauf (%(condition)s)") % {"condition": _told(data["not"], definition, member, is_inner=False)}
    word = next(word for word in ("has", "has_not", "count") if word in data)
    relation = definition.known_relation(data[word])
    if word == "count":
        counted = {"name": relation.label, "count": COUNTS[data["is"][0]], "n": data["is"][1]}
        text = _("%(name)s : %(count)s %(n)s") % counted
    else:
        templates = {"has": _("avec %(related)s"), "has_not": _("sans %(related)s")}
        text = templates[word] % {"related": str(relation.label).lower()}
    if data.get("since"):
        text = _("%(text)s depuis (%(field)s)") % {
            "text": text, "field": definition.known_column(data["since"], member).label,
        }  # fmt: skip
    if data.get("where") is not None:
        where = _told(data["where"], lists(member)[relation.target], member, is_inner=False)
        text = f"{text} ({where})"
    return text
