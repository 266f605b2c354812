"""Merging two people into one, and taking it back; the scan for people who are one, and « pas un doublon »."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.actions import _rules
from entregent.clients.actions.merging import current_action, give_rows_back, merged_fields, plain, undo_fields
from entregent.clients.actions.people import MARKS, sort_key_of
from entregent.clients.duplicate_models import NotSamePerson, PersonMerge, PersonMergedRow, PersonPair
from entregent.clients.extension_points import person_deleted, person_movers
from entregent.clients.merging import plan_undo
from entregent.clients.models import ClientPerson, Person
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

PEOPLE_SCAN = "clients.scan_people"
_TIES = ClientPerson._meta.db_table
_SAVED = [
    "file_as", "first_name", "last_name", "sort_key", "title", "company", "language", "birth_date", "emails", "phones",
    "external_key", "custom", "deleted_at", "merged_into", "version", "updated_at",
]  # fmt: skip


@transaction.atomic
def merge_people(
    winner: Person,
    loser: Person,
    *,
    by: Membership,
    choices: Mapping[str, str] | None = None,
    lists: Mapping[str, Collection[str]] | None = None,
    versions: tuple[int, int] | None = None,
) -> PersonMerge:
    """Makes `loser` a part of `winner`: what names the one names the other from now on; its page leads there.

    As `merge_clients`: `choices` says for a field which side is kept, `lists` which e-mails and phones, `versions` are
    those that the person saw. Where both stand at one client, one tie remains, with what either was there.
    """
    if winner.pk == loser.pk:
        raise Refusal("E-MERGE-SELF", _("Une fiche ne se fusionne pas avec elle-même."))
    action = record("merge_people", by=by, subject=winner, number=str(loser.pk), name=loser.full_name)
    winner, loser = _both_locked(winner, loser, by=by)
    for person in (winner, loser):
        if person.merged_into is not None:
            sentence = _("La fiche de %(lost)s a déjà été fusionnée dans %(name)s.")
            words = {"lost": person.full_name, "name": person.merged_into.full_name}
            raise Refusal("E-MERGED", sentence % words, status=409)
        if person.deleted_at is not None:
            raise NotFound
    for person, version in zip((winner, loser), versions or (None, None), strict=True):
        _rules.check_version(person, version, by=by, when=person.updated_at)
    merge = PersonMerge(organization_id=by.organization_id, winner=winner, loser=loser, merged_by_id=by.user_id)
    merge.action_id = action
    merge.loser_before = {"deleted_at": plain(loser.deleted_at), "external_key": loser.external_key}
    merge.fields = merged_fields(winner, loser, choices or {}, lists or {})
    if loser.external_key and not winner.external_key:
        merge.fields["external_key"] = {"before": "", "after": loser.external_key}
        winner.external_key, loser.external_key = loser.external_key, ""
    merge.save()
    _one_tie_each(merge)
    for mover in person_movers:
        mover.move(merge)
    merge.loser_before["copied"] = _copy_what_was_said(winner, loser, by=by)
    loser.merged_into, loser.deleted_at = winner, timezone.now()
    # The one that gives its external key up goes first.
    for person in (loser, winner):
        person.sort_key = sort_key_of(vars(person))
        _rules.bump(person, by=by)
        person.save(update_fields=_SAVED)
    for contribution in person_deleted:
        contribution(loser, by=by)  # Of what could not move: a second access to the portal is closed.
    merge.last_ids = {mover.key: mover.last_id() for mover in person_movers}
    merge.save(update_fields=["loser_before", "last_ids"])
    PersonPair.objects.filter(Q(first=loser) | Q(second=loser), organization_id=by.organization_id).delete()
    return merge


@transaction.atomic
def undo_person_merge(
    merge: PersonMerge, *, by: Membership, answers: Mapping[str, str] | None = None, token: str | None = None
) -> PersonMerge:
    """Takes a merge of people back; `answers` and `token` as in `undo_merge`."""
    answers = answers or {}
    record("undo_person_merge", by=by, subject=merge.winner, number=str(merge.loser_id), name=merge.loser.full_name)
    merge = _rules.locked(merge, by=by)
    if merge.undone_at is not None:
        raise Refusal("E-MERGE-UNDONE", _("Cette fusion a déjà été annulée."), status=409)
    winner, loser = _both_locked(merge.winner, merge.loser, by=by)
    if winner.merged_into is not None:
        sentence = _("La fiche a été fusionnée depuis dans %(name)s : annulez d’abord cette fusion-là.")
        raise Refusal("E-MERGE-LATER", sentence % {"name": winner.merged_into.full_name}, status=409)
    if winner.deleted_at is not None:
        raise NotFound
    merge.winner, merge.loser = winner, loser
    plan = plan_undo(by, merge)
    if token is not None and token != plan.token:
        sentence = _("Des modifications ont été faites entre-temps : relisez la liste avant d’annuler la fusion.")
        raise Refusal("E-MERGE-STALE", sentence, status=409)
    loser.deleted_at, loser.merged_into = None, None
    undo_fields(merge, plan, answers)
    if "external_key" in merge.fields and not winner.external_key and not loser.external_key:
        loser.external_key = merge.loser_before["external_key"]
    give_rows_back(merge, plan, answers)
    _ties_again(merge)
    NotSamePerson.objects.filter(pk__in=merge.loser_before.get("copied", [])).delete()
    for person in (winner, loser):
        person.sort_key = sort_key_of(vars(person))
        _rules.bump(person, by=by)
        person.save(update_fields=_SAVED)
    merge.undone_at, merge.undone_by_id = timezone.now(), by.user_id
    merge.undo_action_id = current_action()
    merge.save(update_fields=["undone_at", "undone_by", "undo_action_id"])
    return merge


@transaction.atomic
def start_people_scan(*, by: Membership) -> Job:
    """Looks through all people of the organization. While one scan is under way, that one is answered."""
    running = Job.objects.filter(
        organization_id=by.organization_id, kind=PEOPLE_SCAN, state__in=[Job.State.PENDING, Job.State.RUNNING]
    ).first()
    if running is not None:
        return running
    record("scan_people", by=by)
    label = _("Recherche de doublons parmi les personnes-ressources")
    return start_job(by=by, kind=PEOPLE_SCAN, label=label, data={"language": get_language()})


@transaction.atomic
def dismiss_people(first: Person, second: Person, *, by: Membership) -> NotSamePerson:
    """« Pas un doublon »: the two are never proposed again. Saying it twice changes nothing."""
    older, younger = _in_order(first, second, by=by)
    record("dismiss_people", by=by, subject=older, name=younger.full_name)
    PersonPair.objects.filter(first=older, second=younger, organization_id=by.organization_id).delete()
    return NotSamePerson.objects.get_or_create(
        organization_id=by.organization_id, first=older, second=younger, defaults={"said_by_id": by.user_id}
    )[0]


@transaction.atomic
def propose_people_again(first: Person, second: Person, *, by: Membership) -> None:
    """Takes « pas un doublon » back: the next scan finds the pair again."""
    older, younger = _in_order(first, second, by=by)
    record("propose_people", by=by, subject=older, name=younger.full_name)
    NotSamePerson.objects.filter(first=older, second=younger, organization_id=by.organization_id).delete()


def _in_order(first: Person, second: Person, *, by: Membership) -> tuple[Person, Person]:
    if first.pk == second.pk:
        raise Refusal("E-MERGE-SELF", _("Une fiche ne se compare pas avec elle-même."))
    if first.organization_id != by.organization_id or second.organization_id != by.organization_id:
        raise NotFound
    return (first, second) if first.pk < second.pk else (second, first)


def _both_locked(winner: Person, loser: Person, *, by: Membership) -> tuple[Person, Person]:
    """Always in the same order, so that two merges of the same pair wait for each other."""
    people = Person.objects.select_for_update(of=("self",)).filter(
        pk__in=[winner.pk, loser.pk], organization_id=by.organization_id
    )
    found = {person.pk: person for person in people.order_by("pk")}
    if len(found) != 2:
        raise NotFound
    return found[winner.pk], found[loser.pk]


def _one_tie_each(merge: PersonMerge) -> None:
    """Where both stand at one client, the winner's tie takes on what the loser was there and the other one goes;
    both are written down as they were."""
    ties = ClientPerson.objects.filter(person_id__in=[merge.winner_id, merge.loser_id]).order_by("pk")
    mine = {tie.client_id: tie for tie in ties if tie.person_id == merge.winner_id}
    for theirs in ties:
        kept = mine.get(theirs.client_id)
        if theirs.person_id != merge.loser_id or kept is None:
            continue
        before = _rows_of([kept.pk, theirs.pk])
        marks = [mark for mark in MARKS if getattr(theirs, mark)]
        theirs_pk = theirs.pk
        theirs.delete()
        if marks:
            ClientPerson.objects.filter(pk=kept.pk).update(**dict.fromkeys(marks, True))
        after = _rows_of([kept.pk])
        for pk in (kept.pk, theirs_pk):
            PersonMergedRow.objects.create(
                organization_id=merge.organization_id, merge=merge, table_name=_TIES, row_id=pk, is_moved=False,
                before=before[pk], after=after.get(pk, {}),
            )  # fmt: skip


def _ties_again(merge: PersonMerge) -> None:
    """The ties that went come back; a mark goes back with them unless somebody else has it by now."""
    rows = list(PersonMergedRow.objects.filter(merge=merge, table_name=_TIES, is_moved=False))
    for row in rows:
        tie = ClientPerson.objects.filter(pk=row.row_id, person_id=merge.winner_id).first()
        if tie is None or not row.after:
            continue
        for mark in MARKS:
            if row.after[mark] and not row.before[mark] and getattr(tie, mark):
                setattr(tie, mark, False)
        tie.save(update_fields=list(MARKS))
    for row in rows:
        at = {"client_id": row.before["client_id"]}
        if row.after or ClientPerson.objects.filter(Q(pk=row.row_id) | Q(person_id=merge.loser_id, **at)).exists():
            continue
        others = ClientPerson.objects.filter(**at)
        marks = {mark: row.before[mark] and not others.filter(**{mark: True}).exists() for mark in MARKS}
        ClientPerson.objects.create(
            pk=row.row_id, organization_id=merge.organization_id, person_id=merge.loser_id, **at, **marks
        )


def _rows_of(ids: list[int]) -> dict[int, dict[str, Any]]:
    names = ["id", "organization_id", "client_id", "person_id", *MARKS]
    return {row["id"]: row for row in ClientPerson.objects.filter(pk__in=ids).values(*names)}


def _copy_what_was_said(winner: Person, loser: Person, *, by: Membership) -> list[int]:
    """Whoever is not the one is not the two together. Returns the rows made."""
    pairs = NotSamePerson.objects.filter(Q(first=loser) | Q(second=loser), organization_id=by.organization_id)
    others = {pk for pair in pairs.values_list("first_id", "second_id") for pk in pair} - {winner.pk, loser.pk}
    made = []
    for other in sorted(others):
        first, second = sorted((winner.pk, other))
        row, is_new = NotSamePerson.objects.get_or_create(
            organization_id=by.organization_id, first_id=first, second_id=second, defaults={"said_by_id": by.user_id}
        )
        if is_new:
            made.append(row.pk)
    return made


def forget_profiles(organization_id: int) -> None:
    """The profiles of a scan that is over."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM clients_personprofile WHERE organization_id = %s", [organization_id])
