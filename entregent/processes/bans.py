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

KNOWN = ("water", "electricity", "gas")
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
    """The service that a plan is about: what the process says. What somebody gave as a fact makes it stricter only:
    water wins, and a word that is no service leaves it unknown."""
    declared, told = (_service(given.get("service")) for given in (body, facts))
    if "water" in (declared, told):
        return "water"
    return told if told and told not in KNOWN else declared or told


def _service(given: Any) -> str:
    told = str(given or "").strip().casefold()
    return _SERVICES.get(told, told)


def ban_on(act: str, service: str, day: date) -> Ban | None:
    """What forbids an act of a service on a day; None when nothing does."""
    if act != CUT_SUPPLY:
        return None
    if service == "water":
        return Ban("E-001-WATER-CUT", _("La coupure d'eau est interdite."))
    if service not in KNOWN:
        return Ban("E-001-CUT-SERVICE", _("Aucune coupure sans savoir de quel service : eau, électricité ou gaz."))
    if day.month >= 11 or day.month <= 3:
        until = date(day.year + (day.month >= 11), 4, 1)
        sentence = _("Aucune coupure du 1er novembre au 31 mars : trêve hivernale.")
        return Ban("E-001-WINTER-CUT", sentence, until)
    return None
