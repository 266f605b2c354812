from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("organizations", "0011_calendar_and_teams")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "door.sql").read_text(), migrations.RunSQL.noop),
    ]
