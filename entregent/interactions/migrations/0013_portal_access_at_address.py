from pathlib import Path

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """Whose mail this is, by the address to which an access to the portal was given."""

    dependencies = [("interactions", "0012_published_by_number")]

    operations = [
        migrations.AddIndex(
            model_name="portalaccess",
            index=models.Index(models.F("organization"), Lower("email"), name="portal_access_at_address"),
        ),
        migrations.RunSQL(
            (Path(__file__).parent.parent / "portal_accesses_at.sql").read_text(),
            "DROP FUNCTION interactions_portal_accesses_at(text)",
        ),
    ]
