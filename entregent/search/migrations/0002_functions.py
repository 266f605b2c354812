from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "search.sql").read_text(), migrations.RunSQL.noop),
    ]
