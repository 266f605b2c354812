"""What administrators do with webhooks; each acts for the whole organization, so whoever does sees all of it."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.organizations.models import Membership
from entregent.outbox import endpoints
from entregent.outbox.models import WEBHOOK, Endpoint, EndpointState
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale, required, too_long
from entregent.toolbox.text import one_line
from entregent.webhooks.models import Webhook
from entregent.webhooks.records import NAMES, in_order
from entregent.webhooks.telling import tell_stopped

MOST = 20
LONGEST_NAME = 80
# Without any answer for so long a webhook is switched off.
FAILING_FOR = timedelta(days=5)


def webhooks_of(by: Membership):
    """The webhooks of the organization of `by`."""
    _check_reach(by)
    return Webhook.objects.filter(organization_id=by.organization_id).select_related("endpoint__state")


@transaction.atomic
def create_webhook(
    *, by: Membership, name: str, url: str, events: Iterable[str], is_on: bool = True
) -> tuple[Webhook, str]:
    """Adds an address that is told of `events`. Given back: the webhook, and its secret — the only time it is shown."""
    _check_reach(by)
    name, events = one_line(name).strip(), _checked(name, events)
    if Webhook.objects.select_for_update().filter(organization_id=by.organization_id).count() >= MOST:
        raise Refusal("E-WEBHOOKS", _("%(n)d webhooks au maximum.") % {"n": MOST})
    purpose = f"{WEBHOOK}{uuid.uuid4().hex[:16]}"
    endpoint, secret = endpoints.set_endpoint(by=by, purpose=purpose, url=url, is_on=is_on)
    record("create_webhook", by=by, name=name)
    return Webhook.objects.create(
        organization_id=by.organization_id, endpoint=endpoint, name=name, events=events
    ), secret


@transaction.atomic
def update_webhook(
    webhook: Webhook, *, by: Membership, version: int, name: str, url: str, events: Iterable[str], is_on: bool
) -> Webhook:
    """Changes name, address, events, and whether it is on. What waits leaves once it is on again."""
    webhook = _locked(webhook, by=by)
    if webhook.version != version:
        raise Stale(who=_("un autre membre"), when="", current=webhook)
    name, events = one_line(name).strip(), _checked(name, events)
    endpoints.set_endpoint(by=by, purpose=webhook.endpoint.purpose, url=url, is_on=is_on)
    record("update_webhook", by=by, subject=webhook, name=name)
    webhook.name, webhook.events, webhook.version = name, events, version + 1
    if not is_on and webhook.endpoint.is_on:
        webhook.stopped_at = timezone.now()
    if is_on:
        webhook.stopped, webhook.stopped_at = "", None
        EndpointState.objects.filter(endpoint_id=webhook.endpoint_id).update(failing_since=None)
    webhook.save()
    webhook.endpoint.refresh_from_db()
    return webhook


@transaction.atomic
def delete_webhook(webhook: Webhook, *, by: Membership) -> None:
    """Removes it with its messages, those that wait too."""
    webhook = _locked(webhook, by=by)
    record("delete_webhook", by=by, subject=webhook, name=webhook.name)
    webhook.endpoint.delete()


@transaction.atomic
def rotate_webhook_secret(webhook: Webhook, *, by: Membership) -> str:
    """A new secret, shown once; the former one signs for a day longer."""
    return endpoints.rotate_secret(_locked(webhook, by=by).endpoint, by=by)


def try_webhook(webhook: Webhook, *, by: Membership):
    """« Envoyer un essai »: a signed « ping » at once; what was answered, or a refusal that says what went wrong."""
    _check_reach(by)
    return endpoints.try_endpoint(webhook.endpoint, by=by)


@transaction.atomic
def replay_webhook(webhook: Webhook, *, by: Membership) -> int:
    """Sends again all that has failed or waits; says how many, at most `endpoints.MOST_RETRIED`."""
    webhook = _locked(webhook, by=by)
    posts = endpoints.posts_visible_to(by).filter(~endpoints.SENT, endpoint_id=webhook.endpoint_id)
    return endpoints.retry_posts(posts, by=by)


@transaction.atomic
def stop_failing(organization_id: int) -> int:
    """Switches off the webhooks that have answered nothing for days and tells the administrators; says how many."""
    silent = Webhook.objects.select_for_update(of=("self",)).filter(
        organization_id=organization_id,
        endpoint__is_on=True,
        endpoint__state__failing_since__lte=timezone.now() - FAILING_FOR,
    )
    stopped = list(silent.select_related("endpoint", "organization"))
    for webhook in stopped:
        stop(webhook, Webhook.Stopped.FAILING)
    return len(stopped)


def endpoint_stopped(endpoint: Endpoint) -> None:
    """Contribution to `outbox.endpoint_stops`: the other side has answered 410."""
    webhook = Webhook.objects.select_related("endpoint", "organization").filter(endpoint=endpoint).first()
    if webhook is not None:
        stop(webhook, Webhook.Stopped.GONE)


def stop(webhook: Webhook, why: str) -> None:
    """Switches a webhook off on the product's own account: journaled, and its administrators are told."""
    record("stop_webhook", organization_id=webhook.organization_id, subject=webhook, name=webhook.name, reason=why)
    Endpoint.objects.filter(pk=webhook.endpoint_id, is_on=True).update(is_on=False, version=F("version") + 1)
    webhook.stopped, webhook.stopped_at = why, timezone.now()
    webhook.save(update_fields=["stopped", "stopped_at"])
    tell_stopped(webhook)


def _checked(name: str, events: Iterable[str]) -> list[str]:
    wrong: list[Refusal] = []
    name = one_line(name).strip()
    if not name:
        wrong.append(required("name", _("Nom")))
    elif len(name) > LONGEST_NAME:
        wrong.append(too_long("name", _("Nom"), LONGEST_NAME))
    chosen = in_order(events)
    unknown = sorted(set(events) - NAMES)
    if unknown:
        message = _("Évènement inconnu : %(name)s.") % {"name": unknown[0][:60]}
        wrong.append(Refusal("E-WEBHOOK-EVENT", message, field="events"))
    elif not chosen:
        wrong.append(Refusal("E-WEBHOOK-EVENTS", _("Choisissez au moins un évènement."), field="events"))
    if wrong:
        raise Refusals(wrong)
    return chosen


def _locked(webhook: Webhook, *, by: Membership) -> Webhook:
    _check_reach(by)
    found = (
        Webhook.objects.select_for_update(of=("self",))
        .select_related("endpoint__state", "organization")
        .filter(pk=webhook.pk, organization_id=by.organization_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _check_reach(by: Membership) -> None:
    """Messages tell of the whole organization."""
    if not by.can(Right.WEBHOOKS) or not by.reach.is_whole(Right.CLIENT_VIEW):
        raise RightMissing
