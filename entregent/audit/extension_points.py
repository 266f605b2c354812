"""What areas add to the reading of the journal."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: sentence(action name, data) -> the sentence that tells it, or "" for actions of other areas.
sentences = ExtensionPoint("audit.sentences", doc="How an area tells its own actions in the history of a client.")
