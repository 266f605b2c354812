from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_changes_of_action")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "attach.sql").read_text(), migrations.RunSQL.noop),
    ]
