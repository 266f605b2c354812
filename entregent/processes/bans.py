"""What the law forbids, whoever designed the process and whoever asks (R001-35).

Water is never cut nor throttled in a main residence (France, Code de l'action sociale, L115-3); electricity and gas are
not cut in winter, from 1 November to 31 March.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from entregent.processes.definitions import CUT_SUPPLY
from entregent.toolbox.errors import Refusal

_SERVICES = {"eau": "water", "électricité": "electricity", "electricite": "electricity", "gaz": "gas"}


@dataclass(frozen=True)
class Ban:
    """An act that is forbidden: for ever, or until a day."""

    code: str
    sentence: str
    until: date | None = None

    def refusal(self) -> Refusal:
        return Refusal(self.code, self.sentence)


def service_of(body: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The service that a plan is about: what the facts say, else the process."""
    told = str(facts.get("service") or body.get("service") or "").strip().casefold()
    return _SERVICES.get(told, told)


def ban_on(act: str, service: str, day: date) -> Ban | None:
    """What forbids an act of a service on a day; None when nothing does."""
    if act != CUT_SUPPLY:
        return None
    if service == "water":
        return Ban("E-001-WATER-CUT", _("La coupure d'eau est interdite."))
    if service in ("electricity", "gas") and (day.month >= 11 or day.month <= 3):
        until = date(day.year + (day.month >= 11), 4, 1)
        sentence = _("Aucune coupure du 1er novembre au 31 mars : trêve hivernale.")
        return Ban("E-001-WINTER-CUT", sentence, until)
    return None
