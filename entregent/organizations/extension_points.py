"""What areas above add to organizations."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: seed(organization), called inside the new organization and its transaction.
organization_defaults = ExtensionPoint(
    "organizations.organization_defaults", doc="What a new organization starts with: types of objects, topics."
)
# Contributions: blockers(sector) -> list of sentences, « 12 clients y sont rattachés. ».
sector_blockers = ExtensionPoint("organizations.sector_blockers", doc="What still uses a sector and keeps it.")
# Contributions: is_taken(address, organization_id) -> whether another organization receives mails under it. Asked in
# the transaction that takes the address: nobody else can take it until that ends.
address_claims = ExtensionPoint(
    "organizations.address_claims", doc="Whether an address for replies is another organization's."
)
# Contributions: scopes(client_id) -> {scope type: ids in which the client stands}, beside its sectors and itself.
client_scopes = ExtensionPoint("organizations.client_scopes", doc="Further scopes in which a client stands: groups.")
# Contributions: {name of an action: what was done, in words}.
action_words = ExtensionPoint("organizations.action_words", doc="How the audit journal names the actions of an area.")
# Contributions: {table of the database: what one row of it is, in words}.
table_words = ExtensionPoint("organizations.table_words", doc="How the audit journal names the records of an area.")
# Contributions: (area, {column of its tables: what it is called, or "" where it tells a person nothing}).
column_words = ExtensionPoint("organizations.column_words", doc="How the audit journal names the columns of an area.")
# Contributions: tell(organization_id, table, column, before, after, cache, row) -> list[journal.Line], or None for
# columns of others. `cache` is a dictionary kept for one page, `row` the changed row as it is known.
column_tellers = ExtensionPoint(
    "organizations.column_tellers", doc="How the journal tells a column that holds several values."
)
# Contributions: entries(member) -> list[AdministrationEntry].
administration_entries = ExtensionPoint(
    "organizations.administration_entries", doc="Entries of the left navigation of the administration pages."
)


class Section(TextChoices):
    """The headings of that navigation, in their order."""

    ORGANIZATION = "organization", _("Général")
    ACCESS = "access", _("Personnes et accès")
    CLIENTS = "clients", _("Clients")
    EXCHANGES = "exchanges", _("Échanges")
    WORK = "work", _("Dossiers et courriers")
    DATA = "data", _("Données et intégrations")
    OVERSIGHT = "oversight", _("Surveillance")


@dataclass(frozen=True)
class AdministrationEntry:
    """One page of the administration. `keywords` are further words by which its search finds it."""

    section: Section
    label: str
    icon: str
    url: str
    keywords: str = ""


# Contributions: portlets() -> list[Portlet].
portlets = ExtensionPoint("organizations.portlets", doc="What a dashboard can be composed of.")


class Board(StrEnum):
    """The dashboards: one's home page, that of the organization, that of a client."""

    STAFF = "staff"
    FIRM = "firm"
    CLIENT = "client"


@dataclass(frozen=True)
class Portlet:
    """A part of a dashboard: drawn by itself, at an address of its own, so that a slow or broken one holds up nothing.

    `right` is the right on the data that it shows: whoever lacks it is not offered the portlet, and whoever is given
    the portlet has the right to its data (R004-03). `template` draws the whole panel from what `context(request,
    client, choice, measured)` gives; it is imported with the page's context.

    `measure(member)` counts what would be too much for each visit; it is kept for a while for all members of the same
    reach and handed to `context` as `measured`. It returns what JSON holds.

    `choices(member)` makes one portlet into many: a saved view each.
    """

    code: str
    title: Any
    icon: str
    right: Right
    boards: frozenset[Board]
    template: str
    context: Callable[..., dict]
    width: int = 6  # of twelve columns: 4, 6 or 12
    is_at_once: bool = False  # cheap enough for the first answer of the page
    refreshed_by: tuple[str, ...] = ()  # events of the page upon which it is drawn anew
    measure: Callable[..., Any] | None = None
    choices: Callable[..., list[tuple[str, str]]] | None = None
    module: str = ""  # offered where it is on
