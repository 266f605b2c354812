"""Visibility: one sentence per model, applied in the database, in one place.

A member's `Reach` says what their grants give now. Areas register how a kind of scope becomes a condition on clients
(`scope_providers`); `visible_to` puts the conditions together. Absent and out of reach look the same everywhere.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q

from entregent.access.rights import ROLE_RIGHTS, Right, Role
from entregent.toolbox.errors import NotFound
from entregent.toolbox.extension_points import ExtensionPoint

ORGANIZATION_SCOPE = "organization"

# Contributions: ids(member, right) -> queryset of the ids of the clients within reach. Filled by `clients`.
client_readers = ExtensionPoint(
    "access.client_readers", doc="The clients within a member's reach, for areas that know no clients."
)


def clients_in_reach(member, right: Right = Right.CLIENT_VIEW):
    """The ids of the clients that `member` sees now, as a subquery: for records that carry nothing but such an id."""
    for ids in client_readers:
        return ids(member, right)
    return []


def reaches_client(member, client_id: int, right: Right = Right.CLIENT_VIEW) -> bool:
    """Whether `member` sees this client now: asked of the one client, whatever the size of the organization."""
    return any(ids(member, right).filter(pk=client_id).exists() for ids in client_readers)


# The model whose records are narrowed down.
RecordT = TypeVar("RecordT", bound=models.Model)

_providers: dict[str, Callable[[list[int], str], Q]] = {}


def register_scope(scope_type: str, condition: Callable[[list[int], str], Q]) -> None:
    """Says how grants of `scope_type` select clients: `condition(scope ids, path to the client)` gives a Q.

    `path` is the lookup prefix that leads from the model to the client: "" for clients, "client__" for addresses.
    """
    _providers[scope_type] = condition


@dataclass(frozen=True)
class ScopeWords:
    """How a kind of scope is told on pages: `title` of one, and `names(ids)` of those given.

    `find(member, text)` gives the id of what a person named by `text` when an access is given, or None. Not
    `is_given_by_hand`: accesses of that kind follow what is done elsewhere (groups of clients).
    """

    title: Any  # in the language of whoever reads
    names: Callable[[Collection[int]], dict[int, str]]
    find: Callable[[object, str], int | None]
    is_given_by_hand: bool = True


scope_words: dict[str, ScopeWords] = {}


def scope_types() -> list[str]:
    """What accesses are given on, one by one."""
    given = [kind for kind in _providers if kind not in scope_words or scope_words[kind].is_given_by_hand]
    return [ORGANIZATION_SCOPE, *sorted(given)]


@dataclass(frozen=True)
class EffectiveGrant:
    """One grant that holds now: of the member's own, or of the absent colleague whom the member replaces."""

    id: int
    role: Role
    scope_type: str
    scope_ids: tuple[int, ...]  # a sector with its subtree; one client; all groups of a role; empty for everything
    on_behalf_of: str = ""  # name of the absent colleague
    until: date | None = None  # last day of the replacement
    removed: frozenset[Right] = frozenset()  # what the absent colleague may not do, though their role gives it

    def gives(self, right: Right, added: Collection[Right] = ()) -> bool:
        """`added` goes with the member's own accesses only: on behalf of a colleague nobody does more than they did."""
        if right in self.removed:
            return False
        return right in ROLE_RIGHTS[self.role] or (right in added and not self.on_behalf_of)


@dataclass(frozen=True)
class Reach:
    """What a member reaches at this moment, worked out from grants once per request."""

    own_role: Role
    grants: tuple[EffectiveGrant, ...]
    added: frozenset[Right] = field(default_factory=frozenset)
    removed: frozenset[Right] = field(default_factory=frozenset)

    @cached_property
    def rights(self) -> frozenset[Right]:
        """What the member may do, on anything at all."""
        given = self.added | ROLE_RIGHTS[self.own_role]
        for grant in self.grants:
            given |= ROLE_RIGHTS[grant.role] - grant.removed
        return given - self.removed

    def gives(self, right: Right) -> bool:
        """Has the member this right, on anything at all?"""
        return right in self.rights

    def grants_with(self, right: Right) -> list[EffectiveGrant]:
        if right in self.removed:
            return []
        return [grant for grant in self.grants if grant.gives(right, self.added)]

    def is_whole(self, right: Right) -> bool:
        return any(grant.scope_type == ORGANIZATION_SCOPE for grant in self.grants_with(right))

    def covers(self, right: Right, other: Right) -> bool:
        """Is every client that the member reaches with `other` reached with `right` as well?"""
        if self.is_whole(right):
            return True
        reached = {(one.scope_type, scope_id) for one in self.grants_with(right) for scope_id in one.scope_ids}
        wanted = self.grants_with(other)
        return not any(one.scope_type == ORGANIZATION_SCOPE for one in wanted) and all(
            (one.scope_type, scope_id) in reached for one in wanted for scope_id in one.scope_ids
        )

    def narrowed_to(self, right: Right) -> "Reach":
        """What is reached by the grants that give `right`: all that a reader sees of what goes out, whatever else
        they see on screen."""
        return replace(self, grants=tuple(self.grants_with(right)))

    def client_condition(self, right: Right, path: str = "") -> Q | None:
        """The condition on clients; None when the whole organization is in reach."""
        grants = self.grants_with(right)
        if any(grant.scope_type == ORGANIZATION_SCOPE for grant in grants):
            return None
        ids: dict[str, set[int]] = {}
        for grant in grants:
            ids.setdefault(grant.scope_type, set()).update(grant.scope_ids)
        condition = Q(pk__in=[])
        for scope_type, wanted in ids.items():
            if wanted and scope_type in _providers:
                condition |= _providers[scope_type](sorted(wanted), path)
        return condition


class ScopedQuerySet(models.QuerySet[RecordT]):
    """Records of an organization that hang on a client. `path_to_client` leads there; None: the record is not tied."""

    path_to_client: str | None = ""

    def visible_to(self, member, right: Right = Right.CLIENT_VIEW):
        """What `member` may see (with another right: may edit, delete, export) of these records, now."""
        records = self.filter(organization_id=member.organization_id)
        if not member.reach.gives(right):
            return records.none()
        if self.path_to_client is None:
            return records
        condition = member.reach.client_condition(right, self.path_to_client)
        return records if condition is None else records.filter(self.in_scope(condition, member, right))

    def in_scope(self, condition: Q, member, right: Right) -> Q:
        """For models whose sentence says more than « its client is in reach »."""
        return condition

    def get_visible(self, member, right: Right = Right.CLIENT_VIEW, **lookup) -> RecordT:
        """The one record within reach, or NotFound."""
        return self.visible_to(member, right).found(**lookup)

    def found(self, **lookup) -> RecordT:
        """The one record of these, or NotFound: absent, deleted, out of reach, of another organization."""
        try:
            return self.get(**lookup)
        except ObjectDoesNotExist as absent:
            raise NotFound from absent
