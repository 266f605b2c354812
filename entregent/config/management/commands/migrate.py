"""`migrate`, done by the owner of the tables; the application's role gets its rights afterwards."""

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from entregent.access.wall import APP_ROLE, PORTAL_ROLE
from entregent.config.postgres.base import as_owner
from entregent.portal.database_role import READABLE

# The journal is written by triggers and by `record`; the application can neither change nor remove what stands there.
# The words of interactions, and what of them is published, are written by triggers alone.
LIMITED = {
    "audit_change": "SELECT",
    "audit_action": "SELECT, INSERT",
    "interactions_words": "SELECT",
    "cases_words": "SELECT",
    "interactions_publishedentry": "SELECT",
    "interactions_publishedfile": "SELECT",
}


class Command(migrate.Command):
    def handle(self, *args, **options):
        if options["database"] == DEFAULT_DB_ALIAS and "owner" in connections:
            options["database"] = "owner"
        connection = connections[options["database"]]
        with as_owner(connection):
            super().handle(*args, **options)
            _grant(connection)


def _grant(connection):
    tables = set(connection.introspection.table_names(include_views=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s)", [[APP_ROLE, PORTAL_ROLE]])
        if cursor.fetchone() != (2,):
            return
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")
        for table, rights in LIMITED.items():
            if table in tables:
                cursor.execute(f"REVOKE ALL ON {table} FROM {APP_ROLE}")
                cursor.execute(f"GRANT {rights} ON {table} TO {APP_ROLE}")
        _grant_portal(cursor, tables)
        login = connections[DEFAULT_DB_ALIAS].settings_dict["USER"] or connection.settings_dict["USER"]
        for role in (APP_ROLE, PORTAL_ROLE):
            _let_in(cursor, login, role)


def _grant_portal(cursor, tables):
    """The pages of the portal read these tables and write none."""
    cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {PORTAL_ROLE}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {PORTAL_ROLE}")
    if readable := sorted(READABLE & tables):
        cursor.execute(f"GRANT SELECT ON {', '.join(readable)} TO {PORTAL_ROLE}")


def _let_in(cursor, login, role):
    """The login of web and worker, which may be the owner's: it steps down to the role after connecting."""
    cursor.execute(
        """
        SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = %s AND NOT rolsuper
        AND NOT pg_has_role(oid, %s, CASE WHEN current_setting('server_version_num')::int >= 160000
                                     THEN 'SET' ELSE 'MEMBER' END)
        """,
        [login, role],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f"GRANT {role} TO {name}")
