"""The quick search: one question to every source, answered in groups, what was exactly meant first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from entregent.search.extension_points import search_sources
from entregent.search.queries import Correction, Question, ask, corrections

ITEMS_PER_GROUP = 25


@dataclass(frozen=True)
class Item:
    """One thing found, as a line: `label` and `detail` to read, `url` to open. `hold`: why it is on credit hold."""

    label: str
    url: str
    number: str = ""
    detail: str = ""
    icon: str = ""
    exact: bool = False
    hold: str = ""

    def as_json(self) -> dict:
        given = {"number": self.number, "label": self.label, "detail": self.detail, "url": self.url}
        optional = {"icon": self.icon, "exact": self.exact, "hold": self.hold}
        return given | {name: value for name, value in optional.items() if value}


@dataclass(frozen=True)
class Group:
    """What one source found. `count` is exact unless there is `more` than can be counted while somebody types."""

    kind: str
    label: str
    items: list[Item]
    count: int
    more: bool = False
    corrected_to: str = ""

    @property
    def is_exact(self) -> bool:
        return any(item.exact for item in self.items)

    def as_json(self) -> dict:
        given = {"kind": self.kind, "label": self.label, "count": self.count}
        return given | ({"more": True} if self.more else {}) | {"items": [item.as_json() for item in self.items]}


class Source(Protocol):
    """Something that the quick search looks through. It answers within what `member` may see, or None for nothing."""

    kind: str

    def find(self, member, question: Question, limit: int) -> Group | None: ...

    def find_corrected(self, member, corrected: Sequence[Correction], limit: int) -> Group | None: ...


@dataclass(frozen=True)
class Answer:
    query: str
    groups: list[Group] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)

    @property
    def corrected_to(self) -> str:
        return next((group.corrected_to for group in self.groups if group.corrected_to), "")

    def as_json(self) -> dict:
        given = {"query": self.query, "groups": [group.as_json() for group in self.groups]}
        return given | ({"corrected_to": self.corrected_to} if self.corrected_to else {})


def quick_search(member, text: str, *, limit: int = ITEMS_PER_GROUP, kinds: Sequence[str] | None = None) -> Answer:
    """Asks every source (or those of `kinds`). Only when none has anything, typing errors are mended. Refuses a text
    that is too short."""
    question = ask(text)
    sources: list[Source] = [source for source in search_sources if kinds is None or source.kind in kinds]
    groups = [group for source in sources if (group := source.find(member, question, limit))]
    hits = question.hits
    if not groups and (corrected := corrections(member.organization_id, question)):
        groups = [group for source in sources if (group := source.find_corrected(member, corrected, limit))]
        hits = [word for group in groups[:1] for word in group.corrected_to.split()]
    groups.sort(key=lambda group: not group.is_exact)
    return Answer(text, groups, hits)
