"""Choosing clients for a group, before it is asked for. Nothing of it is seen by anybody else, nor journaled."""

from collections.abc import Collection
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from entregent.clients.models import Client
from entregent.groups.draft_models import Draft, DraftRow
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.groups.selection import eligible, matching, staged
from entregent.organizations.models import Membership

KEPT_FOR = timedelta(days=30)


@transaction.atomic
def draft_of(*, by: Membership, group: ClientGroup | None = None) -> Draft:
    """What this member has chosen for the group so far; None: for a new group."""
    given = {"organization_id": by.organization_id, "user_id": by.user_id, "group": group, "is_sealed": False}
    found = Draft.objects.filter(**given).first()
    if found is None:
        _forget_old(by.organization_id)
        Draft.objects.bulk_create([Draft(**given)], ignore_conflicts=True)
        found = Draft.objects.get(**given)
    return found


@transaction.atomic
def name_draft(draft: Draft, name: str) -> None:
    """Keeps what was typed as the name, while clients are being chosen."""
    if draft.name != name[:200]:
        draft.name = name[:200]
        draft.save(update_fields=["name"])


@transaction.atomic
def stage(
    draft: Draft, *, by: Membership, change: str, ids: Collection[int] = (), whole: bool = False, text: str = ""
) -> int:
    """« Ajouter », « Supprimer »: those ticked, or (`whole`, « Tous ») all of the search over all pages, in one
    statement. Returns how many were chosen."""
    chosen = matching(eligible(draft, change, by.organization), text, by.organization_id)
    return _write(draft, change, chosen if whole else chosen.filter(pk__in=list(ids)))


@transaction.atomic
def stage_selection(draft: Draft, *, by: Membership, selection: QuerySet) -> int:
    """Those to add of whatever clients a query of ids gives, where they may be had. Returns how many were chosen."""
    return _write(
        draft, DraftRow.Change.ADD, eligible(draft, DraftRow.Change.ADD, by.organization).filter(pk__in=selection)
    )


def _write(draft: Draft, change: str, chosen: QuerySet[Client]) -> int:
    # Not asked: « and not chosen yet ». A table that fills while it is asked is asked row by row; the index knows.
    sql, parameters = chosen.order_by("sort_key", "pk").values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO groups_draftrow (organization_id, draft_id, client_id, change)"  # noqa: S608  Django's own
            f" SELECT %s, %s, chosen.id, %s FROM ({sql}) chosen (id) ON CONFLICT DO NOTHING",
            [draft.organization_id, draft.pk, change, *parameters],
        )
        number = cursor.rowcount
    _touched(draft)
    return number


@transaction.atomic
def unstage(draft: Draft, *, change: str, ids: Collection[int] = (), whole: bool = False) -> int:
    """« Effacer »: those ticked, or all, are no longer chosen."""
    rows = DraftRow.objects.filter(draft_id=draft.pk, change=change)
    number, _by_model = (rows if whole else rows.filter(client_id__in=list(ids))).delete()
    _touched(draft)
    return number


@transaction.atomic
def discard(draft: Draft) -> None:
    """« Annuler »: what was chosen is forgotten."""
    draft.delete()


def counts(draft: Draft) -> dict[str, int]:
    return {change: staged(draft, change).count() for change in DraftRow.Change.values}


def _touched(draft: Draft) -> None:
    draft.changed_at = timezone.now()
    draft.save(update_fields=["changed_at"])


def _forget_old(organization_id: int) -> None:
    """Those that nobody has touched for long and that no open or failed request needs."""
    old = Draft.objects.filter(organization_id=organization_id, changed_at__lt=timezone.now() - KEPT_FOR)
    needed = ProcessingRequest.objects.filter(
        organization_id=organization_id, state__in=[*ProcessingRequest.OPEN, ProcessingRequest.State.FAILED]
    ).values_list("payload__draft", flat=True)
    old.exclude(pk__in=[pk for pk in needed if pk]).delete()
