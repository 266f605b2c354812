from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_walls_and_triggers"), ("search", "0003_find")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "search.sql").read_text(), migrations.RunSQL.noop),
    ]
