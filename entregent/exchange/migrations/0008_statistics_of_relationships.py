from django.db import migrations

TABLES = [
    # Without the columns of values in JSON: no plan of an import depends on what they hold, and they take the longest.
    "exchange_importrow (batch_id, line, key, verdict, target_id)",
    "clients_client (id, organization_id, number, sort_key, status, sector_id, sector_reach, merged_into_id, deleted_at,"
    " business_account_id)",
    "clients_person (id, organization_id, external_key, sort_key, emails, merged_into_id, deleted_at)",
    "organizations_sector",
    "interactions_topic",
    "clients_clientperson",
    "clients_address",
    "clients_businessobject",
    "interactions_interaction",
    "interactions_interactionentry",
    "relationships_businessaccount (id, number)",
    "relationships_relationship (id, organization_id, account_id, state, ends_on)",
    "relationships_accessrequest (id, organization_id, account_number, state)",
    "search_entry",
    "search_word",
    "audit_change",
]


class Migration(migrations.Migration):
    dependencies = [("exchange", "0007_by_operator"), ("relationships", "0001_initial")]
    operations = [
        migrations.RunSQL(
            f"""
            CREATE OR REPLACE FUNCTION exchange_refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = public, pg_temp AS $$ BEGIN ANALYZE {", ".join(TABLES)}; END $$
            """,
            migrations.RunSQL.noop,
        )
    ]
