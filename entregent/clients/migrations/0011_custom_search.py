from pathlib import Path

from django.db import migrations

SEARCH = (Path(__file__).parent.parent / "search.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("clients", "0010_summary"), ("listing", "0002_views")]
    operations = [
        # Without its last part: no record has values of custom fields yet, so nothing is to be indexed anew.
        migrations.RunSQL(SEARCH.split("-- What was there before")[0], migrations.RunSQL.noop),
    ]
