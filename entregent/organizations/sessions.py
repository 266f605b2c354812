"""Who is at the other end: the session, and its user with their memberships, each by one prepared statement."""

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

        found = rows_of("SELECT organizations_who(%s)", [user_id])[0][0]
        signed_in = _columns(User).record_of(found["user"]) if found else None
        if signed_in is None or not self.user_can_authenticate(signed_in):
            return None
        signed_in.found_members = found["members"]
        return signed_in


@cache
def _columns(model) -> Columns:
    return Columns(model, "s")
