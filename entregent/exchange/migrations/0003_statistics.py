from django.db import migrations

TABLES = ", ".join(
    [
        "exchange_importrow",
        "organizations_sector",
        "interactions_topic",
        "clients_client",
        "clients_person",
        "clients_clientperson",
        "clients_address",
        "clients_businessobject",
        "interactions_interaction",
        "interactions_interactionentry",
        "search_entry",
        "search_word",
        "audit_change",
    ]
)


class Migration(migrations.Migration):
    """Only the owner of a table may refresh its statistics; an import that fills an empty table must not wait for the
    server to do so by itself."""

    dependencies = [
        ("exchange", "0002_walls"),
        ("interactions", "0002_walls_and_triggers"),
        ("search", "0002_functions"),
    ]
    operations = [
        migrations.RunSQL(
            f"""
            CREATE FUNCTION exchange_refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = public, pg_temp AS $$ BEGIN ANALYZE {TABLES}; END $$
            """,
            reverse_sql="DROP FUNCTION exchange_refresh_statistics()",
        )
    ]
