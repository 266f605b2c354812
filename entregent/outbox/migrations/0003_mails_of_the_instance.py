from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_wall_and_lease")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "instance.sql").read_text(), migrations.RunSQL.noop),
    ]
