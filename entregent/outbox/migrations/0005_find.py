from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_delivery")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "find.sql").read_text(), migrations.RunSQL.noop),
    ]
