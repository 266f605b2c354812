"""What members are told of cases: one that became theirs, a reminder, one that is soon due."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event
from entregent.organizations.models import Module

ASSIGNED = "case_assigned"
REMINDER = "case_reminder"


def events() -> list[Event]:
    return [
        Event(
            ASSIGNED,
            gettext_lazy("Dossier qui m’est confié"),
            _assigned,
            about=About.ONESELF,
            right=Right.CASE_VIEW,
            icon="folder",
            module=Module.CASEWORK,
        ),
        Event(
            REMINDER,
            gettext_lazy("Rappel d’un dossier ou d’un contact"),
            _reminder,
            about=About.ONESELF,
            right=Right.CASE_VIEW,
            icon="calendar-event",
            module=Module.CASEWORK,
        ),
    ]


def _assigned(words: dict) -> str:
    return _("Le dossier n° %(number)s vous est confié : %(title)s (%(client)s)") % {
        "number": words.get("number", ""), "title": words.get("title", ""), "client": words.get("client", ""),
    }  # fmt: skip


def _reminder(words: dict) -> str:
    values = {"number": words.get("number", ""), "text": words.get("text", "")}
    if words.get("of") == "interaction":
        return _("Rappel de l’interaction n° %(number)s : %(text)s") % values
    return _("Rappel du dossier n° %(number)s : %(text)s") % values
