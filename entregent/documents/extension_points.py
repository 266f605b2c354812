"""What areas above add to documents."""

from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: example(organization, language) -> facts by name, plain ({"case": {…}}): what the texts of an area
# above may ask for, with an example of each, for those who write a template.
example_facts = ExtensionPoint(
    "documents.example_facts", doc="What templates may ask for beyond the client, with an example of each."
)
