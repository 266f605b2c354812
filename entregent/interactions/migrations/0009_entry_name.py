from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("interactions", "0008_attachments")]
    operations = [
        migrations.RunSQL((Path(__file__).parent.parent / "entry_name.sql").read_text(), migrations.RunSQL.noop),
    ]
