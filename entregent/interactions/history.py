"""How the journal tells what was done with interactions."""

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.interactions.models import Interaction

# What one row of each table of this area is called in the journal.
TABLE_WORDS = {
    "interactions_topic": gettext_lazy("Rubrique"),
    "interactions_interaction": gettext_lazy("Interaction"),
    "interactions_interactionentry": gettext_lazy("Entrée d’une interaction"),
    "interactions_entryattachment": gettext_lazy("Fichier d’une entrée"),
    "interactions_interactionparticipant": gettext_lazy("Interlocuteur d’une interaction"),
    "interactions_interactionagent": gettext_lazy("Agent d’une interaction"),
    "interactions_interactionobject": gettext_lazy("Objet d’une interaction"),
    "interactions_recordtemplate": gettext_lazy("Modèle"),
    "interactions_appliedtemplate": gettext_lazy("Modèle appliqué à une interaction"),
    "interactions_portalaccess": gettext_lazy("Accès au portail"),
    "interactions_portalsettings": gettext_lazy("Réglages du portail"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "code": gettext_lazy("Code"),
    "template_id": gettext_lazy("Modèle"),
    "left_out": gettext_lazy("Laissé de côté"),
    "applies_to": gettext_lazy("Interlocuteurs"),
    "origin": gettext_lazy("Origine"),
    "author_person_id": gettext_lazy("Auteur"),
    "notes": gettext_lazy("Notes"),
    "folded": gettext_lazy("Partie repliée"),
    "role": gettext_lazy("Rôle"),
    "file_id": gettext_lazy("Fichier"),
    "entry_id": gettext_lazy("Entrée"),
    **dict.fromkeys(("eligible", "people", "agents", "object_rules", "mail_message_id"), ""),
}
ACTION_WORDS = {
    "log_interaction": gettext_lazy("Contact enregistré"),
    "update_interaction": gettext_lazy("Interaction modifiée"),
    "change_interaction_status": gettext_lazy("Statut d'une interaction changé"),
    "delete_interaction": gettext_lazy("Interaction supprimée"),
    "restore_interaction": gettext_lazy("Interaction rétablie"),
    "add_entry": gettext_lazy("Entrée ajoutée à une interaction"),
    "update_entry": gettext_lazy("Entrée d'une interaction modifiée"),
    "complete_follow_up": gettext_lazy("Suivi fait"),
    "reopen_follow_up": gettext_lazy("Suivi remis à faire"),
    "postpone_follow_up": gettext_lazy("Suivi reporté"),
    "link_participant": gettext_lazy("Interlocuteur ajouté à une interaction"),
    "unlink_participant": gettext_lazy("Interlocuteur retiré d'une interaction"),
    "link_agent": gettext_lazy("Agent ajouté à une interaction"),
    "unlink_agent": gettext_lazy("Agent retiré d'une interaction"),
    "link_object": gettext_lazy("Objet ajouté à une interaction"),
    "unlink_object": gettext_lazy("Objet retiré d'une interaction"),
    "receive_message": gettext_lazy("Message reçu du client"),
    "record_by_system": gettext_lazy("Interaction produite par le système"),
    "create_topic": gettext_lazy("Rubrique créée"),
    "create_record_template": gettext_lazy("Modèle créé"),
    "update_record_template": gettext_lazy("Modèle modifié"),
    "invite_to_portal": gettext_lazy("Invitation au portail"),
    "activate_portal_access": gettext_lazy("Accès au portail ouvert par la personne"),
    "promote_portal_access": gettext_lazy("Accès au portail rendu permanent"),
    "extend_portal_access": gettext_lazy("Accès au portail prolongé"),
    "suspend_portal_access": gettext_lazy("Accès au portail suspendu"),
    "resume_portal_access": gettext_lazy("Accès au portail rétabli"),
    "close_portal_access": gettext_lazy("Accès au portail retiré"),
    "update_portal_access": gettext_lazy("Accès au portail modifié"),
    "choose_portal_subscriptions": gettext_lazy("Avis du portail choisis par la personne"),
    "view_portal_as_client": gettext_lazy("Portail vu comme le client"),
    "download_exchanges": gettext_lazy("Échanges téléchargés par le client"),
    "renounce_portal_access": gettext_lazy("Renonciation à l’accès au portail"),
    "update_portal_settings": gettext_lazy("Portail réglé"),
    "update_topic": gettext_lazy("Rubrique modifiée"),
}


def sentence(name: str, data: dict) -> str:
    """« a enregistré un contact : Renseignement (Appel téléphonique) »; "" for actions of other areas."""
    if name == "log_interaction":
        topic = data.get("topic_en" if get_language() == "en" else "topic_fr", "")
        channel = data.get("channel", "")
        if channel in Interaction.Channel.values:
            channel = Interaction.Channel(channel).label
        return _("a enregistré un contact : %(topic)s (%(channel)s)") % {"topic": topic, "channel": channel}
    number = data.get("number", "")
    if name == "change_interaction_status" and data.get("status") in Interaction.Status.values:
        return _("a passé l'interaction n° %(number)s au statut « %(status)s »") % {
            "number": number,
            "status": Interaction.Status(data["status"]).label,
        }
    if name == "postpone_follow_up":
        return _("a reporté le suivi de l'interaction n° %(number)s au %(day)s") % {
            "number": number,
            "day": data.get("on", ""),
        }
    pattern = _sentences().get(name)
    return pattern % {"number": number} if pattern else ""


def _sentences() -> dict[str, str]:
    return {
        "update_interaction": _("a modifié l'interaction n° %(number)s"),
        "delete_interaction": _("a supprimé l'interaction n° %(number)s"),
        "restore_interaction": _("a rétabli l'interaction n° %(number)s"),
        "add_entry": _("a ajouté une entrée à l'interaction n° %(number)s"),
        "update_entry": _("a modifié une entrée de l'interaction n° %(number)s"),
        "complete_follow_up": _("a fait le suivi de l'interaction n° %(number)s"),
        "reopen_follow_up": _("a remis à faire le suivi de l'interaction n° %(number)s"),
        "link_participant": _("a ajouté un interlocuteur à l'interaction n° %(number)s"),
        "unlink_participant": _("a retiré un interlocuteur de l'interaction n° %(number)s"),
        "link_agent": _("a ajouté un agent à l'interaction n° %(number)s"),
        "unlink_agent": _("a retiré un agent de l'interaction n° %(number)s"),
        "link_object": _("a ajouté un objet à l'interaction n° %(number)s"),
        "unlink_object": _("a retiré un objet de l'interaction n° %(number)s"),
    }
