"""What people are told of transmissions (requirements.md §3.6)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event, Mail
from entregent.organizations.models import Module


def _rejected(words: dict) -> str:
    return _("Transmission rejetée : %(name)s (demande de prêt %(application)s)") % words


def _duplicate(words: dict) -> str:
    return _("Doublon possible à décider : %(name)s (demande de prêt %(application)s)") % words


def _reason(words: dict) -> list[str]:
    return [words["reason"]] if words.get("reason") else []


def events() -> list[Event]:
    shared: dict[str, Any] = {"icon": "send", "module": Module.MORTGAGE}
    return [
        Event("transmission_rejected", gettext_lazy("Une de mes transmissions est rejetée"), _rejected, About.ONESELF,
              right=Right.LOAN_VIEW, mail=Mail.NOW, details=_reason, **shared),
        Event("transmission_duplicate", gettext_lazy("Une transmission est un doublon possible"), _duplicate,
              About.ORGANIZATION, right=Right.HEAD_OFFICE, **shared),
    ]  # fmt: skip
