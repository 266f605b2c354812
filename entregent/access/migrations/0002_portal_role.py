from django.db import migrations

from entregent.access.wall import PORTAL_ROLE


class Migration(migrations.Migration):
    """The role under which the pages of the portal read: `migrate` gives it what is published, and nothing else."""

    dependencies = [("access", "0001_application_role")]
    operations = [
        migrations.RunSQL(
            f"""
            DO $$ BEGIN
                CREATE ROLE {PORTAL_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$;
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
