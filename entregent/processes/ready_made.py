"""Ready-made processes: ten trades' ways of working, in both languages, to be taken as they are or changed.

They stand in `presets/` as the YAML that an administrator would import. Taking one also makes the classifications that
it is for, where the organization has none of that code.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.db import transaction
from django.utils.translation import get_language

from entregent.cases.models import CaseType
from entregent.organizations.models import Membership, Organization, Trade
from entregent.processes import actions
from entregent.processes.definitions import read
from entregent.processes.fields import words_of
from entregent.processes.models import ProcessVersion
from entregent.toolbox.errors import NotFound

FOLDER = Path(__file__).parent / "presets"

# The presets that suit a trade best, in the order in which they are offered.
OF_TRADES: dict[str, tuple[str, ...]] = {
    Trade.WATER: ("reclamation_facture", "resiliation", "emmenagement", "relance_eau", "relance_energie"),
    Trade.ACCOUNTING: ("ouverture_mandat", "bilan_annuel"),
    Trade.CUSTOMS: ("dedouanement",),
    Trade.MANUFACTURER: ("reclamation_qualite",),
    Trade.MORTGAGE: ("renouvellement_hypothecaire",),
}
# Classifications that presets are for: path → how it is called, its rule for the due date.
CASE_TYPES: dict[str, tuple[str, str, str]] = {
    "reclamation": ("Réclamation", "Complaint", "1 month"),
    "reclamation/qualite": ("Réclamation qualité", "Quality complaint", "1 month"),
    "resiliation": ("Résiliation", "Termination", ""),
    "emmenagement": ("Emménagement", "Moving in", ""),
    "relance": ("Relance", "Dunning", ""),
    "mandat": ("Mandat", "Engagement", ""),
    "mandat/ouverture": ("Ouverture de mandat", "New engagement", ""),
    "mandat/bilan": ("Bilan annuel", "Annual accounts", ""),
    "dedouanement": ("Dédouanement", "Customs clearance", ""),
    "hypotheque": ("Hypothèque", "Mortgage", ""),
    "hypotheque/renouvellement": ("Renouvellement", "Renewal", ""),
}


@dataclass(frozen=True)
class Preset:
    """A ready-made process."""

    code: str
    name_fr: str
    name_en: str
    case_types: tuple[str, ...]
    number_of_steps: int

    @property
    def name(self) -> str:
        return self.name_en if get_language() == "en" else self.name_fr


@lru_cache(maxsize=1)
def presets() -> tuple[Preset, ...]:
    """All of them, those of the same trade together."""
    found = {}
    for path in FOLDER.glob("*.yaml"):
        body = read(path.read_text(encoding="utf-8"))
        fr, en = words_of(body["name"])
        found[body["process"]] = Preset(body["process"], fr, en, tuple(body["case_types"]), len(body["steps"]))
    order = [code for codes in OF_TRADES.values() for code in codes]
    return tuple(found[code] for code in sorted(found, key=order.index))


def text_of(code: str) -> str:
    """The YAML of one. NotFound where there is none of that code."""
    if code not in {one.code for one in presets()}:
        raise NotFound
    return (FOLDER / f"{code}.yaml").read_text(encoding="utf-8")


@transaction.atomic
def install(organization: Organization, code: str, *, by: Membership | None = None) -> ProcessVersion | None:
    """Takes a preset, live at once where nothing keeps it from it. None where the organization has one of its code."""
    text = text_of(code)
    for path in read(text)["case_types"]:
        _case_type(organization, path)
    return actions.install(organization, text, by=by)


def _case_type(organization: Organization, path: str) -> CaseType:
    found = CaseType.objects.filter(organization=organization, path=path).first()
    if found is not None:
        return found
    above, _slash, code = path.rpartition("/")
    french, english, due_rule = CASE_TYPES[path]
    return CaseType.objects.create(
        organization=organization,
        parent=_case_type(organization, above) if above else None,
        code=code,
        path=path,
        label_fr=french,
        label_en=english,
        due_rule=due_rule,
        warn_days=7 if path.split("/")[0] == "reclamation" else 2,
    )
