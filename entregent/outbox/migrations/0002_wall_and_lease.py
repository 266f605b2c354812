from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial"), ("access", "0001_application_role")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "outbox.sql").read_text(), migrations.RunSQL.noop),
    ]
