from django.db import migrations

# Tables of a few dozen rows, which everything else is joined to. PostgreSQL would not look at them before fifty rows have
# changed, takes them for one row meanwhile, and then goes through a hundred thousand steps for each of them.
_TABLES = (
    "organizations_team", "organizations_teammember", "organizations_user", "organizations_membership",
    "organizations_sector", "clients_businessobjecttype", "interactions_topic", "cases_casetype",
    "processes_processdefinition", "processes_processversion",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("processes", "0002_walls_and_triggers"), ("cases", "0004_words")]
    operations = [
        migrations.RunSQL(
            [
                *(
                    f"ALTER TABLE {table} SET (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0.05)"
                    for table in _TABLES
                ),
                f"ANALYZE {', '.join(_TABLES)}",
            ],
            [f"ALTER TABLE {table} RESET (autovacuum_analyze_threshold, autovacuum_analyze_scale_factor)" for table in _TABLES],
        )
    ]
