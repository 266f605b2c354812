"""Where upper areas add to interactions."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: begun(mark, interaction, by=member), in the transaction of the contact. `mark` is what the address of
# the composer carried (« appel-12 »): whoever knows such marks ties what they stand for to the interaction.
contact_beginnings = ExtensionPoint(
    "interactions.contact_beginnings", doc="What a contact was begun from: a telephone call."
)
# Contributions: written(entry, interaction), in the transaction: somebody at the organization or at the client has said
# something, or noted it.
entry_written = ExtensionPoint("interactions.entry_written", doc="What else happens when an entry is written.")
