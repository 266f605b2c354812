"""How the journal tells what was done with files."""

from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "documents_storedfile": gettext_lazy("Fichier"),
    "documents_filesettings": gettext_lazy("Réglages des fichiers"),
    "documents_letterhead": gettext_lazy("En-tête des lettres"),
    "documents_documenttemplate": gettext_lazy("Modèle de document"),
    "documents_letter": gettext_lazy("Courrier"),
    "documents_printbatch": gettext_lazy("Impression"),
    "documents_printpart": gettext_lazy("PDF d’une impression"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "removed_at": gettext_lazy("Retiré"),
    "created_by_person_id": gettext_lazy("Créé par"),
    "logo_id": gettext_lazy("Logo"),
    "code": gettext_lazy("Code"),
    "file_id": gettext_lazy("Fichier"),
    "pages": gettext_lazy("Pages"),
    "is_confidential": gettext_lazy("Confidentiel"),
    "batch_id": gettext_lazy("Impression"),
    "number": gettext_lazy("Numéro"),
    "count": gettext_lazy("Lettres"),
    "part": gettext_lazy("Partie"),
    **dict.fromkeys(("key", "sha256", "job_id"), ""),
}
ACTION_WORDS = {
    "keep_file": gettext_lazy("Fichier gardé"),
    "remove_content": gettext_lazy("Contenu d’un fichier effacé"),
    "set_file_limit": gettext_lazy("Taille maximale des fichiers changée"),
    "update_letterhead": gettext_lazy("En-tête des lettres changé"),
    "create_document_template": gettext_lazy("Modèle de document ajouté"),
    "update_document_template": gettext_lazy("Modèle de document modifié"),
    "delete_document_template": gettext_lazy("Modèle de document supprimé"),
    "generate_document": gettext_lazy("Document généré"),
    "print_letters": gettext_lazy("Courriers imprimés"),
    "set_letter_aside": gettext_lazy("Courrier retiré de l’impression"),
}
