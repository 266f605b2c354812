from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent.parent
SEARCH = (HERE / "search.sql").read_text()


class Migration(migrations.Migration):
    """What is written with a client, worked out more quickly: databases that had the functions before get them anew."""

    dependencies = [("clients", "0021_orders_with_clients"), ("search", "0006_quicker_key")]
    operations = [
        migrations.RunSQL((HERE / "duplicates.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((HERE / "summary_clients.sql").read_text(), migrations.RunSQL.noop),
        # Without its last part: what is written stays the same, so that nothing is to be indexed anew.
        migrations.RunSQL(SEARCH.split("-- What was there before")[0], migrations.RunSQL.noop),
    ]
