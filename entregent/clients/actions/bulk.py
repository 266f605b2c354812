"""One change made to many clients: agent, sector, tag, status. The work is a job (`clients.tasks`); here is what may be
asked, and what one chunk of clients becomes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients import validation
from entregent.clients.actions import _rules
from entregent.clients.actions.clients import STATUS_MOVES
from entregent.clients.extension_points import client_changed
from entregent.clients.models import BulkRow, Client
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.listing import custom_fields
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal, required
from entregent.toolbox.text import as_id, search_key

CHANGES = ("responsible", "sector", "status", "add_tag", "remove_tag")
# And each custom field of clients: « custom.<code> ».
CUSTOM = "custom."
JOB = "clients.bulk"
# What a job keeps of a choice by hand: more is chosen by its search.
MOST_CHOSEN = 5000

_Verdict = BulkRow.Verdict


@transaction.atomic
def change_clients(*, by: Membership, selection: Mapping, change: str, value: str = "") -> Job:
    """Starts the change of every client of `selection` that the member may edit.

    `selection` is the list's condition with its text, or ids, evaluated within the member's reach when the job
    begins. Refuses a value that no client could take: an agent who is no member, a sector out of reach, a tag too long.
    """
    checked = check_change(by, change, value)
    ids = selection.get("ids")
    if ids is not None:
        ids = sorted({one for one in map(as_id, map(str, ids)) if one is not None})
        if not ids:
            raise Refusal("E-SELECTION", _("Sélectionnez au moins un client."), field="selection")
        if len(ids) > MOST_CHOSEN:
            raise Refusal("E-SELECTION", _("Choisissez toute la recherche plutôt que tant de lignes."))
    kept = {
        "list": "clients",
        "condition": selection.get("condition"),
        "text": str(selection.get("text") or "")[:200],
        "ids": ids,
        "except": [one for one in map(as_id, map(str, selection.get("except") or ())) if one is not None][:MOST_CHOSEN],
    }
    return start_job(
        by=by,
        kind=JOB,
        label=checked.label,
        data={"selection": kept, "change": change, "value": checked.value, "language": by.user.language},
        total=len(ids) if ids is not None else None,
    )


@dataclass(frozen=True)
class Checked:
    """A change that was found possible: its value as the job keeps it, and the sentence that names it."""

    value: str | int | float | bool | None
    label: str


def check_change(by: Membership, change: str, value) -> Checked:
    """Refuses what could be done to no client at all; looked at again when the job runs."""
    text = str(value if value is not None else "").strip()
    if change == "responsible":
        user = None
        if text:
            user = User.objects.filter(pk=as_id(text) or 0).first()
            if user is None:
                raise Refusal("E-000-AGENT", _("Cet agent n’est pas disponible."), field="value")
            _rules.check_responsible(user, by=by)
        name = user.name if user else _("aucun")
        return Checked(user.pk if user else None, _("Changer d’agent : %(name)s") % {"name": name})
    if change == "sector":
        sector = None
        if text:
            sector = Sector.objects.filter(organization_id=by.organization_id, pk=as_id(text) or 0).first()
            if sector is None:
                raise Refusal("E-SECTOR", _("Ce secteur est hors de votre périmètre."), field="value")
        sector = _rules.sector_for(sector, by=by, right=Right.CLIENT_EDIT)
        name = sector.name if sector else _("aucun")
        return Checked(sector.pk if sector else None, _("Changer de secteur : %(name)s") % {"name": name})
    if change == "status":
        if text not in Client.Status.values:
            raise Refusal("E-CHOICE", _("Choisissez un statut."), field="value")
        return Checked(text, _("Changer de statut : %(name)s") % {"name": Client.Status(text).label})
    if change in ("add_tag", "remove_tag"):
        tags = validation.clean_tags([text])
        if not tags:
            raise required("value", _("Étiquette"))
        label = _("Ajouter l’étiquette : %(name)s") if change == "add_tag" else _("Retirer l’étiquette : %(name)s")
        return Checked(tags[0], label % {"name": tags[0]})
    if change.startswith(CUSTOM):
        return _checked_custom(by, change.removeprefix(CUSTOM), text)
    raise NotFound


def _checked_custom(by: Membership, code: str, text: str) -> Checked:
    """A value of a custom field as records keep it; an empty one takes the value away."""
    field = next((one for one in custom_fields.offered(by, "client") if one.code == code), None)
    if field is None:
        raise Refusal("E-004-FIELD", _("Champ personnalisé inconnu."), field="changement")
    values, refusals = custom_fields.clean(by, "client", {code: text})
    _rules.refuse_if_any(refusals)
    value = values.get(code)
    names = custom_fields.names_of([field], [values])
    words = {"field": field.label, "value": custom_fields.shown(field, value, names) or _("aucun")}
    return Checked(value, _("%(field)s : %(value)s") % words)


def change_chunk(*, by: Membership, job_id: int, client_ids: list[int], change: str, value) -> dict[str, int]:
    """Changes one chunk, within the transaction of its job, in a fixed number of statements. Gives the verdicts."""
    clients = {
        row["id"]: row
        for row in Client.objects.visible_to(by, Right.CLIENT_EDIT)
        .filter(pk__in=client_ids)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
        .values("id", "status", "sector_id", "responsible_id", "tags", "custom")
    }
    become = {"add_tag": _tag_added, "remove_tag": _tag_removed}.get(change, _set)
    if change.startswith(CUSTOM):
        become = _custom_set
    verdicts: dict[int, tuple[str, str]] = {}
    changed: dict[int, object] = {}
    for pk in client_ids:
        row = clients.get(pk)
        if row is None:
            verdicts[pk] = (_Verdict.REFUSED, _("Supprimé, ou hors de votre périmètre."))
            continue
        try:
            before, after = become(row, change, value)
        except Refusal as refused:
            verdicts[pk] = (_Verdict.REFUSED, str(refused.message)[:200])
            continue
        verdicts[pk] = (_Verdict.UNCHANGED, "") if before == after else (_Verdict.CHANGED, "")
        if before != after:
            changed[pk] = after
    if changed:
        _write(by, change, changed)
        contributions = list(client_changed)
        if contributions:
            for client in Client.objects.filter(pk__in=list(changed)).order_by("pk"):
                for contribution in contributions:
                    contribution(client, by=by, what="change_clients")
    _note(job_id, verdicts)
    counts: dict[str, int] = {}
    for verdict, _reason in verdicts.values():
        counts[str(verdict)] = counts.get(str(verdict), 0) + 1
    return counts


_COLUMNS = {"responsible": "responsible_id", "sector": "sector_id", "status": "status"}


def _set(row: dict, change: str, value):
    before = row[_COLUMNS[change]]
    if change == "status" and before != value and value not in STATUS_MOVES[Client.Status(before)]:
        raise Refusal(
            "E-001-TRANSITION",
            _("Passage de %(before)s à %(after)s impossible.")
            % {"before": Client.Status(before).label, "after": Client.Status(value).label},
        )
    return before, value


def _custom_set(row: dict, change: str, value):
    return row["custom"].get(change.removeprefix(CUSTOM)), value


def _tag_added(row: dict, _change: str, value: str):
    return row["tags"], validation.clean_tags([*row["tags"], value])


def _tag_removed(row: dict, _change: str, value: str):
    key = search_key(value) or value
    return row["tags"], [tag for tag in row["tags"] if (search_key(tag) or tag) != key]


def _write(by: Membership, change: str, changed: dict[int, object]) -> None:
    now = timezone.now()
    if change in _COLUMNS:
        value = next(iter(changed.values()))
        records = Client.objects.filter(organization_id=by.organization_id, pk__in=list(changed))
        records.update(**{_COLUMNS[change]: value}, version=F("version") + 1, updated_at=now, updated_by_id=by.user_id)
        return
    if change.startswith(CUSTOM):
        _write_custom(by, change.removeprefix(CUSTOM), next(iter(changed.values())), list(changed))
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clients_client c
            SET tags = ARRAY(SELECT jsonb_array_elements_text(fresh.tags)), version = c.version + 1,
                updated_at = %s, updated_by_id = %s
            FROM (SELECT (pair ->> 0)::bigint AS id, pair -> 1 AS tags FROM jsonb_array_elements(%s::jsonb) pair) fresh
            WHERE c.id = fresh.id AND c.organization_id = %s
            """,
            [now, by.user_id, json.dumps(list(changed.items())), by.organization_id],
        )


def _write_custom(by: Membership, code: str, value, ids: list[int]) -> None:
    """The same value for all; none takes it away, and leaves what else a record holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clients_client
            SET custom = CASE WHEN %(value)s::jsonb = 'null' THEN custom - %(code)s
                         ELSE custom || jsonb_build_object(%(code)s::text, %(value)s::jsonb) END,
                version = version + 1, updated_at = %(now)s, updated_by_id = %(user)s
            WHERE id = ANY (%(ids)s) AND organization_id = %(org)s
            """,
            {
                "value": json.dumps(value),
                "code": code,
                "now": timezone.now(),
                "user": by.user_id,
                "ids": ids,
                "org": by.organization_id,
            },
        )


def _note(job_id: int, verdicts: dict[int, tuple[str, str]]) -> None:
    rows = [[pk, str(verdict), reason] for pk, (verdict, reason) in verdicts.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clients_bulkrow b SET verdict = fresh.verdict, reason = fresh.reason
            FROM (SELECT (row ->> 0)::bigint AS client_id, row ->> 1 AS verdict, row ->> 2 AS reason
                  FROM jsonb_array_elements(%s::jsonb) row) fresh
            WHERE b.job_id = %s AND b.client_id = fresh.client_id
            """,
            [json.dumps(rows), job_id],
        )
