"""What the quick search looks through."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: objects like `entregent.search.quick.Source`, in the order in which their groups are shown.
search_sources = ExtensionPoint("search.sources", doc="What the quick search looks through, group by group.")
