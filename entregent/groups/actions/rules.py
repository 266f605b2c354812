"""Giving a group a rule, or taking it back (`groups.rules` says what a rule does)."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.groups.actions.requests import manages_groups
from entregent.groups.actions.staging import AT_ONCE
from entregent.groups.effects import one_after_the_other
from entregent.groups.models import ClientGroup
from entregent.groups.rules import apply_rule, changes_of
from entregent.listing.conditions import check
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, Stale
from entregent.toolbox.queue import ask


@transaction.atomic
def set_rule(group: ClientGroup, *, by: Membership, condition: Any, version: int | None = None) -> ClientGroup:
    """The group follows this filter from now on (None: somebody chooses its clients again, who stay as they are). What
    that changes is a request: at once where it is small, else by the worker."""
    record("set_group_rule", by=by, subject=group, name=group.name)
    manages_groups(by)
    one_after_the_other(by.organization_id)
    locked = ClientGroup.objects.of(by.organization).live().select_for_update().filter(pk=group.pk).first()
    if locked is None:
        raise NotFound
    if locked.requests.open().exists():
        raise Refusal("E-002-BUSY", _("Une demande de traitement est en cours pour ce groupe."), status=409)
    if version is not None and locked.version != version:
        when = f"{timezone.localtime(locked.changed_at):%H:%M}"
        raise Stale(who=_("Système"), when=when, current=locked)
    rule = check(condition, lists(by)["clients"], by).data if condition else None
    if condition and not rule:
        raise Refusal("E-CHOICE", _("Choisissez un filtre qui a au moins un critère."), field="view")
    locked.rule, locked.changed_at = rule, timezone.now()
    locked.version += 1
    locked.save(update_fields=["rule", "changed_at", "version"])
    if rule is not None:
        entering, leaving = changes_of(locked) or (Client.objects.none(), locked.members.none())
        if entering[: AT_ONCE + 1].count() + leaving[: AT_ONCE + 1].count() <= AT_ONCE:
            apply_rule(locked)
        else:
            ask(
                "entregent.groups.apply_rule", lock=f"group-rule-{locked.pk}", group_id=locked.pk,
                organization_id=locked.organization_id,
            )  # fmt: skip
    return locked
