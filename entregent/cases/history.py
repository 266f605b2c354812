"""How the journal tells what was done with cases."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.cases.models import CaseType, State
from entregent.organizations.journal import Line

# What one row of each table of this area is called in the journal.
TABLE_WORDS = {
    "cases_casetype": gettext_lazy("Type de dossier"),
    "cases_case": gettext_lazy("Dossier"),
    "cases_caseparticipant": gettext_lazy("Interlocuteur d’un dossier"),
    "cases_caseagent": gettext_lazy("Agent d’un dossier"),
    "cases_caseobject": gettext_lazy("Objet d’un dossier"),
    "cases_caseinteraction": gettext_lazy("Contact d’un dossier"),
    "cases_caselink": gettext_lazy("Lien entre dossiers"),
    "cases_caselogentry": gettext_lazy("Note d’un dossier"),
    "cases_casetask": gettext_lazy("Tâche d’un dossier"),
    "cases_casereminder": gettext_lazy("Rappel"),
    "cases_casedocument": gettext_lazy("Document d’un dossier"),
    "cases_casemerge": gettext_lazy("Fusion de dossiers"),
    "cases_slarule": gettext_lazy("Délai de réponse"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "code": gettext_lazy("Code"),
    "external_state": gettext_lazy("État de l’affaire"),
    "case_id": gettext_lazy("Dossier"),
    "role": gettext_lazy("Rôle"),
    "is_first": gettext_lazy("Premier contact"),
    "attached_at": gettext_lazy("Rattaché"),
    "attached_by_id": gettext_lazy("Rattaché par"),
    "other_id": gettext_lazy("Autre dossier"),
    "kind": gettext_lazy("Nature"),
    "done_at": gettext_lazy("Fait"),
    "done_by_id": gettext_lazy("Fait par"),
    "told_at": gettext_lazy("Rappelé"),
    "file_id": gettext_lazy("Fichier"),
    "removed_at": gettext_lazy("Retiré"),
    "winner_id": gettext_lazy("Dossier gardé"),
    "loser_id": gettext_lazy("Dossier fusionné"),
    "merged_by_id": gettext_lazy("Fusionné par"),
    "merged_at": gettext_lazy("Fusionné"),
    "undone_at": gettext_lazy("Annulé"),
    "solution": gettext_lazy("Solution"),
    "step_id": gettext_lazy("Étape"),
    "version_of_id": gettext_lazy("Version de"),
    **dict.fromkeys(("automatic_key", "added", "data", "position", "moved"), ""),
}
ACTION_WORDS = {
    "open_cases": gettext_lazy("Dossiers ouverts automatiquement"),
    "create_case_type": gettext_lazy("Type de dossier créé"),
    "update_case_type": gettext_lazy("Type de dossier modifié"),
    "open_case": gettext_lazy("Dossier ouvert"),
    "edit_case": gettext_lazy("Dossier modifié"),
    "change_case_state": gettext_lazy("État d’un dossier changé"),
    "close_case": gettext_lazy("Dossier clos"),
    "delete_case": gettext_lazy("Dossier supprimé"),
    "restore_case": gettext_lazy("Dossier rétabli"),
    "attach_interaction": gettext_lazy("Contact déplacé vers un dossier"),
    "detach_interaction": gettext_lazy("Contact retiré d’un dossier"),
    "split_interaction": gettext_lazy("Contact séparé dans son propre dossier"),
    "undo_split": gettext_lazy("Séparation d’un contact annulée"),
    "merge_cases": gettext_lazy("Dossiers fusionnés"),
    "undo_case_merge": gettext_lazy("Fusion de dossiers annulée"),
    "link_case_participant": gettext_lazy("Interlocuteur ajouté à un dossier"),
    "unlink_case_participant": gettext_lazy("Interlocuteur retiré d’un dossier"),
    "link_case_agent": gettext_lazy("Agent ajouté à un dossier"),
    "unlink_case_agent": gettext_lazy("Agent retiré d’un dossier"),
    "link_case_object": gettext_lazy("Objet ajouté à un dossier"),
    "unlink_case_object": gettext_lazy("Objet retiré d’un dossier"),
    "link_cases": gettext_lazy("Dossiers liés"),
    "unlink_cases": gettext_lazy("Lien entre dossiers retiré"),
    "add_case_log_entry": gettext_lazy("Note ajoutée à un dossier"),
    "add_case_task": gettext_lazy("Tâche ajoutée à un dossier"),
    "set_case_task": gettext_lazy("Tâche d’un dossier cochée ou décochée"),
    "remove_case_task": gettext_lazy("Tâche d’un dossier retirée"),
    "add_case_reminder": gettext_lazy("Rappel posé"),
    "complete_case_reminder": gettext_lazy("Rappel fait"),
    "send_case_document": gettext_lazy("Document d’un dossier envoyé par courriel"),
    "keep_case_document": gettext_lazy("Document conservé dans un dossier"),
    "remove_case_document": gettext_lazy("Document retiré d’un dossier"),
    "restore_case_document": gettext_lazy("Document remis dans un dossier"),
    "set_sla_rule": gettext_lazy("Délai de réponse fixé"),
    "confirm_affair": gettext_lazy("Numéro d’affaire reçu"),
    "transmit_case_again": gettext_lazy("Dossier transmis de nouveau"),
}


def tell_sub_status(
    organization_id: int, table: str, column: str, before, after, cache: dict, row: dict
) -> list[Line] | None:
    """The sub-status of a case by the label that its type gives it."""
    if table != "cases_case" or column != "sub_status":
        return None
    if "case_types" not in cache:
        cache["case_types"] = CaseType.objects.filter(organization_id=organization_id).in_bulk()
    case_type = cache["case_types"].get(row.get("case_type_id"))
    was, became = (case_type.sub_status_label(code or "") if case_type else code or "" for code in (before, after))
    return [Line(_("Sous-statut"), was, became, column)]


def sentence(name: str, data: dict) -> str:
    """« a ouvert le dossier n° 12 : Facture contestée »; "" for actions of other areas."""
    values = {"number": data.get("number", ""), "title": data.get("title", ""), "other": data.get("other", "")}
    if name == "change_case_state" and data.get("state") in State.values:
        return _("a passé le dossier n° %(number)s à l’état « %(state)s »") % {
            **values, "state": State(data["state"]).label,
        }  # fmt: skip
    pattern = _sentences().get(name)
    return pattern % values if pattern else ""


def _sentences() -> dict[str, str]:
    return {
        "open_case": _("a ouvert le dossier n° %(number)s : %(title)s"),
        "edit_case": _("a modifié le dossier n° %(number)s"),
        "close_case": _("a clos le dossier n° %(number)s"),
        "delete_case": _("a supprimé le dossier n° %(number)s"),
        "restore_case": _("a rétabli le dossier n° %(number)s"),
        "attach_interaction": _("a déplacé l’interaction n° %(other)s vers le dossier n° %(number)s"),
        "detach_interaction": _("a retiré l’interaction n° %(other)s du dossier n° %(number)s"),
        "split_interaction": _("a séparé l’interaction n° %(other)s du dossier n° %(number)s"),
        "merge_cases": _("a fusionné le dossier n° %(other)s dans le dossier n° %(number)s"),
        "undo_case_merge": _("a annulé la fusion du dossier n° %(other)s dans le dossier n° %(number)s"),
        "confirm_affair": _("a reçu le numéro d’affaire %(other)s du dossier n° %(number)s"),
        "send_case_document": _("a envoyé un document du dossier n° %(number)s"),
        "keep_case_document": _("a ajouté un document au dossier n° %(number)s"),
    }
