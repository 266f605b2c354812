"""What employees are told about transfers (requirements.md §3.6, R004-30)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.extension_points import About, Event, Mail
from entregent.organizations.models import Module


def _completed(words: dict) -> str:
    return _("Transfert terminé : « %(subject)s » (%(person)s)") % words


def _ready(words: dict) -> str:
    return _("%(person)s a remis les fichiers de « %(subject)s »") % words


def _decided(words: dict) -> str:
    if words.get("decision") == "signed":
        return _("%(person)s a signé « %(file)s »") % words
    return _("%(person)s a refusé de signer « %(file)s »") % words


def _reason(words: dict) -> list[str]:
    return [words["reason"]] if words.get("reason") else []


def _expiring(words: dict) -> str:
    return _("Le transfert « %(subject)s » (%(person)s) expire bientôt") % words


def _expired(words: dict) -> str:
    return _("Le transfert « %(subject)s » (%(person)s) a expiré") % words


def events() -> list[Event]:
    of_transfers: dict[str, Any] = {"right": Right.TRANSFER_VIEW, "icon": "file-export", "module": Module.FILE_TRANSFER}
    return [
        Event("transfer_files_ready", gettext_lazy("Les fichiers demandés sont arrivés"), _ready, About.CLIENT,
              mail=Mail.NOW, by_settings=True, **of_transfers),
        Event("transfer_completed", gettext_lazy("Un transfert de fichiers est terminé"), _completed, About.CLIENT,
              by_settings=True, **of_transfers),
        Event("transfer_signature", gettext_lazy("Un document envoyé est signé ou rejeté"), _decided, About.ONESELF,
              mail=Mail.NOW, details=_reason, **of_transfers),
        Event("transfer_expiring", gettext_lazy("Un de mes transferts expire bientôt"), _expiring, About.ONESELF,
              **of_transfers),
        Event("transfer_expired", gettext_lazy("Un de mes transferts a expiré"), _expired, About.ONESELF,
              **of_transfers),
    ]  # fmt: skip
