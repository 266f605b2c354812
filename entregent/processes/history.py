"""How the journal tells what was done with plans of action."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "processes_processdefinition": gettext_lazy("Processus"),
    "processes_processversion": gettext_lazy("Version d’un processus"),
    "processes_processrun": gettext_lazy("Plan d’action"),
    "processes_processstep": gettext_lazy("Étape d’un plan d’action"),
    "processes_stepcomment": gettext_lazy("Commentaire d’une étape"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "code": gettext_lazy("Code"),
    "subjects": gettext_lazy("Porte sur"),
    "case_types": gettext_lazy("Types de dossier"),
    "topics": gettext_lazy("Rubriques"),
    "events": gettext_lazy("Événements"),
    "definition_id": gettext_lazy("Processus"),
    "published_by_id": gettext_lazy("Publié par"),
    "process_version_id": gettext_lazy("Version"),
    "case_id": gettext_lazy("Dossier"),
    "started_by_id": gettext_lazy("Lancé par"),
    "started_at": gettext_lazy("Lancé"),
    "ended_at": gettext_lazy("Terminé"),
    "paused_at": gettext_lazy("Suspendu"),
    "name_fr": gettext_lazy("Nom en français"),
    "name_en": gettext_lazy("Nom en anglais"),
    "public_fr": gettext_lazy("Nom public en français"),
    "public_en": gettext_lazy("Nom public en anglais"),
    "awaits_client": gettext_lazy("Attend le client"),
    "ready_at": gettext_lazy("Prête"),
    "done_at": gettext_lazy("Faite"),
    "done_by_id": gettext_lazy("Faite par"),
    "why_skipped": gettext_lazy("Motif du saut"),
    "is_ad_hoc": gettext_lazy("Étape ajoutée"),
    "kind": gettext_lazy("Nature"),
    "step_id": gettext_lazy("Étape"),
    "data": gettext_lazy("Réponses"),
    **dict.fromkeys(
        ("live_id", "body", "sha256", "facts", "start_key", "run_id", "key", "attempt", "position", "wait_key"), ""
    ),
}
ACTION_WORDS = {
    "create_process": gettext_lazy("Processus créé"),
    "save_process_draft": gettext_lazy("Brouillon d’un processus enregistré"),
    "publish_process": gettext_lazy("Processus publié"),
    "retire_process": gettext_lazy("Processus retiré"),
    "restore_process": gettext_lazy("Processus remis en service"),
    "import_process": gettext_lazy("Processus importé"),
    "migrate_plans": gettext_lazy("Plans d’action passés à une nouvelle version"),
    "launch_plan": gettext_lazy("Plan d’action lancé"),
    "launch_mass": gettext_lazy("Plan d’action lancé en nombre"),
    "launch_plans": gettext_lazy("Plans d’action lancés"),
    "complete_step": gettext_lazy("Étape terminée"),
    "save_step": gettext_lazy("Étape enregistrée sans être terminée"),
    "skip_step": gettext_lazy("Étape passée"),
    "send_back_plan": gettext_lazy("Plan d’action renvoyé à une étape"),
    "reassign_step": gettext_lazy("Étape confiée à quelqu’un d’autre"),
    "claim_step": gettext_lazy("Étape prise en charge"),
    "postpone_step": gettext_lazy("Échéance d’une étape changée"),
    "comment_step": gettext_lazy("Étape commentée"),
    "add_step": gettext_lazy("Étape ajoutée à un plan d’action"),
    "pause_plan": gettext_lazy("Plan d’action mis en attente"),
    "resume_plan": gettext_lazy("Plan d’action repris"),
    "abandon_plan": gettext_lazy("Plan d’action abandonné"),
    "retry_step": gettext_lazy("Action d’une étape réessayée"),
    "process_action": gettext_lazy("Action d’un plan d’action"),
    "mail_by_post": gettext_lazy("Courriel d’un plan d’action parti par courrier"),
    "process_mail_left_out": gettext_lazy("Courriel d’un plan d’action non envoyé"),
    "process_event": gettext_lazy("Plan d’action réveillé par un événement"),
}


def sentence(name: str, data: dict) -> str:
    """« a terminé l’étape « Qualifier » du plan « Réclamation » »; "" for actions of other areas."""
    values = {"plan": data.get("plan", ""), "step": data.get("step", "")}
    pattern = {
        "launch_plan": _("a lancé le plan d’action « %(plan)s »"),
        "complete_step": _("a terminé l’étape « %(step)s » du plan « %(plan)s »"),
        "skip_step": _("a passé l’étape « %(step)s » du plan « %(plan)s »"),
        "send_back_plan": _("a renvoyé le plan « %(plan)s » à l’étape « %(step)s »"),
        "reassign_step": _("a confié l’étape « %(step)s » du plan « %(plan)s » à quelqu’un d’autre"),
        "claim_step": _("a pris en charge l’étape « %(step)s » du plan « %(plan)s »"),
        "postpone_step": _("a changé l’échéance de l’étape « %(step)s » du plan « %(plan)s »"),
        "comment_step": _("a commenté l’étape « %(step)s » du plan « %(plan)s »"),
        "add_step": _("a ajouté l’étape « %(step)s » au plan « %(plan)s »"),
        "pause_plan": _("a mis en attente le plan d’action « %(plan)s »"),
        "resume_plan": _("a repris le plan d’action « %(plan)s »"),
        "abandon_plan": _("a abandonné le plan d’action « %(plan)s »"),
        "retry_step": _("a réessayé l’étape « %(step)s » du plan « %(plan)s »"),
        "process_mail_left_out": _(
            "n’a pas envoyé le courriel de l’étape « %(step)s » du plan « %(plan)s » : le client est retiré"
        ),
        "process_action": _("a avancé le plan « %(plan)s » : %(step)s"),
    }.get(name)
    return pattern % values if pattern else ""
