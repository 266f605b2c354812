"""How the journal tells what was done with connectors."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "connectors_connector": gettext_lazy("Connecteur"),
    "connectors_copy": gettext_lazy("Copie d’un client dans un autre système"),
}
ACTION_WORDS = {
    "create_connector": gettext_lazy("Connecteur créé"),
    "update_connector": gettext_lazy("Connecteur modifié"),
    "delete_connector": gettext_lazy("Connecteur supprimé"),
    "rotate_connector_secret": gettext_lazy("Secret d’un connecteur renouvelé"),
    "connector_gone": gettext_lazy("Connecteur arrêté par l’autre système"),
    "send_everything": gettext_lazy("Envoi de tous les clients demandé"),
    "replay_exchanges": gettext_lazy("Échanges rejoués"),
    "exchange_settled": gettext_lazy("Accusé d’un autre système"),
    "map_copy": gettext_lazy("Identifiant d’un autre système saisi"),
}
