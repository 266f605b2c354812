"""What the address of « Gestion des clients » asks for: tab, view, filter, keywords, order, selected row. Every link of
the page is the same address with something changed, so that each can be sent to a colleague."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from babel.numbers import format_decimal
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from markupsafe import Markup

from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.interactions.timeline import DRAWINGS
from entregent.listing import pages
from entregent.listing.actions import may_change, state_of, visible_views
from entregent.listing.conditions import mend, sentence
from entregent.listing.lists import Column, ListDefinition, lists
from entregent.listing.models import View
from entregent.listing.words import operators_of, shown
from entregent.organizations.models import Membership
from entregent.toolbox.dates import thirty_days_ago, today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.transfers.models import FileTransfer
from entregent.workspace.web.client_management_values import values_of

# Tab in the address → code of its list.
TABS = {"clients": "clients", "personnes": "people", "interactions": "interactions", "transferts": "transfers"}
# What this screen shows first; the lists themselves may say otherwise elsewhere.
COLUMNS = {
    "clients": (
        "number", "name", "status", "credit_hold", "balance", "sector", "last_interaction_at", "next_follow_up_on",
        "responsible",
    ),
    "people": ("name", "clients", "title", "phone", "email", "last_interaction_at"),
    "interactions": (),
    "transfers": (),
}  # fmt: skip
# Where a cell stands on the card of a narrow screen.
PLACES = {
    "name": "g-cell-title", "status": "g-cell-note", "credit_hold": "g-cell-state",
    "last_interaction_at": "g-cell-main",
    "balance": "g-cell-amount", "next_follow_up_on": "g-cell-follow", "phone": "g-cell-note", "clients": "g-cell-main",
    "title": "g-cell-state", "topic": "g-cell-title", "occurred_at": "g-cell-main", "client": "g-cell-note",
    "subject": "g-cell-amount", "state": "g-cell-state", "created_at": "g-cell-main",
}  # fmt: skip
OWN_PLACES = {
    "transferts": {"subject": "g-cell-title", "person": "g-cell-note", "direction": "g-cell-amount"},
    "interactions": {"channel": "g-cell-amount", "follow_up_on": "g-cell-follow"},
}
# Criteria that most people want, one click away.
SUGGESTIONS: dict[str, list[tuple[Any, Any]]] = {
    "clients": [
        (_("Actifs"), ["status", "is", "client"]),
        (_("Mes clients"), ["responsible", "me"]),
        (_("Suivi en retard"), ["next_follow_up_on", "overdue"]),
        (_("En blocage de crédit"), ["credit_hold", "is", True]),
    ],
    "personnes": [(_("Sans client"), {"has_not": "clients"})],
    "interactions": [
        (_("Suivi en retard"), ["follow_up_late", "is", True]),
        (_("Mes interactions"), ["agent", "me"]),
        (_("30 derniers jours"), ["occurred_at", "days_ago_less", 30]),
        (_("Courriels"), ["channel", "is", "email"]),
    ],
    "transferts": [
        (_("Mes transferts"), ["sender", "me"]),
        (_("En attente de fichiers"), ["state", "is", "waiting"]),
        (_("Signature demandée"), ["with_signature", "is", True]),
    ],
}
_NUMBERS = ("number", "money")
LONGEST_FILTER = 4000
# The list under which what concerns the whole screen is kept.
SCREEN = "clients"


@dataclass
class Grid:
    """One screenful, as the address asks for it."""

    member: Membership
    tab: str
    definition: ListDefinition
    text: str = ""
    condition: Any = None
    sort: str = ""
    view: View | None = None
    after: str = ""
    row: str = ""
    # One record alone, when its row is read again after a contact was logged.
    alone: int | None = None
    is_exact: bool = False
    # Only how many there are: a page that is full comes first, and asks.
    is_counting: bool = False
    only_recent: bool = False
    only_open: bool = False
    is_filter_asked: bool = False
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request) -> "Grid":
        """What the address says. What means nothing any longer is left out, and said (`notes`)."""
        member, query = request.member, request.GET if request.method == "GET" else request.POST
        tab = query.get("onglet", "")
        if tab not in TABS or TABS[tab] not in lists(member):
            tab = "clients"
        if TABS[tab] not in lists(member):
            raise NotFound
        definition = lists(member)[TABS[tab]]
        grid = cls(member, tab, definition)
        view_id = as_id(query.get("vue", ""))
        if view_id is not None:
            grid.view = visible_views(member, definition.code).filter(pk=view_id).first()
        raw = query.get("filtre")
        data = grid.view.condition if grid.view is not None and raw is None else _read(raw)
        grid.condition, grid.notes = mend(data, definition, member)
        words = query.get("q", grid.view.text if grid.view is not None else "")
        grid.text = words.replace("\x00", "").strip()[:200]
        grid.sort = query.get("tri", "") or (grid.view.sort if grid.view is not None else "")
        grid.after = query.get("apres", "")[:500]
        grid.row = query.get("ligne", "")[:60]
        grid.alone = as_id(query.get("rangee", ""))
        grid.is_exact = query.get("compte") == "exact"
        grid.is_counting = query.get("compte") == "oui"
        grid.only_recent = query.get("jours") == "30"
        grid.only_open = tab == "transferts" and query.get("ouverts") == "1"
        grid.is_filter_asked = query.get("filtrer") == "1"
        return grid

    @cached_property
    def state(self) -> dict:
        """How this person left the list: its columns."""
        return state_of(self.member, self.definition.code)

    @cached_property
    def kept(self) -> dict:
        """How they left the whole screen: where the splitter stands, whether the filter is shown."""
        return self.state if self.definition.code == SCREEN else state_of(self.member, SCREEN)

    @property
    def chosen_columns(self) -> list[dict]:
        """[{"code", "width"}] of the view, else as the person last arranged them, else the first ones."""
        if self.view is not None and self.view.columns:
            return self.view.columns
        if self.state.get("columns"):
            return self.state["columns"]
        codes = COLUMNS[self.definition.code] or self.definition.default_columns
        return [{"code": code} for code in codes if self.definition.column(code, self.member)]

    @cached_property
    def asked(self) -> pages.Asked:
        within = Q(pk=self.alone) if self.alone is not None else None
        if self.tab == "transferts":
            within = self._boxes & within if within is not None else self._boxes or None
        return pages.ask(self.definition, self.member, condition=self.condition, text=self.text, within=within)

    @property
    def _boxes(self) -> Q:
        """« Afficher les 30 derniers jours seulement » (RX-11) and « Transferts ouverts seulement », both when both."""
        boxes = Q()
        if self.only_recent:
            boxes &= Q(created_at__gte=thirty_days_ago(self.member.organization.time_zone))
        if self.only_open:
            boxes &= Q(state__in=FileTransfer.OPEN, expires_at__gt=Now())
        return boxes

    @cached_property
    def refusal(self) -> str:
        """Why the keywords cannot be looked for (too short), or ""."""
        try:
            self.asked.found  # noqa: B018  asked here, so that what refuses is told on the page
        except (Refusal, Refusals) as refused:
            every = refused.refusals if isinstance(refused, Refusals) else [refused]
            return " ".join(str(one.message) for one in every)
        return ""

    @property
    def columns(self) -> list[Column]:
        """Those shown, in their order."""
        return pages.shown_columns([column["code"] for column in self.chosen_columns], self.definition, self.member)

    @cached_property
    def page(self) -> pages.Page:
        if self.refusal:
            self.text = ""
            self.__dict__.pop("asked", None)
        return self.asked.page(
            columns=[column["code"] for column in self.chosen_columns], sort=self.sort, after=self.after
        )

    @cached_property
    def found(self) -> pages.Count | None:
        """How many there are; None where nothing can be looked for, or the page is full and had better come first."""
        if self.refusal:
            return None
        is_waited_for = self.is_exact or self.is_counting
        if not is_waited_for and self.page.next and not self.asked.is_counted:
            return None
        return self.asked.count(exact=self.is_exact)

    @property
    def may_change_view(self) -> bool:
        return self.view is not None and may_change(self.view, self.member)

    def in_words(self, number: int) -> str:
        """« 37 clients »."""
        return self.definition.counted(number) % {"n": format_decimal(number, locale=get_language())}

    @property
    def is_filtered(self) -> bool:
        return bool(self.condition or self.text)

    @property
    def is_filter_shown(self) -> bool:
        return self.is_filtered or self.is_filter_asked or bool(self.kept.get("filter"))

    # ——— Addresses ———

    @property
    def parameters(self) -> dict[str, str]:
        """What names this screenful, without its row."""
        kept_condition = self.view is not None and self.condition == self.view.condition
        return {
            "onglet": self.tab if self.tab != "clients" else "",
            "vue": str(self.view.pk) if self.view is not None else "",
            "q": self.text if self.view is None or self.text != self.view.text else "",
            "filtre": "" if kept_condition else self.condition_text,
            "tri": self.sort,
            "jours": "30" if self.only_recent else "",
            "ouverts": "1" if self.only_open else "",
        }

    @property
    def condition_text(self) -> str:
        """As it stands in the address; « - » takes the filter off a view that has one."""
        if self.condition is None:
            return "-" if self.view is not None and self.view.condition else ""
        return json.dumps(self.condition, ensure_ascii=False, separators=(",", ":"))

    def url(self, **changes: str) -> str:
        asked = {name: value for name, value in (self.parameters | changes).items() if value}
        address = reverse("workspace:client_management", args=[self.member.organization.slug])
        return f"{address}?{urlencode(asked)}" if asked else address

    @property
    def row_url(self) -> str:
        """Where a row of this tab leads, with {key} for what its data-key says."""
        name = {
            "clients": "workspace:client", "personnes": "clients:person", "interactions": "interactions:detail",
            "transferts": "transfers:detail",
        }[self.tab]  # fmt: skip
        address = reverse(name, args=[self.member.organization.slug, "NUMBER" if self.tab == "clients" else 0])
        return address.replace("NUMBER", "{key}").replace("/0/", "/{key}/")

    @property
    def row_query(self) -> str:
        """What asks for the pane of a row, likewise; "" where each row says it itself."""
        return {"clients": "client={key}", "personnes": "personne={key}"}.get(self.tab, "")

    def with_condition(self, condition) -> str:
        changed = Grid(self.member, self.tab, self.definition, condition=condition, view=self.view)
        return self.url(filtre=changed.condition_text)

    # ——— What the page shows ———

    @property
    def criteria(self) -> list[dict[str, str]]:
        """One chip for each criterion, with the address of the page without it."""
        if self.condition is None:
            return []
        parts = self.condition["all"] if _is_all(self.condition) else [self.condition]
        chips = []
        for place, part in enumerate(parts):
            rest = [*parts[:place], *parts[place + 1 :]]
            chips.append(
                {
                    "text": sentence(part, self.definition, self.member),
                    "remove_url": self.with_condition({"all": rest} if rest else None),
                }
            )
        return chips

    @property
    def suggestions(self) -> list[tuple[str, str]]:
        """Criteria that most people want, one click away, but for those that stand already."""
        parts = [] if self.condition is None else self.condition["all"] if _is_all(self.condition) else [self.condition]
        asked_of = {part[0] for part in parts if isinstance(part, list)}
        offered = []
        for label, criterion in SUGGESTIONS[self.tab]:
            if isinstance(criterion, list) and criterion[0] in asked_of:
                continue
            if criterion in parts or mend(criterion, self.definition, self.member)[1]:
                continue
            offered.append((str(label), self.with_condition(self.added(criterion))))
        return offered

    def added(self, criterion) -> Any:
        """The condition with one more criterion, all of which must hold."""
        if self.condition is None:
            return {"all": [criterion]}
        if _is_all(self.condition):
            return {"all": [*self.condition["all"], criterion]}
        return {"all": [self.condition, criterion]}

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What may stand in a criterion."""
        columns = self.definition.columns_by_code(self.member).values()
        return [(column.code, str(column.label)) for column in columns if column.is_asked and operators_of(column)]

    @property
    def choosable(self) -> list[tuple[Column, bool, int]]:
        """Every column of the field chooser: those shown, in their order, then the others; with their width."""
        known = self.definition.columns_by_code(self.member)
        widths = self.widths
        on = [column.code for column in self.columns]
        return [
            *((known[code], True, widths.get(code, 0)) for code in on),
            *((column, False, 0) for code, column in known.items() if column.is_shown and code not in on),
        ]

    @cached_property
    def widths(self) -> dict[str, int]:
        return {one["code"]: one.get("width") or 0 for one in self.chosen_columns}

    @cached_property
    def places(self) -> dict[str, str]:
        """Where each cell stands on a card; each place is taken once, by the first column that wants it."""
        taken: dict[str, str] = {}
        own = OWN_PLACES.get(self.tab, {})
        for column in self.page.columns:
            place = own.get(column.code) or PLACES.get(column.code, "")
            taken[column.code] = "" if place in taken.values() else place
        return taken

    @cached_property
    def title_place(self) -> int:
        """The cell that leads to the record: the name where it is shown, else the first."""
        codes = [column.code for column in self.page.columns]
        title = {"clients": "name", "personnes": "name", "interactions": "topic", "transferts": "subject"}[self.tab]
        return codes.index(title) if title in codes else 0

    @cached_property
    def rows(self) -> list["Row"]:
        """Rows of the page as the template draws them: whose they are, and their cells."""
        found = self.page.rows
        abouts = _abouts(found, self.tab, self.row_url)
        today = today_in(self.member.organization.time_zone)
        columns = [
            (opening, place == self.title_place, column, column.code, str(column.kind))
            for place, (column, opening) in enumerate(zip(self.page.columns, self._openings, strict=True))
        ]
        words: dict[tuple[str, Any], str] = {}
        rows = []
        for row, about in zip(found, abouts, strict=True):
            following = row.get("next_follow_up_on") or row.get("follow_up_on")
            due = "" if not following else "late" if following < today else "today" if following == today else ""
            cells = []
            for opening, is_title, column, code, kind in columns:
                value = row[code]
                text = self._in_words(column, value, words)
                cells.append((opening, is_title, f"{code}|{text}", code, kind, value, text))
            rows.append(Row(id=row["id"], **about, due_state=due, cells=cells))
        return rows

    def _in_words(self, column: Column, value, words: dict) -> str:
        """Most values of a column come again on the page."""
        if isinstance(value, list):
            return shown(column, value, self.member)
        key = (column.code, value)
        text = words.get(key)
        if text is None:
            text = words[key] = shown(column, value, self.member)
        return text

    @property
    def _openings(self) -> list[Markup]:
        """How the cells of each column begin; drawn once, since a hundred rows have it in common."""
        openings = []
        for column in self.page.columns:
            place = self.places[column.code]
            classes = [place, "g-num" if column.kind in _NUMBERS else "", "g-editable" * (column.code in self.editable)]
            named = " ".join(one for one in classes if one)
            opening = Markup('<td class="{}"').format(named) if named else Markup("<td")
            if column.code in self.editable:
                opening += Markup(' data-field="{}"').format(column.code)
            if place == "g-cell-follow":
                opening += Markup(' data-label="{}"').format(column.label)
            openings.append(opening + Markup(">"))
        return openings

    @cached_property
    def editable(self) -> set[str]:
        """Columns whose values are edited in place by whoever may edit."""
        subject = {"clients": "client", "personnes": "person"}.get(self.tab)
        if subject is None or not self.member.can(Right.CLIENT_EDIT):
            return set()
        return set(values_of(subject, self.member))


class Row(NamedTuple):
    """A record of the page. A cell: how it begins, does it lead to the record, what is drawn alike, code and kind of
    the column, value, value in words. (Tuples: a name looked up in a dictionary costs a template more than the cell.)
    """

    id: int
    key: str
    name: str
    version: int
    kind: str
    url: str
    cells: list[tuple[Markup, bool, str, str, str, Any, str]]
    due_state: str
    query: str = ""
    client: str = ""
    drawing: str = ""


def _read(text: str | None):
    """The condition of an address; what is no JSON is no condition."""
    if not text or text == "-" or len(text) > LONGEST_FILTER:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_all(condition) -> bool:
    return isinstance(condition, dict) and set(condition) == {"all"}


def _abouts(rows: list[dict], tab: str, address: str) -> list[dict]:
    """What every row needs beside its columns: number, name, version, where it leads; of what came with it."""
    about = {
        "clients": _about_client, "personnes": _about_person, "interactions": _about_interaction,
        "transferts": _about_transfer,
    }[tab]  # fmt: skip
    return [about(row, address.replace("{key}", str(row["id" if tab == "personnes" else "number"]))) for row in rows]


def _about_client(row: dict, url: str) -> dict:
    number = row["number"]
    return {
        "key": number, "name": row["display_name"], "version": row["version"],
        "kind": row["category"] or _KINDS[row["kind"]], "url": url,
    }  # fmt: skip


def _about_person(row: dict, url: str) -> dict:
    key = str(row["id"])
    return {
        "key": key, "name": f"{row['first_name']} {row['last_name']}".strip() or row["file_as"],
        "version": row["version"], "kind": "", "url": url,
    }  # fmt: skip


def _about_interaction(row: dict, url: str) -> dict:
    number, client = str(row["number"]), row["client__number"]
    return {
        "key": number, "name": number, "version": row["version"], "kind": "", "url": url,
        "query": urlencode({"client": client} if client else {"personne": row["person_id"]}), "client": client or "",
        "drawing": DRAWINGS.get(row["channel"], "meeting"),
    }  # fmt: skip


def _about_transfer(row: dict, url: str) -> dict:
    return {
        "key": str(row["number"]), "name": row["subject"], "version": row["version"], "kind": "", "url": url,
        "client": row["client__number"] or "",
    }  # fmt: skip


_KINDS = dict(Client.Kind.choices)
