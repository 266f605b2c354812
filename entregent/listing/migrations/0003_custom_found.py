from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("listing", "0002_views")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "custom.sql").read_text(), migrations.RunSQL.noop),
    ]
