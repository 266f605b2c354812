"""What a password must be: long enough, and not among those that attackers try first. No rules of composition."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from entregent.toolbox.text import without_accents

ALONE = 15
WITH_SECOND_FACTOR = 8
HERE = Path(__file__).resolve().parent


def has_second_factor(user) -> bool:
    from allauth.mfa.models import Authenticator

    if user is None or user.pk is None:
        return False
    return Authenticator.objects.filter(
        user_id=user.pk, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    ).exists()


def least_length(user) -> int:
    """15 characters where the password stands alone; 8 beside a second factor, and for the demo's invented people."""
    return WITH_SECOND_FACTOR if settings.DEMO or has_second_factor(user) else ALONE


class LengthValidator:
    def validate(self, password, user=None):
        least = least_length(user)
        if len(password) < least:
            raise ValidationError(_("Au moins %(n)s caractères. Une phrase convient très bien.") % {"n": least})

    def get_help_text(self):
        return _("Au moins %(n)s caractères, %(m)s avec un second facteur. Une phrase convient très bien.") % {
            "n": ALONE,
            "m": WITH_SECOND_FACTOR,
        }


class BlocklistValidator:
    """Common passwords of both languages, with or without figures around them, runs of keys and repetitions."""

    def validate(self, password, user=None):
        if is_common(password):
            raise ValidationError(_("Ce mot de passe est trop courant. Choisissez-en un autre."))

    def get_help_text(self):
        return _("Pas un mot de passe courant.")


def is_common(password: str) -> bool:
    plain = _fold(password)
    letters = re.sub(r"[\W_]+", "", plain)
    core = re.sub(r"^\d+|\d+$", "", letters)
    return (
        plain in common_passwords()
        or letters in common_passwords()
        or (bool(core) and core in common_passwords())
        or _repeats(letters)
        or _runs(letters)
    )


def _repeats(text: str) -> bool:
    """« aaaaaaaaaaaaaaa », « motdepassemotdepasse »: one piece again and again, the piece being short or common."""
    for length in range(1, len(text) // 2 + 1):
        piece = text[:length]
        if (piece * (len(text) // length + 1))[: len(text)] == text:
            return length <= 4 or piece in common_passwords()
    return not text


_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiopasdfghjklzxcvbnm",
)


def _runs(text: str) -> bool:
    """Neighbouring keys from end to end."""
    return any(text in row or text in row[::-1] for row in _ROWS)


@cache
def common_passwords() -> frozenset[str]:
    theirs = CommonPasswordValidator().passwords
    ours = {_fold(line) for line in (HERE / "common_passwords.txt").read_text(encoding="utf-8").split("\n") if line}
    return frozenset(theirs | ours)


def _fold(text: str) -> str:
    return without_accents(text.strip()).lower()
