"""What members are told of interactions: a message of a client, a follow-up that is due."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event, Mail
from entregent.organizations.models import Module

PORTAL_MESSAGE = "portal_message"
FOLLOW_UP_DUE = "follow_up_due"
PORTAL_REGISTERED = "portal_registered"


def events() -> list[Event]:
    return [
        Event(
            PORTAL_MESSAGE,
            gettext_lazy("Message d’un client, par le portail ou par courriel"),
            _message,
            right=Right.INTERACTION_VIEW,
            icon="message-2",
            mail=Mail.NOW,
            details=_message_details,
        ),
        Event(
            PORTAL_REGISTERED,
            gettext_lazy("Accès au portail ouvert par un client"),
            _registered,
            right=Right.CLIENT_VIEW,
            icon="globe",
            by_settings=True,
            module=Module.PORTAL,
        ),
        Event(
            FOLLOW_UP_DUE,
            gettext_lazy("Suivi à faire aujourd’hui"),
            _follow_up,
            about=About.ONESELF,
            right=Right.INTERACTION_VIEW,
            icon="calendar-event",
        ),
    ]


def _message(words: dict) -> str:
    who = words.get("client") or words.get("person") or ""
    return _("Message de %(who)s dans l’interaction n° %(number)s") % {"who": who, "number": words.get("number", "")}


def _message_details(words: dict) -> list[str]:
    text = words.get("text", "")
    return [
        *([text] if text else []),
        _("Ne répondez pas à ce courriel : répondez dans l’écran Interactions client."),
    ]


def _registered(words: dict) -> str:
    return _("%(name)s a ouvert son accès au portail") % {"name": words.get("name", "")}


def _follow_up(words: dict) -> str:
    return _("Suivi à faire avec %(who)s : interaction n° %(number)s") % {
        "who": words.get("who", ""), "number": words.get("number", ""),
    }  # fmt: skip
