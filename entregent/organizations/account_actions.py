"""What people change about their own account. No organization is acted upon: the journal entry is theirs alone."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from entregent.access.wall import as_user
from entregent.audit.actions import record
from entregent.organizations import invitations
from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line

NAME_MOST = 120


@transaction.atomic
def update_profile(user: User, *, name: str, language: str, theme: str, single_key_shortcuts: bool) -> User:
    """A person's own name, language, theme and single-key shortcuts."""
    name = one_line(name)
    _check_name(name)
    if language not in User.Language.values or theme not in User.Theme.values:
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."))
    with as_user(user.pk):
        record("update_profile", user_id=user.pk, subject=user)
        locked = User.objects.select_for_update().get(pk=user.pk)
        locked.name, locked.language, locked.theme = name, language, theme
        locked.single_key_shortcuts = single_key_shortcuts
        locked.save(update_fields=["name", "language", "theme", "single_key_shortcuts"])
    return locked


def choose_language(user: User, language: str) -> None:
    """The language of the pages and of the mails to this person."""
    if language not in User.Language.values:
        raise Refusal("E-CHOICE", _("Choisissez une valeur de la liste."))
    User.objects.filter(pk=user.pk).update(language=language)


@transaction.atomic
def accept_invitation(token: str, *, name: str, password: str) -> User:
    """Sets the first password of somebody who was invited. The link is void from then on."""
    user = invitations.read_token(token)
    with as_user(user.pk):
        User.objects.select_for_update().get(pk=user.pk)
        # Somebody may have used the link between the first look and the lock.
        user = invitations.read_token(token)
        record("accept_invitation", user_id=user.pk, subject=user)
        user.name = one_line(name)
        refusals = []
        try:
            _check_name(user.name)
        except Refusal as refusal:
            refusals.append(refusal)
        try:
            validate_password(password, user)
        except ValidationError as error:
            refusals += [Refusal("E-PASSWORD", message, field="password") for message in error.messages]
        if refusals:
            raise Refusals(refusals)
        user.set_password(password)
        user.save(update_fields=["name", "password"])
    return user


def _check_name(name: str) -> None:
    if not name:
        raise required("name", _("Le nom"))
    if len(name) > NAME_MOST:
        raise too_long("name", _("Le nom"), NAME_MOST)
