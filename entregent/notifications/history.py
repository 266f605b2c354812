"""How the journal names what is done with notifications."""

from django.utils.translation import gettext_lazy as _

ACTION_WORDS = {
    "set_preferences": _("Choix des avertissements modifié"),
    "set_event_rules": _("Avertissements de l’organisation réglés"),
}
TABLE_WORDS = {
    "notifications_preference": _("Choix d’un avertissement"),
    "notifications_eventrule": _("Réglage d’un avertissement"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "event": _("Événement"),
    "scope": _("Portée"),
    "in_app": _("Dans l’application"),
    "mail": _("Par courriel"),
    "is_on": _("Activé"),
    "tells_responsible": _("Prévient le responsable"),
    "also": _("Prévient aussi"),
}
