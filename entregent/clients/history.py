"""The history of a client: what was done, by whom, and what each field was before."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from babel.dates import format_date
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.audit.models import Action, Change
from entregent.clients.duplicate_models import Merge
from entregent.clients.merging import absorbed_by
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, ClientPerson
from entregent.organizations.journal import Line, action_label, client_side, differences
from entregent.organizations.models import Membership, User
from entregent.toolbox.countries import country_name

PAGE = 50
_OBJECTS = BusinessObject._meta.db_table
_PEOPLE = "clients_person"

# What the history of one client need not repeat: whose file it is, and what the event says already.
_NEEDLESS = {
    "client_id", "since", "set_by_id", "lifted_at", "lifted_by_id", "type_id", "contract_id", "created_by_id",
    "updated_by_id", "source_system", "merged_into_id", "deleted_by_id",
}  # fmt: skip
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")

# What the actions of this area are called.
ACTION_WORDS = {
    "create_client": gettext_lazy("Client créé"),
    "create_prospect": gettext_lazy("Prospect créé"),
    "update_client": gettext_lazy("Fiche modifiée"),
    "deactivate_client": gettext_lazy("Client rendu inactif"),
    "reactivate_client": gettext_lazy("Client de nouveau actif"),
    "convert_to_client": gettext_lazy("Prospect devenu client"),
    "remove_client": gettext_lazy("Client retiré"),
    "reinstate_client": gettext_lazy("Client retiré repris"),
    "delete_client": gettext_lazy("Client supprimé"),
    "restore_client": gettext_lazy("Client rétabli"),
    "change_clients": gettext_lazy("Clients modifiés par lot"),
    "merge_clients": gettext_lazy("Fiches fusionnées"),
    "undo_merge": gettext_lazy("Fusion annulée"),
    "merge_people": gettext_lazy("Personnes-ressources fusionnées"),
    "undo_person_merge": gettext_lazy("Fusion de personnes-ressources annulée"),
    "scan_people": gettext_lazy("Recherche de doublons parmi les personnes-ressources"),
    "dismiss_people": gettext_lazy("Doublon de personnes-ressources écarté"),
    "propose_people": gettext_lazy("Doublon de personnes-ressources proposé de nouveau"),
    "dismiss_duplicate": gettext_lazy("Doublon écarté"),
    "propose_duplicate": gettext_lazy("Doublon proposé de nouveau"),
    "set_duplicate_rules": gettext_lazy("Règles de doublons modifiées"),
    "scan_duplicates": gettext_lazy("Recherche de doublons"),
    "set_credit_hold": gettext_lazy("Blocage de crédit"),
    "lift_credit_hold": gettext_lazy("Blocage de crédit levé"),
    "create_person": gettext_lazy("Personne-ressource ajoutée"),
    "set_person_photo": gettext_lazy("Photo d’une personne-ressource enregistrée"),
    "remove_person_photo": gettext_lazy("Photo d’une personne-ressource retirée"),
    "update_person": gettext_lazy("Personne-ressource modifiée"),
    "delete_person": gettext_lazy("Personne-ressource supprimée"),
    "attach_person": gettext_lazy("Personne-ressource rattachée"),
    "detach_person": gettext_lazy("Personne-ressource détachée"),
    "mark_person": gettext_lazy("Rôle d’une personne-ressource modifié"),
    "set_address": gettext_lazy("Adresse enregistrée"),
    "remove_address": gettext_lazy("Adresse supprimée"),
    "sync_business_object": gettext_lazy("Objet métier mis à jour"),
    "create_object_type": gettext_lazy("Type d’objet métier créé"),
    "update_object_type": gettext_lazy("Type d’objet métier modifié"),
    "delete_object_type": gettext_lazy("Type d’objet métier supprimé"),
}


# What one row of each table of this area is called in the journal.
TABLE_WORDS = {
    "clients_client": gettext_lazy("Client"),
    "clients_credithold": gettext_lazy("Blocage de crédit"),
    "clients_person": gettext_lazy("Personne-ressource"),
    "clients_clientperson": gettext_lazy("Rôle d’une personne-ressource"),
    "clients_address": gettext_lazy("Adresse"),
    "clients_businessobjecttype": gettext_lazy("Type d’objet métier"),
    "clients_businessobject": gettext_lazy("Objet métier"),
    "clients_duplicaterules": gettext_lazy("Règles de doublons"),
    "clients_notduplicate": gettext_lazy("Paire écartée"),
    "clients_clientalias": gettext_lazy("Ancien numéro"),
    "clients_merge": gettext_lazy("Fusion"),
    "clients_personmerge": gettext_lazy("Fusion de personnes-ressources"),
    "clients_notsameperson": gettext_lazy("Paire de personnes-ressources écartée"),
    "clients_bulkrow": gettext_lazy("Ligne d’un lot"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "code": gettext_lazy("Code"),
    "position": gettext_lazy("Rang"),
    "states": gettext_lazy("États"),
    "attributes": gettext_lazy("Champs"),
    "currency": gettext_lazy("Devise"),
    "merged_at": gettext_lazy("Fusionné"),
    "merged_by_id": gettext_lazy("Fusionné par"),
    "undone_at": gettext_lazy("Annulé"),
    "undone_by_id": gettext_lazy("Annulé par"),
    "winner_id": gettext_lazy("Fiche gardée"),
    "loser_id": gettext_lazy("Fiche fusionnée"),
    "first_id": gettext_lazy("Première fiche"),
    "second_id": gettext_lazy("Seconde fiche"),
    "said_at": gettext_lazy("Écarté"),
    "said_by_id": gettext_lazy("Écarté par"),
    "verdict": gettext_lazy("Résultat"),
    "reason": gettext_lazy("Motif"),
    "weights": gettext_lazy("Poids"),
    **dict.fromkeys(("action_id", "fields", "loser_before", "last_ids", "undo_action_id", "job_id"), ""),
}


@dataclass
class Event:
    """Something done, with every field that it changed."""

    id: int
    at: datetime
    who: str
    title: str
    reason: str = ""
    lines: list[Line] = field(default_factory=list)


def history_of(member: Membership, client: Client, *, before: int | None = None, limit: int = PAGE):
    """The newest events first, and the cursor from which older ones go on (None at the end).

    Objects of sectors out of the member's reach are not told of.
    """
    files = [client.pk, *absorbed_by(client)]
    merges = _merges_of(files, client.organization_id)
    changes = _changes(client, files, merges, before, limit + 1)
    cursor = changes[limit - 1].pk if len(changes) > limit else None
    changes = _in_reach(member, changes[:limit])
    # What a row became may stand under a client that was a part of this one once: undoing the merge gave it back.
    lines = differences(changes, files=_ever_together(files, merges, client.organization_id))
    actions = Action.objects.in_bulk({change.action_id for change in changes if change.action_id})
    users = User.objects.in_bulk({change.user_id for change in changes if change.user_id})
    events: dict[tuple, Event] = {}
    for change in changes:
        action = actions.get(change.action_id)
        key = ("action", change.action_id) if action else ("change", change.pk)
        if key not in events:
            user = users.get(change.user_id)
            events[key] = Event(
                id=change.pk,
                at=change.at,
                who=(client_side(action.data) if action else "") or (user.name if user else "Entregent"),
                title=_title(action, change),
                reason=action.reason if action and action.name != "set_credit_hold" else "",
            )
        events[key].lines = _told(change, lines[change.pk]) + events[key].lines
    return list(events.values()), cursor


def _merges_of(files: Collection[int], organization_id: int) -> list[Merge]:
    """Undone ones as well."""
    merges = Merge.objects.filter(Q(winner__in=files) | Q(loser__in=files), organization_id=organization_id)
    return list(merges.only("winner_id", "loser_id", "action_id", "undo_action_id"))


def _ever_together(files: list[int], merges: list[Merge], organization_id: int) -> set[int]:
    """The clients that were ever merged with these, at once or by way of others."""
    known = set(files)
    while new := {pk for merge in merges for pk in (merge.winner_id, merge.loser_id)} - known:
        known |= new
        merges = _merges_of(new, organization_id)
    return known


def _changes(client: Client, files: list[int], merges: list[Merge], before: int | None, limit: int) -> list[Change]:
    """Of the client and of those that are part of it. Of a merge and its undoing, only what they did to the clients:
    all else is what the comparison showed."""
    older = {"id__lt": before} if before else {}
    people = list(ClientPerson.objects.filter(client=client).values_list("person_id", flat=True))
    actions = {pk for merge in merges for pk in (merge.action_id, merge.undo_action_id) if pk}
    of_files = Change.objects.filter(client_id__in=files, **older)
    if actions:
        of_files = of_files.exclude(~Q(table_name="clients_client"), action_id__isnull=False, action_id__in=actions)
    changes = list(of_files.order_by("-id")[:limit])
    if people:
        of_people = Change.objects.filter(client_id=None, table_name=_PEOPLE, row_id__in=people, **older)
        changes += list(of_people.order_by("-id")[:limit])
    return sorted(changes, key=lambda change: -change.pk)[:limit]


def _in_reach(member: Membership, changes: list[Change]) -> list[Change]:
    objects = {change.row_id for change in changes if change.table_name == _OBJECTS}
    if not objects:
        return changes
    seen = set(BusinessObject.objects.visible_to(member).filter(pk__in=objects).values_list("pk", flat=True))
    return [change for change in changes if change.table_name != _OBJECTS or change.row_id in seen]


def _told(change: Change, lines: list[Line]) -> list[Line]:
    """The fields that say something to a person. Records of areas above tell themselves by their sentence when they
    are new; what is changed in them is shown."""
    if change.operation != "U" and not change.table_name.startswith("clients_"):
        return []
    told = []
    for line in lines:
        if line.column in _NEEDLESS or (change.operation == "I" and line.after == _("Non")):
            continue
        if line.column == "person_id":
            line = replace(line, label=_("Personne-ressource"))
        readable = _country if line.column == "country" else _readable
        told.append(replace(line, before=readable(line.before), after=readable(line.after)))
    return told


def tell_states(
    organization_id: int, table: str, column: str, before, after, cache: dict, row: dict
) -> list[Line] | None:
    """The state of a business object by the label that its type gives it."""
    if table != _OBJECTS or column != "state":
        return None
    if "states" not in cache:
        language = "en" if get_language() == "en" else "fr"
        cache["states"] = {
            kind.pk: {state["code"]: state[language] for state in kind.states}
            for kind in BusinessObjectType.objects.filter(organization_id=organization_id)
        }
    labels = cache["states"].get(row.get("type_id"), {})
    return [Line(_("État"), labels.get(before, before or ""), labels.get(after, after or ""), "state")]


def _readable(text: str) -> str:
    """A day as it is read rather than as it is kept."""
    found = _DAY.fullmatch(text)
    if found is None:
        return text
    return format_date(date(*map(int, found.groups())), "d MMM y", locale=get_language())


def _country(code: str) -> str:
    return country_name(code, get_language() or "fr")


def _title(action: Action | None, change: Change) -> str:
    if action is not None:
        return action_label(action.name, action.data)
    return {"I": _("Ajout"), "U": _("Modification"), "D": _("Suppression")}[change.operation]
