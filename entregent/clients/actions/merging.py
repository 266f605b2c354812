"""Merging two clients into one, and taking it back."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients import ties, validation
from entregent.clients.actions import _rules
from entregent.clients.duplicate_models import ClientAlias, Merge, MergedRow, NotDuplicate
from entregent.clients.duplicates import refresh_pairs
from entregent.clients.extension_points import before_merging, movers
from entregent.clients.merging import (
    LOSER,
    MARKS,
    WINNER,
    UndoPlan,
    codes_of,
    gathered,
    held,
    plan_undo,
    preferred,
    put,
    subject_of,
)
from entregent.clients.models import Client, ClientPerson
from entregent.clients.movers import Mover
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

_OF_LOSER = ("status", "deleted_at", "deleted_by_id")
# Nothing else: what triggers keep on a client stands otherwise in the database by then.
_SAVED = [
    "kind", "name", "first_name", "display_name", "sort_key", "status", "category", "language", "birth_date",
    "responsible", "sector", "business_account", "emails", "phones", "identifiers", "tags", "custom", "deleted_at",
    "deleted_by", "merged_into", "version", "updated_at", "updated_by",
]  # fmt: skip


@transaction.atomic
def merge_clients(
    winner: Client,
    loser: Client,
    *,
    by: Membership,
    choices: Mapping[str, str] | None = None,
    lists: Mapping[str, Collection[str]] | None = None,
    versions: tuple[int, int] | None = None,
) -> Merge:
    """Makes `loser` a part of `winner`: what hangs on it moves, its number stays as an alias, it leaves all lists.

    `choices` says for a field which side is kept (`merging.compare_for_merge` names them), `lists` which e-mails,
    phones and tags. `versions` are those that the person saw. Refuses a client with itself, one that was merged
    already, a stale version, and more e-mails or phones than a client may have.
    """
    choices, lists = choices or {}, lists or {}
    if winner.pk == loser.pk:
        raise Refusal("E-MERGE-SELF", _("Une fiche ne se fusionne pas avec elle-même."))
    action = record(
        "merge_clients", by=by, subject=winner, client_id=winner.pk, number=loser.number, name=loser.display_name
    )
    winner, loser = _both_locked(winner, loser, by=by)
    for client in (winner, loser):
        if client.merged_into is not None:
            raise _merged_already(client, client.merged_into)
        if client.deleted_at is not None:
            raise NotFound
    for client, version in zip((winner, loser), versions or (None, None), strict=True):
        _rules.check_version(client, version, by=by, who=client.updated_by, when=client.updated_at)
    merge = Merge(organization_id=by.organization_id, winner=winner, loser=loser, merged_by_id=by.user_id)
    merge.action_id = action
    merge.loser_before = {column: plain(getattr(loser, column)) for column in _OF_LOSER}
    merge.fields = merged_fields(winner, loser, choices, lists)
    winner.display_name, winner.sort_key = validation.names(winner.kind, winner.name, winner.first_name)
    merge.save()
    mine = _rows_of(list(ClientPerson.objects.filter(client=winner).values_list("pk", flat=True)))
    _settle_marks(merge, choices)
    for mover in movers:
        mover.move(merge)
    _write_down_marks(merge, mine)
    ClientAlias.objects.create(organization_id=by.organization_id, number=loser.number, client=winner)
    merge.loser_before["copied"] = _copy_what_was_said(winner, loser, by=by)
    loser.status, loser.merged_into = Client.Status.REMOVED, winner
    loser.deleted_at, loser.deleted_by_id = timezone.now(), by.user_id
    # First the one that goes: of a business account there is one client.
    for client in (loser, winner):
        _rules.bump(client, by=by)
        client.save(update_fields=_SAVED)
    merge.last_ids = {mover.key: mover.last_id() for mover in movers}
    merge.save(update_fields=["loser_before", "last_ids"])
    refresh_pairs(winner)
    refresh_pairs(loser)
    _rules.announce(winner, by=by, what="merge_clients")
    return merge


@transaction.atomic
def undo_merge(merge: Merge, *, by: Membership, answers: Mapping[str, str] | None = None, token: str | None = None):
    """Takes a merge back. `answers` says for each conflict, by its key, « keep » (on the client that remained) or
    « give » (back to the other); without an answer fields stay and rows go back, what came since stays.

    `token` is that of the plan that the person saw: refuses if something changed since (E-STALE). Refuses a merge that
    was undone already, and one whose remaining client was merged in its turn or deleted.
    """
    answers = answers or {}
    record(
        "undo_merge", by=by, subject=merge.winner, client_id=merge.winner_id, number=merge.loser.number,
        name=merge.loser.display_name,
    )  # fmt: skip
    merge = _rules.locked(merge, by=by)
    if merge.undone_at is not None:
        raise Refusal("E-MERGE-UNDONE", _("Cette fusion a déjà été annulée."), status=409)
    winner, loser = _both_locked(merge.winner, merge.loser, by=by)
    into = winner.merged_into
    if into is not None:
        sentence = _("La fiche a été fusionnée depuis dans %(name)s (n° %(number)s) : annulez d’abord cette fusion-là.")
        raise Refusal("E-MERGE-LATER", sentence % {"name": into.display_name, "number": into.number}, status=409)
    if winner.deleted_at is not None:
        raise NotFound
    merge.winner, merge.loser = winner, loser
    plan = plan_undo(by, merge)
    if token is not None and token != plan.token:
        sentence = _("Des modifications ont été faites entre-temps : relisez la liste avant d’annuler la fusion.")
        raise Refusal("E-MERGE-STALE", sentence, status=409)
    for name, value in merge.loser_before.items():
        if name in _OF_LOSER:
            setattr(loser, name, value)
    loser.merged_into = None
    undo_fields(merge, plan, answers)
    ties.give_way(loser, to=winner)
    give_rows_back(merge, plan, answers)
    ClientAlias.objects.filter(organization_id=by.organization_id, number=loser.number).delete()
    NotDuplicate.objects.filter(pk__in=merge.loser_before.get("copied", [])).delete()
    for client in (winner, loser):
        _rules.bump(client, by=by)
        client.display_name, client.sort_key = validation.names(client.kind, client.name, client.first_name)
        client.save(update_fields=_SAVED)
    merge.undone_at, merge.undone_by_id = timezone.now(), by.user_id
    merge.undo_action_id = current_action()
    merge.save(update_fields=["undone_at", "undone_by", "undo_action_id"])
    refresh_pairs(winner)
    refresh_pairs(loser)
    for client in (winner, loser):
        _rules.announce(client, by=by, what="undo_merge")
    return merge


def give_rows_back(merge: Any, plan: UndoPlan, answers: Mapping[str, str]) -> None:
    """Everything that the merge moved goes back, but for what was answered otherwise."""
    for mover in reversed(list(subject_of(merge.winner).movers)):
        conflicts = [row for row in plan.rows if row.table == mover.key]
        mover.give_back(
            merge,
            kept=[row.row_id for row in conflicts if answers.get(row.key) == "keep"],
            given=_given(mover, merge, answers),
            revived=[row.row_id for row in conflicts if row.kind == "deleted" and answers.get(row.key) == "give"],
        )


def _given(mover: Mover, merge: Any, answers: Mapping[str, str]) -> list[int]:
    """Rows that came since and are to go as well, from whichever page of the list."""
    wanted = []
    for key, answer in answers.items():
        kind, _colon, rest = key.partition(":")
        table, _colon, row_id = rest.rpartition(":")
        if kind == "made" and table == mover.key and answer == "give" and row_id.isdecimal() and len(row_id) < 19:
            wanted.append(int(row_id))
    return [pk for pk, _name in mover.made_since(merge, limit=len(wanted), among=wanted)] if wanted else []


def _both_locked(winner: Client, loser: Client, *, by: Membership) -> tuple[Client, Client]:
    """Always in the same order, so that two merges of the same pair wait for each other."""
    for lock in before_merging:
        lock(by.organization_id)
    found = {
        client.pk: client
        for client in Client.objects.select_for_update(of=("self",))
        .filter(pk__in=[winner.pk, loser.pk], organization_id=by.organization_id)
        .order_by("pk")
    }
    if len(found) != 2:
        raise NotFound
    return found[winner.pk], found[loser.pk]


def _merged_already(client: Client, into: Client) -> Refusal:
    sentence = _("La fiche n° %(lost)s a déjà été fusionnée dans %(name)s (n° %(number)s).")
    words = {"lost": client.number, "name": into.display_name, "number": into.number}
    return Refusal("E-MERGED", sentence % words, status=409)


def merged_fields(winner: Any, loser: Any, choices: Mapping, lists: Mapping) -> dict[str, dict[str, Any]]:
    """Sets the winner's fields; returns those that changed, each with what it was and became."""
    subject = subject_of(winner)
    before: dict[str, Any] = {}
    for code in codes_of(winner, loser):
        if choices.get(code, preferred(code, winner, loser)) != LOSER:
            continue
        for part in subject.name_parts if code == "name" else (code,):
            before[part] = held(winner, part)
            put(winner, part, held(loser, part))
    for code, most in subject.gathered.items():
        values = gathered(code, winner, loser)
        if code in lists:
            values = [found for found in values if found[0] in lists[code]]
            if len(values) > most:
                sentence = _("Gardez %(most)d valeurs au plus.") % {"most": most}
                raise Refusal("E-MERGE-LIST", sentence, field=code)
        before[code] = held(winner, code)
        setattr(winner, code, [value for _key, value, _side in values][:most])
    return {
        code: {"before": was, "after": held(winner, code)} for code, was in before.items() if held(winner, code) != was
    }


def _settle_marks(merge: Merge, choices: Mapping[str, str]) -> None:
    """Before people move: a mark that both clients have given is left to the one that was chosen."""
    ties = list(ClientPerson.objects.filter(client_id__in=[merge.winner_id, merge.loser_id]))
    mine = {tie.person_id: tie for tie in ties if tie.client_id == merge.winner_id}
    for mark in MARKS:
        holder = next((tie for tie in mine.values() if getattr(tie, mark)), None)
        other = next((tie for tie in ties if tie.client_id == merge.loser_id and getattr(tie, mark)), None)
        wanted = choices.get(mark) or (WINNER if holder else LOSER)
        if other is None or wanted != LOSER or (holder and holder.person_id == other.person_id):
            continue
        if holder is not None:
            ClientPerson.objects.filter(pk=holder.pk).update(**{mark: False})
        if other.person_id in mine:
            # The same person stands at both: their row at the winner takes the mark.
            ClientPerson.objects.filter(pk=mine[other.person_id].pk).update(**{mark: True})


def _write_down_marks(merge: Merge, before: dict[int, dict]) -> None:
    """What rows of the winner gave up or took on."""
    after = _rows_of(list(before))
    MergedRow.objects.bulk_create(
        MergedRow(
            organization_id=merge.organization_id,
            merge=merge,
            table_name=ClientPerson._meta.db_table,
            row_id=pk,
            is_moved=False,
            before=was,
            after=after[pk],
        )
        for pk, was in before.items()
        if after.get(pk, was) != was
    )


def _rows_of(ids: list[int]) -> dict[int, dict]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT r.id, to_jsonb(r) FROM clients_clientperson r WHERE r.id = ANY (%s)", [ids])
        return {pk: json.loads(row) if isinstance(row, str) else row for pk, row in cursor.fetchall()}


def _copy_what_was_said(winner: Client, loser: Client, *, by: Membership) -> list[int]:
    """Whoever is no duplicate of the one is none of the two together. Returns the rows made."""
    pairs = NotDuplicate.objects.filter(Q(first=loser) | Q(second=loser), organization_id=by.organization_id)
    others = {pk for pair in pairs.values_list("first_id", "second_id") for pk in pair} - {winner.pk, loser.pk}
    made = []
    for other in sorted(others):
        row, is_new = NotDuplicate.objects.get_or_create(
            organization_id=by.organization_id,
            first_id=min(winner.pk, other),
            second_id=max(winner.pk, other),
            defaults={"said_by_id": by.user_id},
        )
        if is_new:
            made.append(row.pk)
    return made


def undo_fields(merge: Any, plan, answers: Mapping[str, str]) -> None:
    """A field that nobody touched since is again what it was. One that was stays, or goes to the other client; one
    whose former value is no more stays."""
    conflicts = {conflict.code: conflict for conflict in plan.fields}
    for code, change in merge.fields.items():
        if code not in conflicts:
            put(merge.winner, code, change["before"])
        elif not conflicts[code].is_lost and answers.get(conflicts[code].key) == "give":
            put(merge.loser, code, held(merge.winner, code))
            put(merge.winner, code, change["before"])


def plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def current_action() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULLIF(current_setting('app.action_id', true), '')::bigint")
        return cursor.fetchone()[0]
