"""The topics that an organization starts with, by trade. The first nine get the digits 1 to 9 of the composer.

Each is (code, French label, English label).
"""

_OTHER = ("autre", "Autre", "Other")
_CALL_BACK = ("rappel", "Rappel", "Call back")
_INQUIRY = ("renseignement", "Renseignement", "Enquiry")

TOPICS = {
    "water": [
        ("contestation-facture", "Contestation de facture", "Disputed invoice"),
        _INQUIRY,
        ("paiement", "Paiement", "Payment"),
        ("releve", "Relève", "Meter reading"),
        _CALL_BACK,
        ("fuite", "Fuite ou coupure", "Leak or outage"),
        ("demenagement", "Emménagement ou départ", "Moving in or out"),
        ("qualite-eau", "Qualité de l’eau", "Water quality"),
        ("reclamation", "Réclamation", "Complaint"),
        _OTHER,
    ],
    "mortgage": [
        ("demande-pret", "Demande de prêt", "Loan application"),
        _INQUIRY,
        ("documents", "Documents à fournir", "Documents to provide"),
        ("taux", "Taux et conditions", "Rates and terms"),
        _CALL_BACK,
        ("renouvellement", "Renouvellement", "Renewal"),
        ("signature", "Signature chez le notaire", "Signing at the notary's"),
        ("reclamation", "Réclamation", "Complaint"),
        _OTHER,
    ],
    "customs": [
        ("dedouanement", "Dédouanement", "Customs clearance"),
        _INQUIRY,
        ("documents", "Documents manquants", "Missing documents"),
        ("droits-taxes", "Droits et taxes", "Duties and taxes"),
        _CALL_BACK,
        ("acces", "Accès et délégation", "Access and delegation"),
        ("retard", "Retard à la frontière", "Delay at the border"),
        ("reclamation", "Réclamation", "Complaint"),
        _OTHER,
    ],
    "manufacturer": [
        ("commande", "Commande", "Order"),
        _INQUIRY,
        ("livraison", "Livraison", "Delivery"),
        ("facturation", "Facturation", "Invoicing"),
        _CALL_BACK,
        ("retour", "Retour de marchandise", "Returned goods"),
        ("assistance", "Assistance technique", "Technical support"),
        ("devis", "Demande de devis", "Request for a quote"),
        ("reclamation", "Réclamation", "Complaint"),
        _OTHER,
    ],
    "accounting": [
        ("declaration", "Déclaration fiscale", "Tax return"),
        _INQUIRY,
        ("pieces", "Pièces comptables", "Accounting documents"),
        ("paie", "Paie", "Payroll"),
        _CALL_BACK,
        ("honoraires", "Honoraires", "Fees"),
        ("bilan", "Bilan annuel", "Annual accounts"),
        ("rendez-vous", "Rendez-vous", "Appointment"),
        _OTHER,
    ],
}


def topics_of_trade(trade: str) -> list[tuple[str, str, str]]:
    return TOPICS.get(trade, [_INQUIRY, _CALL_BACK, _OTHER])
