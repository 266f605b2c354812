"""Where upper areas add to clients."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: blockers(client) -> list of sentences (« 2 dossiers ouverts ») that say why it cannot be deleted.
deletion_blockers = ExtensionPoint("clients.deletion_blockers", doc="What forbids the deletion of a client (R004-15).")
# Contributions: changed(client, by=…, what=…), in the transaction of the change. `what` is the name of the action.
client_changed = ExtensionPoint("clients.client_changed", doc="What else happens when a client is changed.")
# Contributions: deleted(person, by=…), in the transaction: portal access ends, and so on (R004-16).
person_deleted = ExtensionPoint("clients.person_deleted", doc="What else happens when a person is deleted.")
# Contributions: locked(organization_id), before two clients are locked to be merged or parted.
before_merging = ExtensionPoint("clients.before_merging", doc="What is locked before two clients are merged or parted.")
# Contributions: movers.Mover, one for each table whose rows hang on clients.
movers = ExtensionPoint("clients.movers", doc="What moves with a client that is merged into another, and back.")
# Contributions: movers.Mover, one for each column that names a person.
person_movers = ExtensionPoint("clients.person_movers", doc="What moves with a person merged into another, and back.")
# Contributions: changed(organization, changes), `changes` a sequence of state_changes.Change, some hundred at once, by
# the worker within a minute: an import that pays 100,000 invoices waits for nobody.
state_changes = ExtensionPoint(
    "clients.state_changes", doc="What follows when an object or a client changes its state."
)
