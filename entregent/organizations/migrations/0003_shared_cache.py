from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's database cache: counters of failed sign-ins, shared by all processes.

    Unlogged: what stands in it may be lost by a crash of the server, and costs no journal of the database's.
    """

    dependencies = [("organizations", "0002_walls_and_triggers")]
    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE organizations_cache (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamptz NOT NULL
            );
            CREATE INDEX organizations_cache_expires ON organizations_cache (expires);
            """,
            reverse_sql="DROP TABLE organizations_cache",
        ),
    ]
