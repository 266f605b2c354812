"""The pages of the portal that stand in its navigation."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def navigation() -> list[tuple[str, str, str]]:
    """(name of the URL, label, icon); the name is also what a page gives as `here`."""
    return [
        ("home", pgettext("portal", "Accueil"), "home"),
        ("exchanges", _("Mes échanges"), "message-2"),
        ("documents", _("Documents"), "folder"),
        ("details", _("Mes coordonnées"), "user"),
    ]
