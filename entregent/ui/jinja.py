"""The Jinja2 environment of all pages: undefined names are errors, everything is escaped."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined, pass_context

from entregent.access.rights import Right
from entregent.toolbox import phones
from entregent.toolbox.text import highlighted


def environment(**options) -> Environment:
    options.setdefault("undefined", StrictUndefined)
    options["autoescape"] = True
    options["trim_blocks"] = True
    options["lstrip_blocks"] = True
    env = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"], **options)  # noqa: S701
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    env.globals.update(
        url=_url, static=static, Right=Right, DEMO=settings.DEMO, DEBUG=settings.DEBUG, language=get_language,
        now=timezone.now,
    )
    env.filters.update(
        date_short=date_short,
        date_long=date_long,
        day=day_short,
        day_long=day_long,
        iso=_iso,
        money=money,
        number=number,
        phone=phone,
        highlight=highlighted,
    )
    return env


@pass_context
def _url(context, name, *args, **kwargs):
    """`url("clients:file", number=…)`: the organization's slug of the member at work is put in by itself."""
    member = context.get("member")
    if member is not None and ":" in name and not name.startswith("account:"):
        kwargs.setdefault("organization", member.organization.slug)
    return reverse(name, args=args or None, kwargs=kwargs or None)


def _zone(context) -> ZoneInfo:
    member = context.get("member")
    return ZoneInfo(member.organization.time_zone if member is not None else settings.TIME_ZONE)


@pass_context
def date_short(context, moment: datetime | None) -> str:
    """« 19 nov. · 09:12 », with the year when it is another one; "" for None."""
    if moment is None:
        return ""
    local = moment.astimezone(_zone(context))
    pattern = "d MMM" if local.year == timezone.now().year else "d MMM y"
    return f"{format_date(local, pattern, locale=get_language())} · {local:%H:%M}"


@pass_context
def date_long(context, moment: datetime | None) -> str:
    """« jeudi 19 novembre 2026 à 09:12 »."""
    if moment is None:
        return ""
    return format_datetime(moment.astimezone(_zone(context)), "full", locale=get_language()).split(" heure")[0]


def day_short(value: date | datetime | None) -> str:
    """« 19 nov. », with the year when it is another one."""
    if value is None:
        return ""
    return format_date(value, "d MMM" if value.year == timezone.now().year else "d MMM y", locale=get_language())


def day_long(value: date | datetime | None) -> str:
    """« jeudi 19 novembre 2026 »."""
    return "" if value is None else format_date(value, "full", locale=get_language())


def _iso(value: date | datetime | None) -> str:
    return "" if value is None else value.isoformat()


def money(amount: Decimal | None, currency: str = "EUR") -> str:
    """« 1 842,60 € »."""
    return "" if amount is None else format_currency(amount, currency or "EUR", locale=get_language())


def number(value) -> str:
    return "" if value is None else format_decimal(value, locale=get_language())


@pass_context
def phone(context, e164: str) -> str:
    """In national form for whoever is in that country."""
    member = context.get("member")
    return phones.national(e164, region=member.organization.country if member is not None else "FR")
