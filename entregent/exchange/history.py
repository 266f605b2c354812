"""How the journal names what goes in and out."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {"exchange_importmapping": gettext_lazy("Correspondance de colonnes")}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "kind": gettext_lazy("Type"),
    **dict.fromkeys(("mapping",), ""),
}
ACTION_WORDS = {
    "ask_for_everything": gettext_lazy("Export complet demandé"),
    "take_everything": gettext_lazy("Export complet téléchargé"),
    "remove_everything": gettext_lazy("Export complet supprimé"),
    "arrive": gettext_lazy("Organisation reprise d’une archive"),
    "export": gettext_lazy("Données exportées"),
    "create_import": gettext_lazy("Fichier déposé pour une importation"),
    "set_import_mapping": gettext_lazy("Colonnes d’une importation désignées"),
    "check_import": gettext_lazy("Essai à blanc d’une importation"),
    "import": gettext_lazy("Données importées"),
    "undo_import": gettext_lazy("Importation annulée"),
    "stop_import": gettext_lazy("Importation arrêtée"),
    "discard_import": gettext_lazy("Importation oubliée"),
    "save_import_mapping": gettext_lazy("Correspondance de colonnes enregistrée"),
    "delete_import_mapping": gettext_lazy("Correspondance de colonnes supprimée"),
    "create_calendar_feed": gettext_lazy("Adresse d’agenda créée"),
    "revoke_calendar_feed": gettext_lazy("Adresse d’agenda révoquée"),
}
