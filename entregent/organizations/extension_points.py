"""What areas above add to organizations."""

from dataclasses import dataclass

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: seed(organization), called inside the new organization and its transaction.
organization_defaults = ExtensionPoint(
    "organizations.organization_defaults", doc="What a new organization starts with: types of objects, topics."
)
# Contributions: blockers(sector) -> list of sentences, « 12 clients y sont rattachés. ».
sector_blockers = ExtensionPoint("organizations.sector_blockers", doc="What still uses a sector and keeps it.")
# Contributions: scopes(client_id) -> {scope type: ids in which the client stands}, beside its sectors and itself.
client_scopes = ExtensionPoint("organizations.client_scopes", doc="Further scopes in which a client stands: groups.")
# Contributions: {name of an action: what was done, in words}.
action_words = ExtensionPoint("organizations.action_words", doc="How the audit journal names the actions of an area.")
# Contributions: {table of the database: what one row of it is, in words}.
table_words = ExtensionPoint("organizations.table_words", doc="How the audit journal names the records of an area.")
# Contributions: tell(organization_id, table, column, before, after, cache) -> list[journal.Line], or None for columns of
# others. `cache` is a dictionary kept for one page.
column_tellers = ExtensionPoint(
    "organizations.column_tellers", doc="How the journal tells a column that holds several values."
)
# Contributions: entries(member) -> list[AdministrationEntry].
administration_entries = ExtensionPoint(
    "organizations.administration_entries", doc="Entries of the left navigation of the administration pages."
)


@dataclass(frozen=True)
class AdministrationEntry:
    """One page of the administration. `keywords` are further words by which its search finds it."""

    label: str
    icon: str
    url: str
    keywords: str = ""
