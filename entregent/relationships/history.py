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
