from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    """The same forms of texts, worked out more quickly: databases that had the functions before get them anew."""

    dependencies = [("search", "0005_reach_in_indexes")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "key.sql").read_text(), migrations.RunSQL.noop),
    ]
