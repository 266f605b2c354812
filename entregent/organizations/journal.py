"""The journal of the organization, read: who changed a record last, what each change did, in words."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.apps import apps
from django.db import connection
from django.db.models import DateTimeField
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import RIGHT_LABELS
from entregent.access.scope import scope_words
from entregent.audit.extension_points import sentences
from entregent.audit.models import Action, Change
from entregent.organizations.extension_points import action_words, column_tellers, column_words, table_words
from entregent.organizations.models import Membership, Module, Organization, User
from entregent.toolbox.errors import Stale
from entregent.toolbox.phones import national

# Bookkeeping of the database, which says nothing to a person.
HIDDEN = {"id", "organization_id", "version", "created_at", "updated_at"}
# What never reaches the journal (migration 0004): secrets, and what a person sets for themselves alone.
_UNTOLD = {
    "organizations_user": [
        "password", "last_login", "last_organization_id", "date_joined", "theme", "single_key_shortcuts",
    ],
}  # fmt: skip


def stale(current, *, organization: Organization) -> Stale:
    """The refusal of a save over `current`, naming who saved it and at what time of the organization."""
    last: Action | Change | None
    if isinstance(current, Organization):
        last = Action.objects.filter(
            organization_id=organization.pk, subject_type="organizations.organization", subject_id=current.pk
        ).first()
    else:
        last = Change.objects.filter(
            organization_id=organization.pk, client_id=None, table_name=current._meta.db_table, row_id=current.pk
        ).first()
    user = User.objects.filter(pk=last.user_id).first() if last is not None and last.user_id else None
    moment = (last.at if last is not None else timezone.now()).astimezone(ZoneInfo(organization.time_zone))
    return Stale(who=user.name if user is not None else "Entregent", when=f"{moment:%H:%M}", current=current)


@dataclass(frozen=True)
class Line:
    """One field that a change changed."""

    label: str
    before: str
    after: str
    column: str = ""


def differences(changes: Iterable[Change], *, files: Iterable[int] = ()) -> dict[int, list[Line]]:
    """What each change did, field by field. A row became what its next change found, or what it is now.

    `files`: clients whose files are read as one, since some are part of another: a row went from file to file.
    """
    return {key: told.lines for key, told in described(changes, files=files).items()}


@dataclass(frozen=True)
class Told:
    """A change with the name of the record that it changed (« C00012 Blanchisserie Moreau »)."""

    name: str
    lines: list[Line]


def described(changes: Iterable[Change], *, files: Iterable[int] = ()) -> dict[int, Told]:
    changes = list(changes)
    after = _states_after(changes, list(files))
    names = _Names(changes, after)
    told = {}
    for change in changes:
        was, became = change.before or {}, after.get(change.pk) or {}
        told[change.pk] = Told(names.of_row(change, became or was), _lines(change, was, became, names))
    return told


def subjects(actions: Iterable[Action]) -> dict[int, str]:
    """On what each action was done: the record as it is named now, or the client under whose file it stands."""
    actions = list(actions)
    clients = _client_names({action.client_id for action in actions if action.client_id is not None})
    by_table: dict[str, set[int]] = {}
    tables = {action.pk: _table_of(action.subject_type) for action in actions}
    for action in actions:
        if tables[action.pk] and action.subject_id is not None and action.client_id is None:
            by_table.setdefault(tables[action.pk], set()).add(action.subject_id)
    names = {table: _names_in(table, ids) for table, ids in by_table.items()}
    return {
        action.pk: clients.get(action.client_id or 0)
        or names.get(tables[action.pk], {}).get(action.subject_id or 0, "")
        for action in actions
    }


# What names a row to people, the first of these columns that it has.
_NAMING = ("display_name", "file_as", "name", "entry_name", "key", "number", "street", "city", "code", "filename")


def _naming(table: str) -> str:
    fields = _fields(table)
    if "label_fr" in fields:
        return "label_en" if get_language() == "en" else "label_fr"
    return next((column for column in _NAMING if column in fields), "")


def _names_in(table: str, ids: Collection[int]) -> dict[int, str]:
    model = _models()[table]
    column = "user__name" if model is Membership else _naming(table)
    if not column or not ids:
        return {}
    rows = model._base_manager.filter(pk__in=ids).values_list("pk", column)
    return {pk: _named(table, str(name)) for pk, name in rows}


def _named(table: str, name: str) -> str:
    """« n° 12 » for what is known by a number alone."""
    return f"n°\xa0{name}" if _naming(table) == "number" else name


def _client_names(ids: Collection[int]) -> dict[int, str]:
    return scope_words["client"].names(ids) if ids and "client" in scope_words else {}


def _table_of(subject_type: str) -> str:
    try:
        return str(apps.get_model(subject_type)._meta.db_table)
    except (LookupError, ValueError):
        return ""


class _Names:
    """The names behind the numbers that rows hold: people, sectors, what accesses are on. Read once for all."""

    def __init__(self, changes: list[Change], after: dict[int, dict]):
        self._cache: dict = {}
        ids: dict[str, set[int]] = {}
        for change in changes:
            for state in (change.before or {}, after.get(change.pk) or {}):
                for column, value in state.items():
                    kind = self._kind(change.table_name, column, state)
                    if kind and isinstance(value, int):
                        ids.setdefault(kind, set()).add(value)
        self._names: dict[str, dict[int, str]] = {}
        for kind, wanted in ids.items():
            if kind == "member":
                rows = Membership.objects.filter(pk__in=wanted).values_list("pk", "user__name")
                self._names[kind] = dict(rows)
            elif kind == "user":
                self._names[kind] = dict(User.objects.filter(pk__in=wanted).values_list("pk", "name"))
            elif kind in scope_words:
                self._names[kind] = scope_words[kind].names(wanted)
            else:
                self._names[kind] = _names_in(kind, wanted)
        self._clients = _client_names({change.client_id for change in changes if change.client_id is not None})

    @staticmethod
    def _kind(table: str, column: str, state: dict) -> str:
        if table == "organizations_grant" and column == "scope_id":
            return state["scope_type"] if state.get("scope_type") in scope_words else ""
        if column in ("sector_id", "client_id"):
            return column.removesuffix("_id") if column.removesuffix("_id") in scope_words else ""
        if table == "organizations_sector" and column == "parent_id":
            return "sector"
        field = _fields(table).get(column)
        if field is None or field.related_model is None:
            return ""
        return {Membership: "member", User: "user"}.get(field.related_model) or field.related_model._meta.db_table

    def text(self, table: str, column: str, state: dict) -> str | None:
        """The name behind the number in `column`, or None when it is no such number."""
        kind = self._kind(table, column, state)
        return self._names.get(kind, {}).get(state.get(column) or 0) if kind else None

    def of_row(self, change: Change, state: dict) -> str:
        """The changed record, and the client under whose file it stands."""
        table = change.table_name
        if table == "organizations_membership":
            return self.text(table, "user_id", state) or ""
        client = self._clients.get(change.client_id or 0, "")
        if table == "clients_client" and client:
            return client
        name = str(state.get(_naming(table)) or "")
        return " · ".join(part for part in (_named(table, name) if name else "", client) if part)

    def several(self, change: Change, column: str, before, after, row: dict) -> list[Line] | None:
        """The lines of a column that holds several values, or None."""
        for tell in column_tellers:
            lines = tell(change.organization_id, change.table_name, column, before, after, self._cache, row)
            if lines is not None:
                return lines
        return None


def _states_after(changes: list[Change], files: list[int]) -> dict[int, dict]:
    standing = [change for change in changes if change.operation != "D"]
    states: dict[int, dict] = {}
    if not standing:
        return states
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted.id, CASE WHEN wanted.client_id IS NULL THEN (
                SELECT n.before FROM audit_change n
                WHERE n.client_id IS NULL AND n.table_name = wanted.table_name AND n.row_id = wanted.row_id
                  AND n.id > wanted.id ORDER BY n.id LIMIT 1
            ) ELSE (
                SELECT n.before FROM audit_change n
                WHERE n.client_id = ANY (array_append(%s::bigint[], wanted.client_id))
                  AND n.table_name = wanted.table_name AND n.row_id = wanted.row_id AND n.id > wanted.id
                ORDER BY n.id LIMIT 1
            ) END
            FROM audit_change wanted WHERE wanted.id = ANY (%s)
            """,
            [files, [change.pk for change in standing]],
        )
        states = {pk: _json(state) for pk, state in cursor.fetchall() if state is not None}
        rest: dict[str, list[Change]] = {}
        for change in standing:
            if change.pk not in states and change.table_name in _models():
                rest.setdefault(change.table_name, []).append(change)
        for table, those in rest.items():
            ids = [change.row_id for change in those]
            # The name is one of our own tables (`_models`), quoted by the driver's rules.
            name = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT r.id, to_jsonb(r) - %s::text[] FROM {name} r WHERE r.id = ANY (%s)",  # noqa: S608
                [_UNTOLD.get(table, []), ids],
            )
            rows = {row_id: _json(row) for row_id, row in cursor.fetchall()}
            states |= {change.pk: rows[change.row_id] for change in those if change.row_id in rows}
    return states


def _json(value) -> dict:
    return json.loads(value) if isinstance(value, str) else value


@cache
def _models() -> dict:
    return {model._meta.db_table: model for model in apps.get_models()}


def table_label(table: str) -> str:
    for words in table_words:
        if table in words:
            return str(words[table])
    model = _models().get(table)
    return str(model._meta.verbose_name if model is not None else table)


def client_side(data: dict | None) -> str:
    """« Léa Martin (chez le client) » where somebody at the client did it, else "" (`audit.actions.record`)."""
    name = (data or {}).get("told_as", "")
    return str(_("%(name)s (chez le client)") % {"name": name}) if name else ""


COLUMN_WORDS = {
    "membership_id": _("Membre"),
    "user_id": _("Personne"),
    "lead_id": _("Responsable de l’équipe"),
    "team_id": _("Équipe"),
    "work_days": _("Jours travaillés"),
    "parent_id": _("Au-dessus"),
    "scope_id": _("Sur"),
    "absent_id": _("Personne absente"),
    "substitute_id": _("Remplaçant"),
    "granted_by_id": _("Accordé par"),
    "set_by_id": _("Noté par"),
    "functions": _("Fonctions"),
    "rights_added": _("Habilitations ajoutées"),
    "rights_removed": _("Habilitations retirées"),
    "sector_id": _("Secteur"),
    "client_id": _("Client"),
    "person_id": _("Personne-ressource"),
    "interaction_id": _("Interaction"),
    "type_id": _("Type"),
    "contract_id": _("Contrat"),
    "object_id": _("Objet métier"),
    "author_id": _("Auteur"),
    "seq": _("Rang"),
    "since": _("Depuis"),
    "source_system": _("Système d'origine"),
    "external_key": _("Clé externe"),
    "created_by_id": _("Créé par"),
    "updated_by_id": _("Modifié par"),
    "deleted_at": _("Supprimé"),
    "deleted_by_id": _("Supprimé par"),
    "lifted_at": _("Levé"),
    "lifted_by_id": _("Levé par"),
    "published_at": _("Publié"),
    "follow_up_owner_id": _("Suivi par"),
    "follow_up_done_at": _("Suivi fait"),
    "follow_up_done_by_id": _("Suivi fait par"),
    "sales_contact_id": _("Contact commercial"),
    "salesperson_id": _("Commercial"),
}
# Those of single areas, like `organizations.column_words`.
AREA_WORDS = {
    "organizations": {
        "code": _("Code"),
        "is_active": _("Actif"),
        "modules": _("Modules"),
        "provider_kind": _("Métier"),
        "terminology": _("Vocabulaire"),
        "date_joined": "",
        "last_organization_id": "",
    },
    "outbox": {
        "purpose": _("Usage"),
        "url": _("Adresse"),
        "is_on": _("Activé"),
    },
}
TABLE_WORDS = {
    "organizations_organization": _("Organisation"),
    "organizations_user": _("Compte d’un membre"),
    "organizations_membership": _("Membre"),
    "organizations_grant": _("Accès"),
    "organizations_substitution": _("Remplacement"),
    "organizations_sector": _("Secteur"),
    "organizations_team": _("Équipe"),
    "organizations_teammember": _("Membre d’une équipe"),
    "outbox_endpoint": _("Adresse d’un autre système"),
}


def _fields(table: str) -> dict:
    model = _models().get(table)
    return {field.column: field for field in model._meta.concrete_fields} if model is not None else {}


def column_label(table: str, column: str) -> str:
    """« Secteur » for `sector_id`: as its area calls it, else as all do, else by its field; "" where it is not told."""
    area = table.partition("_")[0]
    for whose, words in column_words:
        if whose == area and column in words:
            return str(words[column])
    field = _fields(table).get(column)
    return str(COLUMN_WORDS.get(column) or (field.verbose_name if field is not None else column))


def _lines(change: Change, before: dict, after: dict, names: _Names) -> list[Line]:
    table = change.table_name
    fields = _fields(table)
    lines = []
    for column in fields or {**before, **after}:
        field = fields.get(column)
        if column in HIDDEN or (field is not None and not field.editable):
            continue
        old, new = before.get(column), after.get(column)
        if old == new or (not old and not new and old is not False and new is not False):
            continue
        several = names.several(change, column, old, new, {**before, **after})
        if several is not None:
            lines += several
            continue
        label = column_label(table, column)
        if not label:
            continue
        was, became = (names.text(table, column, state) or _text(field, state.get(column)) for state in (before, after))
        lines.append(Line(label[:1].upper() + label[1:], was, became, column))
    return lines


def _text(field, value) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(_("Oui") if value else _("Non"))
    if isinstance(field, DateTimeField) and isinstance(value, str):
        moment = timezone.localtime(datetime.fromisoformat(value))
        return format_datetime(moment, "d MMM y, HH:mm", tzinfo=moment.tzinfo, locale=get_language())
    choices = dict(field.flatchoices) if field is not None else {}
    if isinstance(value, list) and getattr(field, "name", "") == "modules":
        return ", ".join(str(dict(Module.choices).get(one, one)) for one in value)
    if isinstance(value, list):
        return ", ".join(_text(getattr(field, "base_field", None), one) for one in value)
    if isinstance(value, dict) and value.keys() == {"label", "number"}:
        return f"{value['label']} {national(value['number'])}".strip()
    if isinstance(value, dict):
        return " · ".join(f"{key} : {_text(None, one)}" for key, one in value.items())
    if isinstance(value, str) and field is not None and field.name == "scope_type" and value in scope_words:
        return str(scope_words[value].title)
    labels: dict[Any, Any] = {**RIGHT_LABELS, **choices}
    return str(labels.get(value, value) if isinstance(value, str) else choices.get(value, value))


def action_label(name: str, data: dict) -> str:
    """« Accès donné » for `grant_access`; the name itself when no area has words for it."""
    for words in action_words:
        if name in words:
            return str(words[name])
    return next((str(told) for tell in sentences if (told := tell(name, data))), name)


ACTION_WORDS = {
    "create_organization": _("Organisation créée"),
    "update_organization": _("Réglages de l'organisation modifiés"),
    "update_mail_settings": _("Réglages du courriel modifiés"),
    "send_trial_mail": _("Courriel d’essai envoyé"),
    "ask_sender_address": _("Confirmation de l’adresse d’expéditeur redemandée"),
    "confirm_sender_address": _("Adresse d’expéditeur confirmée"),
    "retry_message": _("Courriel envoyé de nouveau"),
    "retry_messages": _("Courriels échoués envoyés de nouveau"),
    "set_endpoint": _("Adresse d’un autre système réglée"),
    "rotate_endpoint_secret": _("Secret d’un autre système changé"),
    "endpoint_gone": _("Un autre système ne veut plus de messages"),
    "retry_posts": _("Messages envoyés de nouveau"),
    "set_modules": _("Modules activés ou désactivés"),
    "add_member": _("Membre ajouté"),
    "update_member": _("Rôle ou habilitations d'un membre modifiés"),
    "activate_member": _("Membre réactivé"),
    "deactivate_member": _("Membre désactivé"),
    "invite_again": _("Invitation envoyée de nouveau"),
    "grant_access": _("Accès donné"),
    "revoke_access": _("Accès retiré"),
    "set_substitute": _("Remplacement enregistré"),
    "end_substitution": _("Remplacement retiré"),
    "create_sector": _("Secteur créé"),
    "update_sector": _("Secteur modifié"),
    "delete_sector": _("Secteur supprimé"),
    "set_calendar": _("Calendrier de travail modifié"),
    "create_team": _("Équipe créée"),
    "update_team": _("Équipe modifiée"),
    "create_api_token": _("Jeton d'API créé"),
    "revoke_api_token": _("Jeton d'API révoqué"),
    "accept_invitation": _("Invitation acceptée"),
    "open_account": _("Compte ouvert au portail"),
    "update_profile": _("Profil modifié"),
}
