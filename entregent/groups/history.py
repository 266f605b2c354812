"""How the journal names what is done with groups of clients."""

from django.utils.translation import gettext_lazy as _

TABLE_WORDS = {
    "groups_clientgroup": _("Groupe de clients"),
    "groups_groupmember": _("Client d'un groupe"),
    "groups_groupassignment": _("Accès d'un employé à un groupe"),
    "groups_processingrequest": _("Demande de traitement"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "rule": _("Règle"),
    "member_count": _("Nombre de clients"),
    "program_count": _("Nombre de comptes de programme"),
    "changed_at": _("Changé"),
    "group_id": _("Groupe"),
    "added_at": _("Ajouté"),
    "left_at": _("Sorti"),
    "ended_at": _("Terminé"),
    "initiated_by_id": _("Initiateur"),
    "initiated_by_name": _("Nom de l’initiateur"),
    "total": _("Lignes"),
    "failure": _("Motif de l’échec"),
    **dict.fromkeys(("payload", "staged", "job_id", "undoes_id"), ""),
}
ACTION_WORDS = {
    "ask_group_change": _("Modification d'un groupe demandée"),
    "cancel_processing": _("Demande de traitement annulée"),
    "retry_processing": _("Demande de traitement relancée"),
    "undo_processing": _("Demande de traitement défaite"),
    "create_group": _("Groupe de clients créé"),
    "update_group": _("Groupe de clients modifié"),
    "delete_group": _("Groupe de clients supprimé"),
    "assign_group": _("Accès des employés à un groupe modifiés"),
    "expire_group_members": _("Clients retirés d'un groupe à la fin de leur relation d'affaires"),
    "set_group_rule": _("Règle d'un groupe modifiée"),
    "apply_group_rule": _("Règle d'un groupe appliquée"),
    "import_groups": _("Groupes de clients importés"),
}
