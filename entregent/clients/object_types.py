"""The types of business objects that every organization begins with. An administrator may add others."""


def _state(code: str, fr: str, en: str, tone: str) -> dict:
    return {"code": code, "fr": fr, "en": en, "tone": tone}


def _attribute(code: str, fr: str, en: str, kind: str = "text") -> dict:
    return {"code": code, "fr": fr, "en": en, "type": kind}


STANDARD_TYPES = [
    {
        "code": "contract",
        "label_fr": "Contrat",
        "label_en": "Contract",
        "plural_fr": "Contrats",
        "plural_en": "Contracts",
        "position": 10,
        "states": [
            _state("active", "Actif", "Active", "ok"),
            _state("pending", "En attente", "Pending", "info"),
            _state("suspended", "Suspendu", "Suspended", "warn"),
            _state("terminated", "Résilié", "Terminated", "neutral"),
        ],
        "attributes": [_attribute("offer", "Offre", "Offer")],
    },
    {
        "code": "service_point",
        "label_fr": "Point de livraison",
        "label_en": "Service point",
        "plural_fr": "Points de livraison",
        "plural_en": "Service points",
        "position": 40,
        "states": [
            _state("in_service", "En service", "In service", "ok"),
            _state("out_of_service", "Hors service", "Out of service", "neutral"),
        ],
        "attributes": [_attribute("address", "Adresse", "Address")],
    },
    {
        "code": "meter",
        "label_fr": "Compteur",
        "label_en": "Meter",
        "plural_fr": "Compteurs",
        "plural_en": "Meters",
        "position": 50,
        "states": [
            _state("installed", "Posé", "Installed", "ok"),
            _state("removed", "Déposé", "Removed", "neutral"),
        ],
        "attributes": [_attribute("serial", "N° de série", "Serial number")],
    },
    {
        "code": "reading",
        "label_fr": "Relève",
        "label_en": "Meter reading",
        "plural_fr": "Relèves",
        "plural_en": "Meter readings",
        "position": 30,
        "states": [
            _state("read", "Relevée", "Read", "neutral"),
            _state("estimated", "Estimée", "Estimated", "info"),
            _state("disputed", "Contestée", "Disputed", "warn"),
        ],
        "attributes": [
            _attribute("value", "Index", "Index", "number"),
            _attribute("volume", "Volume consommé", "Volume used", "number"),
            _attribute("unit", "Unité", "Unit"),
        ],
    },
    {
        "code": "invoice",
        "label_fr": "Facture",
        "label_en": "Invoice",
        "plural_fr": "Factures",
        "plural_en": "Invoices",
        "position": 20,
        "states": [
            _state("unpaid", "Impayée", "Unpaid", "warn"),
            _state("overdue", "En retard", "Overdue", "bad"),
            _state("paid", "Payée", "Paid", "ok"),
            _state("disputed", "Contestée", "Disputed", "warn"),
            _state("cancelled", "Annulée", "Cancelled", "neutral"),
        ],
        "attributes": [],
    },
]
