"""What people can be told of mails that come in."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event, Mail

MAILBOX_IN_TROUBLE = "mailbox_in_trouble"
MAIL_TO_ATTACH = "mail_to_attach"


def _trouble(words: dict) -> str:
    return _("La boîte de réception « %(name)s » n’est plus relevée.") % {"name": words.get("name", "")}


def _trouble_details(words: dict) -> list[str]:
    return [words["error"]] if words.get("error") else []


def _to_attach(words: dict) -> str:
    return _("Un courriel de %(sender)s est à rattacher.") % {"sender": words.get("sender", "")}


def events() -> list[Event]:
    return [
        Event(
            MAILBOX_IN_TROUBLE,
            gettext_lazy("Une boîte de réception n’est plus relevée"),
            _trouble,
            About.ORGANIZATION,
            Right.MAILBOXES,
            "mail-off",
            mail=Mail.NOW,
            details=_trouble_details,
        ),
        Event(
            MAIL_TO_ATTACH,
            gettext_lazy("Un courriel reçu est à rattacher"),
            _to_attach,
            About.ORGANIZATION,
            Right.INBOUND_ATTACH,
            "mail",
        ),
    ]
