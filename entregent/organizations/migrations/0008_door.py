from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("organizations", "0007_mail_settings")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "door.sql").read_text(), migrations.RunSQL.noop),
    ]
