"""How the journal tells what was done with files."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "documents_storedfile": gettext_lazy("Fichier"),
    "documents_filesettings": gettext_lazy("Réglages des fichiers"),
}
ACTION_WORDS = {
    "keep_file": gettext_lazy("Fichier gardé"),
    "remove_content": gettext_lazy("Contenu d’un fichier effacé"),
    "set_file_limit": gettext_lazy("Taille maximale des fichiers changée"),
}
