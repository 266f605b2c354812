from django.db import migrations

TABLES = [
    "clients_businessobject (id, organization_id, client_id, type_id, state, due_on, deleted_at)",
    "cases_case (id, organization_id, client_id, case_type_id, automatic_key, closed_at, deleted_at)",
    "cases_caseobject",
    "cases_caseparticipant",
    "dunning_dunninghold",
    "dunning_dunningrun",
    "processes_processrun (id, organization_id, client_id, case_id, start_key, state)",
    "processes_processstep (id, organization_id, run_id, state)",
    "processes_processjob (id, organization_id, run_id, step_id, state)",
]


class Migration(migrations.Migration):
    """Only the owner of a table may refresh its statistics; a first dunning fills tables that are empty to the planner
    faster than the server looks at them."""

    dependencies = [
        ("dunning", "0001_initial"),
        ("cases", "0001_initial"),
        ("clients", "0001_initial"),
        ("processes", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            f"""
            CREATE FUNCTION dunning_refresh_statistics() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = public, pg_temp AS $$ BEGIN ANALYZE {", ".join(TABLES)}; END $$
            """,
            reverse_sql="DROP FUNCTION dunning_refresh_statistics()",
        )
    ]
