"""Rights, roles and what each role gives (requirements.md §3.5). Rights may be added or taken away per member."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Right(StrEnum):
    """Everything that a person may be allowed to do. One list for pages, API and jobs."""

    CLIENT_VIEW = "client.view"
    CLIENT_CREATE = "client.create"
    CLIENT_EDIT = "client.edit"
    CLIENT_DELETE = "client.delete"
    CLIENT_MERGE = "client.merge"
    CREDIT_HOLD = "client.credit_hold"
    GROUP_MANAGE = "client.groups"
    OBJECT_SYNC = "object.sync"
    INTERACTION_VIEW = "interaction.view"
    INTERACTION_LOG = "interaction.log"
    INTERACTION_DELETE_ANY = "interaction.delete_any"
    INTERACTION_DELETE_OWN = "interaction.delete_own"
    INBOUND_ATTACH = "inbound.attach"
    PORTAL_INVITE = "portal.invite"
    PORTAL_VIEW_AS = "portal.view_as"
    TRANSFER_VIEW = "transfer.view"
    TRANSFER_VIEW_ALL = "transfer.view_all"
    TRANSFER_SEND = "transfer.send"
    TRANSFER_BEHALF = "transfer.behalf"
    TRANSFER_DELETE = "transfer.delete"
    TRANSFER_DELETE_ALL = "transfer.delete_all"
    CASE_VIEW = "case.view"
    CASE_EDIT = "case.edit"
    CASE_CONFIDENTIAL = "case.confidential"
    CASE_MERGE = "case.merge"
    CASE_DELETE = "case.delete"
    PROCESS_RUN = "process.run"
    PROCESS_LEAD = "process.lead"
    PROCESS_DESIGN = "process.design"
    PROCESS_PUBLISH = "process.publish"
    DOCUMENT_WRITE = "document.write"
    DUNNING = "dunning.manage"
    LOAN_VIEW = "loan.view"
    LOAN_EDIT = "loan.edit"
    VIEW_SHARE = "view.share"
    DATA_IMPORT = "data.import"
    DATA_EXPORT = "data.export"
    HISTORY_VIEW = "history.view"
    ACCESS_EXPLAIN = "access.explain"
    SUBSTITUTE_SET = "substitute.set"
    OUTBOX_VIEW = "outbox.view"
    SETTINGS = "organization.settings"
    MEMBERS = "organization.members"
    MAILBOXES = "organization.mailboxes"
    RELATIONSHIPS = "relationship.manage"
    SECTORS = "organization.sectors"
    TOPICS = "organization.topics"
    CASE_TYPES = "organization.case_types"
    EXISTING_SYSTEM = "organization.existing_system"
    CONNECTORS = "organization.connectors"
    WEBHOOKS = "organization.webhooks"
    LEAVE = "organization.leave"
    TEMPLATES = "organization.templates"
    TEAMS = "organization.teams"
    OBJECT_TYPES = "organization.object_types"
    CUSTOM_FIELDS = "organization.custom_fields"
    PURGE = "organization.purge"
    HEAD_OFFICE = "head_office"


RIGHT_LABELS = {
    Right.CLIENT_VIEW: _("Voir les clients"),
    Right.CLIENT_CREATE: _("Créer des clients"),
    Right.CLIENT_EDIT: _("Modifier les clients"),
    Right.CLIENT_DELETE: _("Supprimer des clients et des personnes-ressources"),
    Right.CLIENT_MERGE: _("Fusionner des clients"),
    Right.CREDIT_HOLD: _("Poser et lever un blocage de crédit"),
    Right.GROUP_MANAGE: _("Gérer les groupes de clients et les accès des employés"),
    Right.OBJECT_SYNC: _("Mettre à jour les contrats et objets métier"),
    Right.INTERACTION_VIEW: _("Voir les interactions"),
    Right.INTERACTION_LOG: _("Enregistrer des contacts"),
    Right.INTERACTION_DELETE_ANY: _("Supprimer toute interaction"),
    Right.INTERACTION_DELETE_OWN: _("Supprimer ses propres interactions"),
    Right.PORTAL_INVITE: _("Donner et retirer l'accès au portail client"),
    Right.PORTAL_VIEW_AS: _("Voir le portail comme un client"),
    Right.TRANSFER_VIEW: _("Voir ses transferts de fichiers"),
    Right.TRANSFER_VIEW_ALL: _("Voir les transferts de tous"),
    Right.TRANSFER_SEND: _("Envoyer et demander des fichiers"),
    Right.TRANSFER_BEHALF: _("Envoyer des fichiers au nom d'un collègue"),
    Right.TRANSFER_DELETE: _("Supprimer ses transferts de fichiers"),
    Right.TRANSFER_DELETE_ALL: _("Supprimer les transferts de tous"),
    Right.INBOUND_ATTACH: _("Rattacher les courriels reçus"),
    Right.CASE_VIEW: _("Voir les dossiers et les plans d'action"),
    Right.CASE_EDIT: _("Ouvrir, modifier et clore des dossiers"),
    Right.CASE_CONFIDENTIAL: _("Voir les dossiers confidentiels"),
    Right.CASE_MERGE: _("Fusionner des dossiers"),
    Right.CASE_DELETE: _("Supprimer des dossiers"),
    Right.PROCESS_RUN: _("Lancer des plans d'action et faire ses étapes"),
    Right.PROCESS_LEAD: _("Conduire les plans d'action de tous"),
    Right.PROCESS_DESIGN: _("Concevoir des plans d'action"),
    Right.PROCESS_PUBLISH: _("Publier des plans d'action"),
    Right.DUNNING: _("Régler et lancer les relances"),
    Right.LOAN_VIEW: _("Voir les demandes de prêt"),
    Right.LOAN_EDIT: _("Saisir des demandes de prêt et les transmettre au siège social"),
    Right.DOCUMENT_WRITE: _("Générer des courriers et des documents"),
    Right.VIEW_SHARE: _("Partager des vues"),
    Right.DATA_IMPORT: _("Importer des données"),
    Right.DATA_EXPORT: _("Exporter des données"),
    Right.HISTORY_VIEW: _("Voir l'historique des fiches"),
    Right.ACCESS_EXPLAIN: _("Voir qui a accès à une fiche"),
    Right.SUBSTITUTE_SET: _("Se faire remplacer pendant une absence"),
    Right.OUTBOX_VIEW: _("Voir les courriels envoyés"),
    Right.SETTINGS: _("Régler l'organisation et ses modules"),
    Right.MEMBERS: _("Gérer les membres et leurs accès"),
    Right.MAILBOXES: _("Gérer les boîtes de réception"),
    Right.RELATIONSHIPS: _("Demander et rendre l'accès aux clients"),
    Right.SECTORS: _("Gérer les secteurs"),
    Right.TOPICS: _("Gérer les rubriques"),
    Right.CASE_TYPES: _("Gérer les types de dossier"),
    Right.EXISTING_SYSTEM: _("Régler le système existant qui reçoit les dossiers"),
    Right.CONNECTORS: _("Régler les connecteurs et ce qu’ils envoient"),
    Right.LEAVE: _("Exporter toute l’organisation"),
    Right.WEBHOOKS: _("Régler les webhooks et voir leurs messages"),
    Right.TEMPLATES: _("Gérer les modèles de contact, de dossier et de document"),
    Right.TEAMS: _("Gérer les équipes"),
    Right.OBJECT_TYPES: _("Gérer les types d'objets métier"),
    Right.CUSTOM_FIELDS: _("Gérer les champs personnalisés"),
    Right.PURGE: _("Effacer définitivement"),
    Right.HEAD_OFFICE: _("Siège social"),
}


class Role(StrEnum):
    """Roles from the highest to the lowest. The words are those of the sources (BAM, PAM, éditeur, lecture seule)."""

    ADMIN = "admin"
    MANAGER = "manager"
    EDITOR = "editor"
    READER = "reader"


ROLE_LABELS = {
    Role.ADMIN: _("Administrateur"),
    Role.MANAGER: _("Gestionnaire"),
    Role.EDITOR: _("Éditeur"),
    Role.READER: _("Lecture seule"),
}

_READER = {
    Right.CLIENT_VIEW,
    Right.INTERACTION_VIEW,
    Right.HISTORY_VIEW,
    Right.SUBSTITUTE_SET,
    Right.TRANSFER_VIEW,
    Right.TRANSFER_VIEW_ALL,
    Right.CASE_VIEW,
    Right.LOAN_VIEW,
}
_EDITOR = _READER | {
    Right.CLIENT_CREATE,
    Right.CLIENT_EDIT,
    Right.INTERACTION_LOG,
    Right.INTERACTION_DELETE_OWN,
    Right.INBOUND_ATTACH,
    Right.CREDIT_HOLD,
    Right.PORTAL_INVITE,
    Right.TRANSFER_SEND,
    Right.TRANSFER_DELETE,
    Right.CASE_EDIT,
    Right.PROCESS_RUN,
    Right.DOCUMENT_WRITE,
    Right.LOAN_EDIT,
}
_MANAGER = _EDITOR | {
    Right.CLIENT_DELETE,
    Right.CLIENT_MERGE,
    Right.INTERACTION_DELETE_ANY,
    Right.VIEW_SHARE,
    Right.DATA_IMPORT,
    Right.DATA_EXPORT,
    Right.ACCESS_EXPLAIN,
    Right.OBJECT_SYNC,
    Right.OUTBOX_VIEW,
    Right.PORTAL_VIEW_AS,
    Right.TRANSFER_BEHALF,
    Right.TRANSFER_DELETE_ALL,
    Right.CASE_CONFIDENTIAL,
    Right.CASE_MERGE,
    Right.CASE_DELETE,
    Right.PROCESS_LEAD,
    Right.PROCESS_DESIGN,
    Right.DUNNING,
    Right.TEMPLATES,
    Right.RELATIONSHIPS,
}

ROLE_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.READER: frozenset(_READER),
    Role.EDITOR: frozenset(_EDITOR),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADMIN: frozenset(set(Right) - {Right.HEAD_OFFICE}),
}

_HEIGHT = {Role.READER: 1, Role.EDITOR: 2, Role.MANAGER: 3, Role.ADMIN: 4}


def height(role: str) -> int:
    """Roles compare by height: manager > editor > reader (R002-22)."""
    return _HEIGHT[Role(role)]


def roles_with(right: Right) -> list[str]:
    return [role.value for role in Role if right in ROLE_RIGHTS[role]]
