from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

from entregent.access.wall import APP_ROLE


class Migration(migrations.Migration):
    """The role under which web and worker run: it owns nothing and cannot pass row-level security."""

    initial = True
    dependencies = []
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(
            f"""
            DO $$ BEGIN
                CREATE ROLE {APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$;
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
