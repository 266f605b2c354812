"""When an organization works: its calendar, set by its administrators."""

from datetime import date, time
from functools import lru_cache

from babel.dates import format_date, get_day_names
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.organizations.journal import COLUMN_WORDS, Line, stale
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import Refusal, Refusals, too_long
from entregent.toolbox.text import one_line
from entregent.toolbox.working_time import HOLIDAYS, WorkingCalendar

MOST_DAYS_OFF = 400
MOST_NAME = 60


def calendar_of(organization: Organization) -> WorkingCalendar:
    """The calendar on which the deadlines of `organization` are counted."""
    hours = None
    if organization.opens_at is not None and organization.closes_at is not None:
        hours = (organization.opens_at, organization.closes_at)
    return _calendar(
        frozenset(organization.work_days) or frozenset(range(5)),
        hours,
        organization.holidays if organization.holidays in HOLIDAYS else "",
        frozenset(str(one["on"]) for one in organization.days_off),
        organization.time_zone,
    )


@lru_cache(maxsize=256)
def _calendar(weekdays: frozenset[int], hours: tuple[time, time] | None, code: str, off: frozenset[str], zone: str):
    return WorkingCalendar(weekdays, hours, code, frozenset(date.fromisoformat(day) for day in off), zone)


def usual_holidays(country: str, time_zone: str) -> str:
    """The public holidays with which an organization of this country begins."""
    if country == "CA":
        return "QC" if time_zone in ("America/Montreal", "America/Toronto") else "CA-FED"
    return country if country in HOLIDAYS else ""


@transaction.atomic
def set_calendar(
    organization: Organization, *, by: Membership, version: int, work_days, holidays: str, opens_at: time | None = None,
    closes_at: time | None = None, days_off=(),
) -> Organization:  # fmt: skip
    """Other working days, hours, holidays and days off. `days_off`: (day, name). What is due already stays so."""
    record("set_calendar", by=by, subject=organization)
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if locked.version != version:
        raise stale(locked, organization=locked)
    kept = {day: one_line(name or "") for day, name in days_off}
    values = {
        "work_days": sorted({int(day) for day in work_days}),
        "opens_at": opens_at,
        "closes_at": closes_at,
        "holidays": holidays,
        "days_off": [{"on": day.isoformat(), "name": kept[day]} for day in sorted(kept)],
    }
    refusals = _refusals(values)
    if refusals:
        raise Refusals(refusals)
    for field, value in values.items():
        setattr(locked, field, value)
    locked.version += 1
    locked.save(update_fields=[*values, "version"])
    return locked


def _refusals(values: dict) -> list[Refusal]:
    refusals = []
    if not values["work_days"]:
        refusals.append(Refusal("E-REQUIRED", _("Choisissez au moins un jour travaillé."), field="work_days"))
    elif not set(values["work_days"]) <= set(range(7)):
        refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="work_days"))
    opens, closes = values["opens_at"], values["closes_at"]
    if (opens is None) != (closes is None):
        field = "opens_at" if opens is None else "closes_at"
        refusals.append(Refusal("E-REQUIRED", _("Indiquez l’ouverture et la fermeture, ou aucune."), field=field))
    elif opens is not None and opens >= closes:
        refusals.append(Refusal("E-CHOICE", _("La fermeture doit suivre l’ouverture."), field="closes_at"))
    if values["holidays"] and values["holidays"] not in HOLIDAYS:
        refusals.append(Refusal("E-CHOICE", _("Choisissez une valeur de la liste."), field="holidays"))
    if len(values["days_off"]) > MOST_DAYS_OFF:
        message = _("%(n)s jours chômés au plus.") % {"n": MOST_DAYS_OFF}
        refusals.append(Refusal("E-LENGTH", message, field="days_off"))
    if any(len(one["name"]) > MOST_NAME for one in values["days_off"]):
        refusals.append(too_long("days_off", _("Le nom d’un jour chômé"), MOST_NAME))
    return refusals


def day_names() -> list[str]:
    """« lundi » to « dimanche » in the reader's language."""
    names = get_day_names("wide", locale=get_language() or "fr")
    return [names[day] for day in range(7)]


def tell_days(organization_id, table, column, before, after, cache, row) -> list[Line] | None:
    """How the journal tells the days that people work and those that they do not."""
    if table != "organizations_organization" or column not in ("work_days", "days_off", "holidays"):
        return None
    tell = {"work_days": _weekdays, "days_off": _days, "holidays": _preset}[column]
    name = getattr(Organization._meta.get_field(column), "verbose_name", column)
    label = str(COLUMN_WORDS.get(column) or name)
    return [Line(label[:1].upper() + label[1:], tell(before), tell(after), column)]


def _weekdays(days) -> str:
    names = day_names()
    return ", ".join(names[day] for day in days or [])


def _days(days) -> str:
    told = [(format_date(date.fromisoformat(one["on"]), locale=get_language()), one["name"]) for one in days or []]
    return ", ".join(f"{day} {name}".strip() for day, name in told)


def _preset(code) -> str:
    return str(HOLIDAYS[code][0]) if code in HOLIDAYS else ""
