from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    """Accesses through groups come as one row for each role."""

    dependencies = [("organizations", "0013_token_scopes")]

    operations = [migrations.RunSQL((Path(__file__).parent.parent / "door.sql").read_text(), migrations.RunSQL.noop)]
