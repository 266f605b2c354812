"""The second wall: row-level security by organization, in the database.

The web and the worker run under a role that owns nothing (`entregent_app`). Every table with an organization_id has
a policy that compares it with the setting `app.org_id` of the transaction; without the setting nothing is seen.
Journal triggers read `app.user_id` and `app.action_id` from the same place.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from entregent.access.statements import rows_of

APP_ROLE = "entregent_app"
# Reads what is published to clients, and nothing else: pages of the portal are drawn under it.
PORTAL_ROLE = "entregent_portal"


@contextmanager
def in_organization(organization_id: int, *, user_id: int | None = None, most_seconds: int = 0) -> Iterator[None]:
    """One atomic piece of work within one organization: what a request, a job or a command does, is done inside.

    The settings end with the transaction; nested, the outer organization is put back at the end.
    """
    outer = _settings() if connection.in_atomic_block else None
    with transaction.atomic():
        enter(organization_id, user_id=user_id, most_seconds=most_seconds)
        yield
        if outer is not None:
            _set(*outer)


@contextmanager
def as_user(user_id: int) -> Iterator[None]:
    """Before an organization is chosen: a person sees their own memberships, and nothing else."""
    outer = _settings() if connection.in_atomic_block else None
    with transaction.atomic():
        enter_as_user(user_id)
        yield
        if outer is not None:
            _set(*outer)


@contextmanager
def outside() -> Iterator[None]:
    """Outside of any organization and for nobody: mails of the instance, the sender of mails."""
    outer = _settings() if connection.in_atomic_block else None
    with transaction.atomic():
        _set("", "")
        yield
        if outer is not None:
            _set(*outer)


def enter(organization_id: int, *, user_id: int | None = None, most_seconds: int = 0) -> None:
    """For the rest of the transaction at hand: inside the organization, each statement within `most_seconds`."""
    _set(str(organization_id), "" if user_id is None else str(user_id), most_seconds)


def enter_as_user(user_id: int) -> None:
    """For the rest of the transaction at hand: a person before an organization is chosen."""
    _set("", str(user_id))


@contextmanager
def as_portal() -> Iterator[None]:
    """Until the end of the block, within the transaction at hand: under the role that reads what is published.

    A block that fails leaves the role to the rollback of its transaction.
    """
    _take_role(PORTAL_ROLE)
    yield
    _take_role(APP_ROLE)


@contextmanager
def acting() -> Iterator[None]:
    """Within `as_portal`: an action, under the role of the application."""
    _take_role(APP_ROLE)
    try:
        yield
    finally:
        # After an error of the database nothing can be asked until the transaction is rolled back, the role with it.
        if not connection.needs_rollback and connection.connection.info.transaction_status != TransactionStatus.INERROR:
            _take_role(PORTAL_ROLE)


def _take_role(role: str) -> None:
    rows_of("SELECT set_config('role', %s, true)", [role])


def current_organization_id() -> int | None:
    value = _settings()[0]
    return int(value) if value else None


def _settings() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('app.org_id', true), ''), "
            "coalesce(current_setting('app.user_id', true), '')"
        )
        return cursor.fetchone()


_SETTINGS = (
    "SELECT set_config('app.org_id', %s, true), set_config('app.user_id', %s, true), "
    "set_config('app.action_id', '', true)"
)
_SETTINGS_WITHIN = f"{_SETTINGS}, set_config('statement_timeout', %s, true)"


def _set(organization: str, user: str, most_seconds: int = 0) -> None:
    if most_seconds:
        rows_of(_SETTINGS_WITHIN, [organization, user, f"{most_seconds}s"])
    else:
        rows_of(_SETTINGS, [organization, user])
