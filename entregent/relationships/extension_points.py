"""What areas above do when somebody may act for a client, or may no longer."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: told(event, record), called in the transaction of what happened, inside the provider's wall. `record`
# is the AccessRequest for "request.made", "request.expiring" (days before it lapses), "request.rejected",
# "request.cancelled" and "request.expired", else the Relationship: "relationship.approved", "relationship.ended".
relationship_events = ExtensionPoint(
    "relationships.relationship_events", doc="What else happens when access is asked for, given or ended."
)
