"""How the journal tells what was done with transfers."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "transfers_filetransfer": gettext_lazy("Transfert de fichiers"),
    "transfers_transferfile": gettext_lazy("Fichier d’un transfert"),
    "transfers_signature": gettext_lazy("Signature électronique"),
    "transfers_transfersettings": gettext_lazy("Réglages des transferts"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "message": gettext_lazy("Message"),
    "transfer_id": gettext_lazy("Transfert"),
    "file_id": gettext_lazy("Fichier"),
    "downloaded_at": gettext_lazy("Téléchargé"),
    "reminded_at": gettext_lazy("Rappelé"),
    "reminders": gettext_lazy("Rappels"),
    "warned_at": gettext_lazy("Prévenu"),
    "at": gettext_lazy("Signé"),
    "evidence_id": gettext_lazy("Page de preuve"),
    **dict.fromkeys(("facts", "seal"), ""),
}
ACTION_WORDS = {
    "send_files": gettext_lazy("Fichiers envoyés"),
    "request_files": gettext_lazy("Fichiers demandés"),
    "remind_transfer": gettext_lazy("Transfert relancé"),
    "cancel_transfer": gettext_lazy("Transfert annulé"),
    "delete_transfer": gettext_lazy("Transfert supprimé"),
    "restore_transfer": gettext_lazy("Transfert rétabli"),
    "download_transfer_file": gettext_lazy("Fichier d’un transfert téléchargé"),
    "add_transfer_file": gettext_lazy("Fichier ajouté à un transfert"),
    "remove_transfer_file": gettext_lazy("Fichier retiré d’un transfert"),
    "complete_transfer": gettext_lazy("Fichiers remis"),
    "sign_file": gettext_lazy("Document signé"),
    "reject_file": gettext_lazy("Signature refusée"),
    "expire_transfer": gettext_lazy("Transfert expiré"),
    "warn_transfer": gettext_lazy("Échéance d’un transfert annoncée"),
    "update_transfer_settings": gettext_lazy("Réglages des transferts modifiés"),
}


def sentence(name: str, data: dict) -> str:
    """« a envoyé des fichiers : Bail 2026 »; "" for actions of other areas."""
    if name in ("send_files", "request_files"):
        pattern = (
            _("a envoyé des fichiers : %(title)s") if name == "send_files" else _("a demandé des fichiers : %(title)s")
        )
        return pattern % {"title": data.get("title", "")}
    by_number = {
        "remind_transfer": _("a relancé le transfert n° %(number)s"),
        "cancel_transfer": _("a annulé le transfert n° %(number)s"),
        "delete_transfer": _("a supprimé le transfert n° %(number)s"),
        "restore_transfer": _("a rétabli le transfert n° %(number)s"),
        "download_transfer_file": _("a téléchargé un fichier du transfert n° %(number)s"),
        "add_transfer_file": _("a ajouté un fichier au transfert n° %(number)s"),
        "remove_transfer_file": _("a retiré un fichier du transfert n° %(number)s"),
        "complete_transfer": _("a remis les fichiers du transfert n° %(number)s"),
        "sign_file": _("a signé un document du transfert n° %(number)s"),
        "reject_file": _("a refusé de signer un document du transfert n° %(number)s"),
    }.get(name)
    return by_number % {"number": data.get("number", "")} if by_number else ""
