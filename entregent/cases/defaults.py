"""The types of cases that an organization starts with, by trade; the ready-made plans of action name them by path."""

from typing import Any


def _status(code: str, state: str, french: str, english: str) -> dict[str, str]:
    return {"code": code, "state": state, "fr": french, "en": english}


_COMPLAINT = [
    _status("a-qualifier", "new", "À qualifier", "To be assessed"),
    _status("en-instruction", "in_progress", "En instruction", "Under review"),
    _status("attente-client", "deferred", "Attente du client", "Awaiting the client"),
    _status("fondee", "done", "Fondée", "Upheld"),
    _status("non-fondee", "done", "Non fondée", "Not upheld"),
]
_DUNNING = [
    _status("soldee", "done", "Soldée", "Paid"),
    _status("contestee", "done", "Contestée", "Disputed"),
    _status("suspendue", "done", "Suspendue", "On hold"),
]
_REQUEST = [
    _status("a-valider", "new", "À valider", "To be approved"),
    _status("en-traitement", "in_progress", "En traitement", "Being handled"),
    _status("attente-pieces", "deferred", "Attente de pièces", "Awaiting documents"),
]


def _type(path: str, french: str, english: str, due: str = "", sub_statuses=(), **more: Any) -> dict[str, Any]:
    """What is asked for has a due day and is followed by the client; a dunning, which has none, is not. `topics`: the
    rubriques (interactions/defaults.py) of the contacts that such cases are made of. `warn`: days before it is due."""
    known = {"path": path, "fr": french, "en": english, "due": due, "sub_statuses": list(sub_statuses)}
    return known | {"on_portal": bool(due), "topics": []} | more


def _complaint(path: str, french: str, english: str, **more: Any) -> dict[str, Any]:
    """A complaint in writing is answered within a month, before the mediator can be seized (R001-36)."""
    return _type(path, french, english, "1 month", _COMPLAINT, warn=7, **more)


_COMPLAINTS = _complaint("reclamation", "Réclamation", "Complaint", topics=["reclamation"])
_BILL = _complaint("reclamation/facture", "Facture", "Invoice", topics=["contestation-facture", "facturation"])
_QUALITY = _complaint("reclamation/qualite", "Qualité", "Quality", topics=["qualite-eau"])
_SERVICE = _complaint("reclamation/service", "Service rendu", "Service")
_OTHER = _type("autre", "Autre demande", "Other request", "10 working days", _REQUEST)
_LOAN = _type(
    "hypotheque/demande", "Demande de prêt", "Loan application", "15 working days", _REQUEST, topics=["demande-pret"],
)  # fmt: skip
_RENEWAL = _type(
    "hypotheque/renouvellement", "Renouvellement", "Renewal", "4 months", _REQUEST, topics=["renouvellement"],
)  # fmt: skip
_UTILITY = [
    _COMPLAINTS, _BILL, _QUALITY, _SERVICE,
    _type("resiliation", "Résiliation", "Termination", "1 month", _REQUEST),
    _type("emmenagement", "Emménagement", "Moving in", "5 working days", _REQUEST, topics=["demenagement"]),
    _type("relance", "Relance", "Dunning", "", _DUNNING),
    _OTHER,
]  # fmt: skip
TYPES = {
    "water": _UTILITY,
    "energy": _UTILITY,
    "mortgage": [
        _type("hypotheque", "Prêt hypothécaire", "Mortgage loan"),
        _LOAN,
        _RENEWAL,
        _COMPLAINTS, _SERVICE, _OTHER,
    ],
    "customs": [
        _type("dedouanement", "Dédouanement", "Customs clearance", "2 working days", _REQUEST, topics=["dedouanement"]),
        _COMPLAINTS, _BILL, _SERVICE, _OTHER,
    ],
    "manufacturer": [
        _COMPLAINTS, _QUALITY, _BILL,
        _type("reclamation/livraison", "Livraison", "Delivery", "3 working days", _COMPLAINT, topics=["livraison"]),
        _OTHER,
    ],
    "accounting": [
        _type("mandat", "Mandat", "Engagement"),
        _type("mandat/ouverture", "Ouverture de mandat", "Engagement opening", "10 working days", _REQUEST),
        _type("mandat/bilan", "Bilan annuel", "Annual accounts", "3 months", _REQUEST, topics=["bilan"]),
        _COMPLAINTS, _SERVICE, _OTHER,
    ],
}  # fmt: skip


def types_of_trade(trade: str) -> list[dict[str, Any]]:
    """Parents stand before what is below them."""
    return TYPES.get(trade, [_COMPLAINTS, _BILL, _SERVICE, _OTHER])
