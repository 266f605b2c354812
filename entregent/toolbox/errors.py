"""Refusals: what the product says when it does not do what was asked.

The codes and the French sentences are those of requirements.md §5. A refusal is raised by an action and shown by a
page at its field, or answered by the API as a problem document with the same code.
"""

from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """The product does not do what was asked, and says why.

    `code` is one of requirements.md §5, `message` a sentence for the person who asked, `field` the name of the form
    field at fault (None: the whole request), `status` the HTTP status that pages and the API answer.
    """

    def __init__(self, code, message, *, field=None, status=422):
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.status = status

    def __str__(self):
        return f"{self.code}: {self.message}"


class Refusals(Exception):
    """Several refusals of one request, field by field, so that a person mends them all at once."""

    status = 422

    def __init__(self, refusals):
        self.refusals = list(refusals)
        super().__init__("; ".join(str(refusal) for refusal in self.refusals))


class NotFound(Refusal):
    """Absent, deleted, out of reach or of another organization: all four look the same (RX-02)."""

    def __init__(self):
        super().__init__("E-NOTFOUND", _("Introuvable."), status=404)


class RightMissing(Refusal):
    def __init__(self):
        super().__init__("E-ROLE", _("Vous n'avez pas l'habilitation nécessaire."), status=403)


class ModuleOff(Refusal):
    def __init__(self):
        super().__init__("E-MODULE", _("Ce module n'est pas activé pour votre organisation."), status=403)


class SessionEnded(Refusal):
    def __init__(self):
        super().__init__("E-AUTH", _("Votre session a expiré. Reconnectez-vous."), status=401)


class TooLong(Refusal):
    """The database was still looking when a page may wait no longer."""

    def __init__(self):
        super().__init__(
            "E-TOO-LONG", _("Cette question demande trop de temps. Précisez-la, puis recommencez."), status=503
        )


class Stale(Refusal):
    """Somebody saved a newer version meanwhile. `current` is the record as it stands now; who saved it, and when."""

    def __init__(self, *, who, when, current=None):
        super().__init__(
            "E-STALE",
            _("Cette fiche a été modifiée par %(who)s à %(when)s.") % {"who": who, "when": when},
            status=409,
        )
        self.who = who
        self.when = when
        self.current = current


def required(field, label):
    return Refusal("E-REQUIRED", _("%(field)s est obligatoire.") % {"field": label}, field=field)


def too_long(field, label, most):
    return Refusal("E-LENGTH", _("%(field)s : %(n)s caractères au maximum.") % {"field": label, "n": most}, field=field)
