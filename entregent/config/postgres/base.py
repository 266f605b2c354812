"""Django's PostgreSQL backend, with every connection under the role that owns nothing (access/wall.py).

With one database URL the connection's own user owns the tables; it steps down to `entregent_app` right after
connecting. Migrations step up again (`as_owner`).
"""

from contextlib import contextmanager

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations

from entregent.access.wall import APP_ROLE


class DatabaseOperations(PostgresOperations):
    def last_executed_query(self, cursor, sql, params):
        # Of a statement that runs prepared the cursor keeps no text.
        return super().last_executed_query(cursor, sql, params) or str(sql)

    def execute_sql_flush(self, sql_list):
        # Only tests flush; emptying tables is an owner's right.
        with as_owner(self.connection):
            super().execute_sql_flush(sql_list)


# Statements that a connection keeps prepared; and how often another is run before it is prepared as well: never.
MOST_PREPARED = 500
NEVER = 2**62


class PreparedCursor(psycopg.Cursor):
    """Asks the server to keep the plan of whatever it runs."""

    def execute(self, query, params=None, *, prepare=True, binary=None):
        return super().execute(query, params, prepare=prepare, binary=binary)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def init_connection_state(self):
        commit = super().init_connection_state()
        # Django turns preparing off, for poolers; whoever asks for it (`prepared_cursor`) has it here.
        self.connection.prepare_threshold = NEVER
        self.connection.prepared_max = MOST_PREPARED
        if self.settings_dict["NAME"] not in (None, "postgres") and not self.settings_dict.get("AS_OWNER"):
            step_down(self.connection)
            return True
        return commit

    def prepared_cursor(self):
        """Like `cursor`, for the few statements that every request runs (access/statements.py)."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined]


def step_down(raw_connection):
    """Takes the application's role if the database has it (it has not before its first migration)."""
    with raw_connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        cursor.fetchall()


@contextmanager
def as_owner(connection):
    """For migrations: the connection's own user again, and the application's role afterwards.

    A connection of the owner's own login (`AS_OWNER`) stays what it was.
    """
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        is_open = connection.connection is not None and not connection.connection.closed
        if is_open and not connection.settings_dict.get("AS_OWNER"):
            step_down(connection.connection)
            if not connection.in_atomic_block and not connection.get_autocommit():
                connection.commit()
