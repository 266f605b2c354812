from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbound", "0003_instance_mailbox_since")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "addresses.sql").read_text(), migrations.RunSQL.noop),
    ]
