from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / name).read_text(), migrations.RunSQL.noop)
        for name in ("attach.sql", "journal.sql")
    ]
