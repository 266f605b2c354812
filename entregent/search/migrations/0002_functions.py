from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent.parent

class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [
        migrations.RunSQL((HERE / "key.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((HERE / "search.sql").read_text(), migrations.RunSQL.noop),
    ]
