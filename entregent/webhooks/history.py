"""How the journal tells what was done with webhooks."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {"webhooks_webhook": gettext_lazy("Webhook")}
COLUMN_WORDS = {
    "endpoint_id": gettext_lazy("Adresse"),
    "events": gettext_lazy("Évènements"),
    "stopped": gettext_lazy("Raison de l’arrêt"),
    "stopped_at": gettext_lazy("Arrêté le"),
}
ACTION_WORDS = {
    "create_webhook": gettext_lazy("Webhook ajouté"),
    "update_webhook": gettext_lazy("Webhook modifié"),
    "delete_webhook": gettext_lazy("Webhook supprimé"),
    "stop_webhook": gettext_lazy("Webhook arrêté par le logiciel"),
}
