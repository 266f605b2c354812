"""What members are told of plans of action."""

from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event, Mail
from entregent.organizations.models import Module


def _words(words: dict) -> dict[str, Any]:
    is_english = get_language() == "en"
    return {
        "step": words.get("step_en" if is_english else "step_fr", ""),
        "plan": words.get("plan_en" if is_english else "plan_fr", ""),
        "client": words.get("client", ""),
        "text": words.get("text", ""),
    }


def _ready(words: dict) -> str:
    return _("Étape à faire : « %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _reminder(words: dict) -> str:
    return _("Bientôt à échéance : « %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _escalated(words: dict) -> str:
    return _("En retard : « %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _told(words: dict) -> str:
    if words.get("text"):
        return _("%(plan)s, %(client)s : %(text)s") % _words(words)
    return _("« %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _failed(words: dict) -> str:
    return _("Une action a échoué : « %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _mail_refused(words: dict) -> str:
    return _("Courriel non remis : « %(step)s » (%(plan)s, %(client)s)") % _words(words)


def _why(words: dict) -> list[str]:
    return [words["text"]] if words.get("text") else []


def events() -> list[Event]:
    common: dict[str, Any] = {
        "about": About.ONESELF, "right": Right.CASE_VIEW, "module": Module.CASEWORK, "icon": "list-check",
    }  # fmt: skip
    return [
        Event("step_ready", gettext_lazy("Étape d’un plan d’action à faire"), _ready, **common),
        Event("step_reminder", gettext_lazy("Étape bientôt à échéance"), _reminder, **common),
        Event("step_escalated", gettext_lazy("Étape en retard dans mon équipe"), _escalated, mail=Mail.NOW, **common),
        Event("step_told", gettext_lazy("Message d’un plan d’action"), _told, **common),
        Event(
            "step_mail_refused",
            gettext_lazy("Courriel d’un plan d’action non remis"),
            _mail_refused,
            details=_why,
            **common,
        ),
        Event("step_failed", gettext_lazy("Action d’un plan d’action en échec"), _failed, details=_why, **common),
    ]
