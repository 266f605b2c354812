"""Tells other areas which states have changed: an invoice is paid, a contract has ended, a client is active again.

Triggers write the changes down (`state_changes.sql`); the worker takes them up each minute, in order, some hundred in a
transaction with what follows from them. Killed anywhere, it takes up the same ones again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import InterfaceError, OperationalError, transaction

from entregent.access.wall import in_organization
from entregent.clients.extension_points import state_changes
from entregent.clients.models import BusinessObject, Client, StateChange
from entregent.organizations.models import Organization

AT_ONCE = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """A state that became another one. `type` and `key` are those of the business object; "" of a client's status."""

    client_id: int
    object_id: int | None
    type: str
    key: str
    before: str
    after: str
    amount: Decimal | None
    changed_at: datetime


def pass_on_all() -> int:
    """For each organization what it has waiting; says how many changes. One that fails keeps no other waiting."""
    passed = 0
    for organization in Organization.objects.order_by("pk"):
        try:
            passed += pass_on(organization)
        except Exception:
            logger.exception("state changes of organization %s", organization.pk)
    return passed


def pass_on(organization: Organization, *, at_once: int = AT_ONCE) -> int:
    """What has changed in an organization and was not told yet, in order; says how many changes."""
    passed = 0
    while True:
        try:
            number = _pass_some(organization, at_once)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One of them cannot be told: each by itself, so that the others are.
            logger.exception("state changes of organization %s, one by one", organization.pk)
            number = sum(_pass_one(organization) for _turn in range(at_once))
        passed += number
        if number < at_once:
            return passed


def _pass_some(organization: Organization, most: int) -> int:
    with in_organization(organization.pk):
        taken = _take(organization, most)
        _tell(organization, taken)
    return len(taken)


def _pass_one(organization: Organization) -> int:
    with in_organization(organization.pk):
        taken = _take(organization, 1)
        try:
            with transaction.atomic():
                _tell(organization, taken)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # It is kept back no longer: whoever runs the instance finds it in the log.
            logger.exception("state change of client %s, object %s", taken[0].client_id, taken[0].object_id)
    return len(taken)


def _take(organization: Organization, most: int) -> list[StateChange]:
    """The oldest ones, gone with the end of the transaction. A second worker waits for the first."""
    taken = list(StateChange.objects.select_for_update().filter(organization_id=organization.pk).order_by("id")[:most])
    if taken:
        StateChange.objects.filter(pk__in=[row.pk for row in taken])._raw_delete("default")
    return taken


def _tell(organization: Organization, rows: Sequence[StateChange]) -> None:
    changes = _changes(organization, rows)
    if changes:
        for contribution in state_changes:
            contribution(organization, changes)


def _changes(organization: Organization, rows: Sequence[StateChange]) -> list[Change]:
    """What still stands: of an object that changed twice meanwhile both changes are told, of a deleted one nothing."""
    objects = {
        row["pk"]: row
        for row in BusinessObject.objects.filter(
            organization_id=organization.pk,
            deleted_at__isnull=True,
            pk__in={row.object_id for row in rows if row.object_id is not None},
        ).values("pk", "client_id", "type__code", "key", "amount")
    }
    known = set(
        Client.objects.filter(
            organization_id=organization.pk, deleted_at__isnull=True,
            pk__in={row.client_id for row in rows} | {row["client_id"] for row in objects.values()},
        ).values_list("pk", flat=True)
    )  # fmt: skip
    changes = []
    for row in rows:
        of = objects.get(row.object_id) if row.object_id is not None else None
        if row.object_id is not None and of is None:
            continue
        # Merged meanwhile: of the client whose it is now.
        client_id = of["client_id"] if of is not None else row.client_id
        if client_id in known:
            changes.append(
                Change(
                    client_id, row.object_id, of["type__code"] if of else "", of["key"] if of else "",
                    row.before, row.after, of["amount"] if of else None, row.changed_at,
                )
            )  # fmt: skip
    return changes
