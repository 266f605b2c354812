from pathlib import Path

from django.db import migrations

from entregent.access.migration_operations import journal, wall

HERE = Path(__file__).parent.parent


class Migration(migrations.Migration):
    dependencies = [("clients", "0008_duplicates"), ("search", "0003_find")]
    operations = [
        wall("clients_duplicaterules"),
        wall("clients_duplicateprofile"),
        wall("clients_duplicatepair"),
        wall("clients_notduplicate"),
        wall("clients_clientalias"),
        wall("clients_merge"),
        wall("clients_mergedrow"),
        journal("clients_duplicaterules"),
        journal("clients_notduplicate"),
        journal("clients_clientalias", client="r.client_id"),
        journal("clients_merge", client="r.winner_id"),
        migrations.RunSQL((HERE / "duplicates.sql").read_text(), migrations.RunSQL.noop),
        # The search index calls what keeps the profiles; what was there before is indexed anew.
        migrations.RunSQL((HERE / "search.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(
            """
            CREATE TRIGGER client_alias_searchable_insert AFTER INSERT ON clients_clientalias
                REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
            CREATE TRIGGER client_alias_searchable_update AFTER UPDATE ON clients_clientalias
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
            CREATE TRIGGER client_alias_searchable_delete AFTER DELETE ON clients_clientalias
                REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_part_searchable();
            """,
            migrations.RunSQL.noop,
        ),
    ]
