"""What areas above do when somebody may act for a client, or may no longer, and what they know of those clients."""

from collections.abc import Collection
from typing import Any, Protocol

from entregent.outbox.extension_points import Subject
from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: told(event, record), called in the transaction of what happened, inside the provider's wall. `record`
# is the AccessRequest for "request.made", "request.expiring" (7 and 1 days before it lapses), "request.rejected",
# "request.cancelled" and "request.expired", else the Relationship: "relationship.approved", "relationship.ending" (30,
# 7 and 1 days ahead), "relationship.ended".
relationship_events = ExtensionPoint(
    "relationships.relationship_events", doc="What else happens when access is asked for, given or ended."
)


class TiedClients(Protocol):
    """The provider's own clients, by the business account that they are."""

    def accounts(self, member, right) -> Any:
        """The ids of the accounts of the clients that `member` reaches with `right`, as a subquery."""

    def named(self, member, accounts: Collection[int]) -> dict[int, Subject]:
        """The client of each of these accounts, as pages name it, where `member` sees it."""


# Filled by `clients`.
tied_clients = ExtensionPoint("relationships.tied_clients", doc="The provider's own clients, by business account.")
# Contributions: lost(member, relationship) -> list of sentences, in the reader's language.
what_is_lost = ExtensionPoint(
    "relationships.what_is_lost", doc="What the provider would lose if a relationship ended now."
)
