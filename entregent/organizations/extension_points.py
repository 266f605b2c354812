"""What areas above add to organizations."""

from dataclasses import dataclass

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: seed(organization), called inside the new organization and its transaction.
organization_defaults = ExtensionPoint(
    "organizations.organization_defaults", doc="What a new organization starts with: types of objects, topics."
)
# Contributions: blockers(sector) -> list of sentences, « 12 clients y sont rattachés. ».
sector_blockers = ExtensionPoint("organizations.sector_blockers", doc="What still uses a sector and keeps it.")
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
