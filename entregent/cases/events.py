"""What members are told of cases: one that became theirs, a reminder, one that is soon due."""

from datetime import date

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event
from entregent.organizations.models import Module

ASSIGNED = "case_assigned"
REMINDER = "case_reminder"
DUE_SOON = "case_due_soon"
SLA_SOON = "case_sla_soon"
SLA_LATE = "case_sla_late"


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
        Event(
            DUE_SOON,
            gettext_lazy("Dossier bientôt à échéance"),
            _due_soon,
            about=About.ONESELF,
            right=Right.CASE_VIEW,
            icon="calendar-event",
            module=Module.CASEWORK,
        ),
        Event(
            SLA_SOON,
            gettext_lazy("Délai de réponse bientôt dépassé"),
            _sla_soon,
            about=About.ONESELF,
            right=Right.CASE_VIEW,
            icon="clock",
            module=Module.CASEWORK,
        ),
        Event(
            SLA_LATE,
            gettext_lazy("Délai de réponse dépassé"),
            _sla_late,
            about=About.ONESELF,
            right=Right.CASE_VIEW,
            icon="alert-triangle",
            module=Module.CASEWORK,
        ),
    ]


def _promise(words: dict) -> str:
    """« première réponse », as it stands in a sentence."""
    return {"first": _("première réponse"), "next": _("réponse suivante"), "solution": _("solution")}.get(
        words.get("kind", ""), ""
    )


def _due_soon(words: dict) -> str:
    from babel.dates import format_date

    day = date.fromisoformat(words["due"]) if words.get("due") else None
    return _("À échéance le %(day)s, dossier n° %(number)s : %(title)s") % {
        "number": words.get("number", ""), "title": words.get("title", ""),
        "day": format_date(day, "d MMMM", locale=get_language() or "fr") if day is not None else "",
    }  # fmt: skip


def _sla_soon(words: dict) -> str:
    return _("Bientôt en retard, dossier n° %(number)s : %(title)s (%(promise)s)") % {
        "number": words.get("number", ""), "title": words.get("title", ""), "promise": _promise(words),
    }  # fmt: skip


def _sla_late(words: dict) -> str:
    return _("Délai dépassé, dossier n° %(number)s : %(title)s (%(promise)s)") % {
        "number": words.get("number", ""), "title": words.get("title", ""), "promise": _promise(words),
    }  # fmt: skip


def _assigned(words: dict) -> str:
    return _("Le dossier n° %(number)s vous est confié : %(title)s (%(client)s)") % {
        "number": words.get("number", ""), "title": words.get("title", ""), "client": words.get("client", ""),
    }  # fmt: skip


def _reminder(words: dict) -> str:
    values = {"number": words.get("number", ""), "text": words.get("text", "")}
    if words.get("of") == "interaction":
        return _("Rappel de l’interaction n° %(number)s : %(text)s") % values
    return _("Rappel du dossier n° %(number)s : %(text)s") % values
