"""How the journal names what is done with business accounts and relationships."""

from django.utils.translation import gettext_lazy as _

ACTION_WORDS = {
    "request_access": _("Accès demandé à un client"),
    "cancel_access_request": _("Demande d'accès annulée"),
    "approve_access": _("Accès accordé par le client"),
    "reject_access": _("Accès refusé par le client"),
    "expire_access_request": _("Demande d'accès échue"),
    "revoke_relationship": _("Relation d'affaires révoquée par le client"),
    "give_up_relationship": _("Relation d'affaires abandonnée"),
    "expire_relationship": _("Relation d'affaires expirée"),
    "set_relationship_rules": _("Délais des relations d'affaires modifiés"),
}
TABLE_WORDS = {
    "relationships_accessrequest": _("Demande d'accès"),
    "relationships_relationship": _("Relation d'affaires"),
    "relationships_relationshipprogram": _("Programme d'une relation d'affaires"),
    "relationships_rules": _("Délais des relations d'affaires"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "asked_by_id": _("Demandé par"),
    "asked_by_name": _("Demandé par"),
    "decided_by_name": _("Décidé par"),
    "decided_at": _("Décidé"),
    "account_id": _("Compte d’entreprise"),
    "visibility": _("Visibilité"),
    "approved_by_name": _("Approuvé par"),
    "approved_at": _("Approuvé"),
    "ended_at": _("Terminé"),
    "ended_by_name": _("Terminé par"),
    "used_on": _("Dernière utilisation"),
    "program_id": _("Programme"),
    **dict.fromkeys(("request_id", "relationship_id"), ""),
}
