"""The Jinja2 environment of all pages: undefined names are errors, everything is escaped."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.conf import settings
from django.templatetags.static import static
from django.urls import get_urlconf, reverse
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext, ngettext, npgettext, pgettext
from jinja2 import Environment, StrictUndefined, Template, nodes, pass_context
from jinja2.compiler import CodeGenerator
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from entregent.access.rights import Right
from entregent.toolbox import phones
from entregent.toolbox.text import elided, highlighted


def plural(singular: str, several: str, number: int) -> str:
    """`ngettext`, but for French, which has no catalogue here and says « 0 suivi » as it says « 1 suivi »."""
    return ngettext(singular, several, 1 if number == 0 and get_language() == "fr" else number)


_told: dict[tuple[str | None, str], str] = {}


def told(message: str) -> str:
    """`gettext`, remembered: a page asks for hundreds of texts, and there are only so many."""
    key = (get_language(), message)
    text = _told.get(key)
    if text is None:
        text = _told[key] = gettext(message)
    return text


@pass_context
def _told_in_french(context, message: str, /, **words) -> str:
    """What `_("…", name=…)` says where Jinja leaves elisions out: « d’Antoine »."""
    text = told(message)
    if "e %(" in text:
        text = elided(text, words)
    return (Markup(text) if context.eval_ctx.autoescape else text) % words  # noqa: S704  texts are ours


# Babel takes 30 to 60 µs a value; a list shows the same days and amounts again and again.
_date = lru_cache(maxsize=4096)(format_date)
_currency = lru_cache(maxsize=4096)(format_currency)
_static = static if settings.DEBUG else lru_cache(maxsize=256)(static)


try:
    from markupsafe import _escape_inner as _escaped  # The C function alone: a str in, a str out.
except ImportError:
    _escaped = escape


def written(value) -> str:
    """What stands in the page for `value`: escaped unless it is markup. `escape`, without an object for each text."""
    kind = type(value)
    if kind is str:
        return _escaped(value)
    return value if kind is Markup else escape(value)


class PageGenerator(CodeGenerator):
    """Compiles templates to what a page of a hundred rows takes least time in.

    A block hands its text up as one piece, not each of its thousands through every layout above it; and what is
    written into the page is escaped without being wrapped.
    """

    def writeline(self, x, node=None, extra=0):
        if x.startswith("yield from "):
            x = f"yield concat({x.removeprefix('yield from ')})"
        super().writeline(x, node, extra)

    def _output_child_pre(self, node, frame, finalize):
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.written(")


class PageTemplate(Template):
    """`{% from … import %}` takes the macros as they were made once: all templates have the same globals."""

    def _get_default_module(self, ctx=None):
        if self._module is None:
            self._module = self.make_module()
        return self._module


class LanguageEnvironment(Environment):
    """The templates of one language: a text without variables is translated when its template is compiled.

    A page shows hundreds of texts; looked up one by one they cost a third of its rendering.
    """

    code_generator_class = PageGenerator
    template_class = PageTemplate
    language = settings.LANGUAGE_CODE
    written = staticmethod(written)

    def _generate(self, source, name, filename, defer_init=False):
        with translation.override(self.language):
            source = _TextsPutIn(self).visit(source)
        return super()._generate(source, name, filename, defer_init)


class _TextsPutIn(NodeTransformer):
    """`_("…")`, `pgettext("…", "…")` and `{% trans %}` of constants become what they say in the language at hand."""

    _functions: ClassVar[dict[str, Callable[..., str]]] = {"_": told, "gettext": told, "pgettext": pgettext}

    def __init__(self, environment):
        self._environment = environment

    def visit_Call(self, node):
        node = self.generic_visit(node)
        function = self._functions.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        is_constant = all(isinstance(part, nodes.Const) for part in node.args)
        if function is None or not node.args or not is_constant or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        # Texts are formats, also without variables: « 100 %% ».
        said = function(*(part.value for part in node.args)) % {}
        return nodes.TemplateData(said, lineno=node.lineno, environment=self._environment)


class ReadersEnvironment(Environment):
    """The templates in the reader's language: every page comes out of here."""

    def __init__(self, **options):
        super().__init__(**options)
        self._by_language = {code: _environment(code, **options) for code, _name in settings.LANGUAGES}

    def get_template(self, name, parent=None, globals=None):
        return self._of_reader().get_template(name, parent, globals)

    def from_string(self, source, globals=None, template_class=None):
        return self._of_reader().from_string(source, globals, template_class)

    def _of_reader(self) -> LanguageEnvironment:
        return self._by_language[get_language() or settings.LANGUAGE_CODE]


def environment(**options) -> Environment:
    options.setdefault("undefined", StrictUndefined)
    options["autoescape"] = True
    return ReadersEnvironment(**options)


def _environment(language: str, **options) -> LanguageEnvironment:
    options["trim_blocks"] = True
    options["lstrip_blocks"] = True
    env = LanguageEnvironment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"], **options)
    env.language = language
    env.install_gettext_callables(  # type: ignore[attr-defined]
        told, plural, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    if language == "fr":
        env.globals["gettext"] = _told_in_french
    env.globals.update(
        url=_url,
        static=_static,
        Right=Right,
        DEMO=settings.DEMO,
        DEBUG=settings.DEBUG,
        language=get_language,
        now=timezone.now,
        icon=icon,
        kept=kept,
        # After a text that is put together in a template; in a text to be translated it stands as it is.
        colon="\u00a0:" if language == "fr" else ":",
    )
    env.filters.update(
        date_short=date_short,
        date_long=date_long,
        day=day_short,
        day_long=day_long,
        iso=_iso,
        filesizeformat=file_size,
        money=money,
        number=number,
        file_size=file_size,
        phone=phone,
        highlight=highlighted,
    )
    return env


def file_size(octets: int) -> str:
    """« 1,2 Mo » of octets; in English « 1.2 MB »."""
    is_english = get_language() == "en"
    units = ("B", "kB", "MB", "GB") if is_english else ("o", "ko", "Mo", "Go")
    size, place = float(octets), 0
    while size >= 1000 and place < len(units) - 1:
        size, place = size / 1000, place + 1
    written = f"{size:.0f}" if place == 0 or size >= 100 else f"{size:.1f}".removesuffix(".0")
    return f"{written if is_english else written.replace('.', ',')}\u00a0{units[place]}"


def icon(name: str, cls: str = "") -> Markup:
    """A drawing of the sprite, always hidden from screen readers."""
    return _icon(str(name), str(cls))


@lru_cache(maxsize=1024)
def _icon(name: str, cls: str) -> Markup:
    return Markup('<svg class="g-icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        f" {cls}" if cls else "", _static("ui/icons.svg"), name
    )


# Some megabytes at most: a row of a list takes one kilobyte.
MOST_KEPT = 5_000
_drawn: dict[tuple, Markup] = {}


def kept(*key, caller) -> Markup:
    """`{% call kept("dialogs", nav_key) %}…{% endcall %}`: a part of a page, drawn once for each language and key.

    The key holds everything that the part depends on; no token, no address of the page at hand.
    """
    whole = (get_language(), *key)
    drawn = _drawn.get(whole)
    if drawn is None:
        if len(_drawn) >= MOST_KEPT:
            _drawn.clear()
        drawn = _drawn[whole] = Markup(caller())  # noqa: S704 — drawn by a template
    return drawn


@pass_context
def _url(context, name, *args, **kwargs):
    """`url("clients:file", number=…)`: the organization's slug of the member at work is put in by itself."""
    member = context.get("member")
    if member is not None and ":" in name and not name.startswith(("account:", "portal_accounts:")):
        kwargs.setdefault("organization", member.organization.slug)
    return _reverse(get_urlconf(), name, args, tuple(kwargs.items()))


@lru_cache(maxsize=8192)
def _reverse(urls: str | None, name: str, args: tuple, kwargs: tuple) -> str:
    """`urls`: which addresses, those of the staff or those of the client portal, have the name."""
    return reverse(name, urlconf=urls, args=args or None, kwargs=dict(kwargs) or None)


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
    return f"{_date(local.date(), pattern, locale=get_language())} · {local:%H:%M}"


@pass_context
def date_long(context, moment: datetime | None) -> str:
    """« jeudi 19 novembre 2026 à 09:12 »."""
    if moment is None:
        return ""
    local = moment.astimezone(_zone(context))
    day = _date(local.date(), "full", locale=get_language())
    return gettext("%(day)s à %(time)s") % {"day": day, "time": f"{local:%H:%M}"}


def day_short(value: date | datetime | None) -> str:
    """« 19 nov. », with the year when it is another one."""
    if value is None:
        return ""
    return _date(value, "d MMM" if value.year == timezone.now().year else "d MMM y", locale=get_language())


def day_long(value: date | datetime | None) -> str:
    """« jeudi 19 novembre 2026 »."""
    return "" if value is None else _date(value, "full", locale=get_language())


def _iso(value: date | datetime | None) -> str:
    return "" if value is None else value.isoformat()


def money(amount: Decimal | None, currency: str = "EUR") -> str:
    """« 1 842,60 € »."""
    return "" if amount is None else _currency(amount, currency or "EUR", locale=get_language())


def number(value) -> str:
    return "" if value is None else format_decimal(value, locale=get_language())


@pass_context
def phone(context, e164: str) -> str:
    """In national form for whoever is in that country."""
    member = context.get("member")
    return phones.national(e164, region=member.organization.country if member is not None else "FR")
