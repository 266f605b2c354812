"""What areas above add to lists."""

from collections.abc import Callable
from dataclasses import dataclass, field

from entregent.toolbox.extension_points import ExtensionPoint


@dataclass(frozen=True)
class CustomSubject:
    """Records that carry custom fields in their column `custom`.

    `list_code` is the list of such records, `index` the function of the database that writes their entry of the search
    anew. `variants` are the kinds of record on which a field may be offered (the channels of an interaction); without
    them a field is offered on all.
    """

    code: str
    label: object
    plural: object
    table: str
    position: int = 100
    list_code: str = ""
    variants: Callable[[], list[tuple[str, str]]] | None = None
    usual_variants: tuple[str, ...] = field(default=())
    index: str = ""


# Contributions: a `CustomSubject`.
custom_subjects = ExtensionPoint(
    "listing.custom_subjects", doc="Records that carry custom fields: clients, people, interactions."
)
# Contributions: functions(member) -> list[ListDefinition].
list_definitions = ExtensionPoint("listing.lists", doc="Lists of records: columns, relations, where they come from.")
# Contributions: functions(code of a list, member) -> list[Column], for lists of areas below.
list_columns = ExtensionPoint("listing.columns", doc="Further columns of the lists of areas below.")
