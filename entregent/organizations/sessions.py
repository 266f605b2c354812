"""Who is at the other end: the session and its user, read by every request, each by a prepared statement."""

from functools import cache

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.sessions.backends import db

from entregent.access.statements import Columns, rows_of


class SessionStore(db.SessionStore):
    """Django's sessions in the database."""

    def _get_session_from_db(self):
        session = _columns(self.get_model_class())
        found = rows_of(
            f"SELECT {session.sql} FROM django_session s WHERE s.session_key = %s AND s.expire_date > now()",  # noqa: S608
            [self.session_key],
        )
        if found:
            return session.record(found[0])
        self._session_key = None
        return None


class SignIn(AuthenticationBackend):
    """Sign-in of django-allauth."""

    def get_user(self, user_id):
        from entregent.organizations.models import User

        user = _columns(User)
        found = rows_of(f"SELECT {user.sql} FROM organizations_user s WHERE s.id = %s", [user_id])  # noqa: S608
        signed_in = user.record(found[0]) if found else None
        return signed_in if signed_in is not None and self.user_can_authenticate(signed_in) else None


@cache
def _columns(model) -> Columns:
    return Columns(model, "s")
