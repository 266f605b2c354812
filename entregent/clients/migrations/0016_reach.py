from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent.parent


class Migration(migrations.Migration):
    dependencies = [("clients", "0015_duplicate_keys_at_once")]
    operations = [
        migrations.RunSQL(
            (HERE / "reach.sql").read_text(), "DROP FUNCTION clients_in_reach(bigint[], bigint[], boolean, integer)"
        ),
    ]
