"""Handing exchanges over to the other systems: at least once, in order per client, later and later.

One sender at a time for each connector, by a lease; no transaction is open while the other side is spoken to. While a
system is away nothing is held against what it is to be told: all of it waits.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.connectors.carriers import Carrier, carrier_for
from entregent.connectors.carriers.contract import Away, Done, Gone, Item, Refused, Trouble, Wiring
from entregent.connectors.models import Connector, ConnectorState, Copy, Exchange
from entregent.outbox.endpoints import may_loop
from entregent.toolbox.sealing import SealBroken, unseal

log = logging.getLogger("entregent.connectors")

PURPOSE = "connectors.connector"
LEASE = timedelta(minutes=4)
# Minutes before the second, third… try of an exchange with which the other side had trouble.
PAUSES = (1, 5, 30, 120, 360, 720, 1440)
MOST_TRIES = len(PAUSES) + 1
# Minutes before a system that does not answer is asked again.
AWAY = (1, 2, 5, 15, 60)
AT_ONCE = 200
Operation, State, CopyState = Exchange.Operation, Exchange.State, Copy.State


@dataclass(frozen=True)
class Lease:
    """Who holds it sends; it ends by itself when its holder has died."""

    state_id: int
    organization_id: int
    until: datetime
    length: timedelta = LEASE


def wiring_of(connector: Connector, secret: str) -> Wiring:
    return Wiring(
        address=connector.address, settings=connector.settings, secret=secret, organization=connector.organization.slug,
        may_loop=may_loop(),
    )  # fmt: skip


def carrier_of(connector: Connector) -> Carrier:
    """With its secret opened; raises SealBroken where the instance has another key by now."""
    sealed = connector.state.secret
    secret = unseal(sealed, purpose=PURPOSE) if sealed else ""
    return carrier_for(connector.kind, wiring_of(connector, secret))


def send_due(organization_id: int, connector_id: int, *, most: int = 100_000, lease: timedelta = LEASE) -> int:
    """Sends what of a connector is due, in order; says how many exchanges were tried. Called outside of any
    transaction."""
    held = _take_lease(organization_id, connector_id, lease)
    if held is None:
        return 0
    tried = 0
    try:
        with in_organization(organization_id):
            connector = Connector.objects.select_related("state", "organization").get(pk=connector_id)
        try:
            carrier = carrier_of(connector)
        except SealBroken:
            _rest(connector, _("Le secret n’est plus lisible : saisissez-le de nouveau."), timedelta(hours=1))
            return 0
        _collect(connector, carrier)
        while tried < most:
            batch = _next(connector, carrier)
            if not batch:
                break
            tried += len(batch)
            if not _hand_over(connector, carrier, batch):
                break
            held = _renew(held)
            if held is None:
                break
    finally:
        if held is not None:
            _give_back(held)
    return tried


def _hand_over(connector: Connector, carrier: Carrier, batch: Sequence[Exchange]) -> bool:
    """One try of a batch, and how it ended; False where the connector rests from now on."""
    items, local = _items(connector, batch, carrier)
    for exchange, done in local:
        _settle(connector, exchange, done)
    if not items:
        return True
    by_key = {str(one.key): one for one in batch}
    begun = time.monotonic()
    try:
        for done in carrier.push(items):
            _settle(connector, by_key[done.key], done)
    except (Away, Gone) as trouble:
        _keep_id(connector, items, trouble)
        if isinstance(trouble, Gone):
            _turn_off(connector, trouble)
        else:
            _rest(connector, trouble.said, trouble.wait)
        _note(batch, items, trouble)
        return False
    except Refused as trouble:
        _keep_id(connector, items, trouble)
        for item in items:
            _fail(connector, by_key[item.key], trouble)
    except Trouble as trouble:
        _keep_id(connector, items, trouble)
        for item in items:
            _try_later(connector, by_key[item.key], trouble)
    except Exception as error:  # A fault of ours, or an answer that nobody foresaw: it keeps no other from leaving.
        log.exception("connector %s", connector.pk)
        fault = Trouble(f"{type(error).__name__}: {error}"[:300])
        for item in items:
            _try_later(connector, by_key[item.key], fault)
    log.debug("connector %s: %s items in %.3f s", connector.pk, len(items), time.monotonic() - begun)
    return True


def _items(connector: Connector, batch: Sequence[Exchange], carrier: Carrier):
    """What is handed over, and what is settled here: nothing is pushed of a client who is leaving, and nothing is to be
    withdrawn where nothing ever left."""
    items: list[Item] = []
    local: list[tuple[Exchange, Done | None]] = []
    with in_organization(connector.organization_id):
        copies = {
            one.client_id: one
            for one in Copy.objects.select_for_update().filter(
                connector=connector, client_id__in=[one.client_id for one in batch]
            )
        }
        now = timezone.now()
        for exchange in batch:
            copy = copies[exchange.client_id]
            is_push = exchange.operation == Operation.PUSH
            if is_push and copy.state == CopyState.LEAVING:
                local.append((exchange, None))
                continue
            if not is_push and copy.tried_at is None:
                told = _("Rien à retirer : rien n’a jamais été envoyé.")
                local.append((exchange, Done(str(exchange.key), answer=told)))
                continue
            creating = copy.creating if carrier.repeats_creation and not copy.external_id else None
            if is_push:
                changed = ["tried_at"]
                copy.tried_at = now
                if carrier.repeats_creation and not copy.external_id and creating is None:
                    copy.creating = {"key": str(exchange.key), "record": exchange.record}
                    changed.append("creating")
                copy.save(update_fields=changed)
            items.append(
                Item(
                    key=str(exchange.key), sequence=exchange.pk, operation=str(exchange.operation),
                    number=exchange.number, record=exchange.record, external_id=copy.external_id, creating=creating,
                )
            )  # fmt: skip
    return items, local


def _next(connector: Connector, carrier: Carrier) -> list[Exchange]:
    """The oldest that are due, each the first of its client."""
    now = timezone.now()
    with in_organization(connector.organization_id):
        if not Connector.objects.filter(pk=connector.pk, is_on=True, version=connector.version).exists():
            return []
        before = Exchange.objects.filter(
            connector_id=OuterRef("connector_id"), client_id=OuterRef("client_id"), state=State.PENDING,
            pk__lt=OuterRef("pk"),
        )  # fmt: skip
        due = Exchange.objects.filter(
            ~Exists(before), connector=connector, state=State.PENDING, next_try_at__lte=now
        ).order_by("pk")
        return list(due[: min(carrier.batch, AT_ONCE * 5)])


def _settle(connector: Connector, exchange: Exchange, done: Done | None) -> None:
    """It was taken, or (None) it is not sent any more: a withdrawal follows it."""
    now = timezone.now()
    with in_organization(connector.organization_id):
        ours = Exchange.objects.filter(pk=exchange.pk, state=State.PENDING)
        if done is None:
            ours.update(state=State.SUPERSEDED, settled_at=now)
            return
        record(
            "exchange_settled", organization_id=connector.organization_id, client_id=exchange.client_id,
            connector=connector.name, operation=str(exchange.operation), number=exchange.number,
        )  # fmt: skip
        state = State.ACCEPTED if done.is_final else State.DROPPED
        if not ours.update(
            state=state, tries=F("tries") + 1, external_id=done.external_id, status=done.status, error="",
            answer=done.answer, settled_at=now if done.is_final else None,
        ):  # fmt: skip
            return
        _acknowledge(exchange, done.external_id, is_final=done.is_final)
        ConnectorState.objects.filter(connector_id=connector.pk).update(
            answered_at=now, away=0, error="", paused_until=None
        )


def _acknowledge(exchange: Exchange, external_id: str, *, is_final: bool) -> None:
    """What the other system holds by now."""
    copy = Copy.objects.select_for_update().get(connector_id=exchange.connector_id, client_id=exchange.client_id)
    copy.creating = None
    now = timezone.now()
    if exchange.operation == Operation.PUSH:
        copy.external_id = external_id or copy.external_id
        if is_final:
            copy.confirmed_at = copy.confirmed_at or now
            copy.withdrawn_at = None
            if copy.state == CopyState.PENDING:
                copy.state = CopyState.HELD
    elif is_final:
        copy.withdrawn_at = now
        # Tried anew only by a push that comes after it.
        copy.tried_at, copy.confirmed_at = None, None
        if copy.state == CopyState.LEAVING:
            copy.state = CopyState.GONE
    copy.save()
    # What had failed before says nothing any more.
    Exchange.objects.filter(
        connector_id=exchange.connector_id, client_id=exchange.client_id, state=State.FAILED, pk__lt=exchange.pk
    ).update(state=State.SUPERSEDED)


def _fail(connector: Connector, exchange: Exchange, trouble: Trouble) -> None:
    with in_organization(connector.organization_id):
        Exchange.objects.filter(pk=exchange.pk, state=State.PENDING).update(
            state=State.FAILED, tries=F("tries") + 1, error=trouble.said, status=trouble.status,
            answer=trouble.answer, settled_at=timezone.now(),
        )  # fmt: skip
        if isinstance(trouble, Refused):
            # A creation that was refused made nothing: the next one is a new one.
            Copy.objects.filter(connector=connector, client_id=exchange.client_id).update(creating=None)
        ConnectorState.objects.filter(connector_id=connector.pk).update(error=trouble.said)


def _try_later(connector: Connector, exchange: Exchange, trouble: Trouble) -> None:
    if exchange.tries + 1 >= MOST_TRIES:
        _fail(connector, exchange, trouble)
        return
    with in_organization(connector.organization_id):
        Exchange.objects.filter(pk=exchange.pk, state=State.PENDING).update(
            tries=F("tries") + 1, error=trouble.said, status=trouble.status, answer=trouble.answer,
            next_try_at=timezone.now() + timedelta(minutes=PAUSES[exchange.tries]),
        )  # fmt: skip
        ConnectorState.objects.filter(connector_id=connector.pk).update(error=trouble.said)


def _keep_id(connector: Connector, items: Sequence[Item], trouble: Trouble) -> None:
    """The trouble came after the other side had made its record: it is known by that id from now on."""
    if not trouble.external_id or len(items) != 1:
        return
    with in_organization(connector.organization_id):
        exchange = Exchange.objects.get(key=items[0].key)
        Copy.objects.filter(connector=connector, client_id=exchange.client_id).update(
            external_id=trouble.external_id, creating=None
        )


def _note(batch: Sequence[Exchange], items: Sequence[Item], trouble: Trouble) -> None:
    """Why they wait, in the log of exchanges; nothing is held against them."""
    if not batch:
        return
    keys = [item.key for item in items]
    with in_organization(batch[0].organization_id):
        Exchange.objects.filter(key__in=keys, state=State.PENDING).update(
            error=trouble.said, status=trouble.status, answer=trouble.answer
        )


def _rest(connector: Connector, said: str, wait: timedelta | None = None) -> None:
    with in_organization(connector.organization_id):
        state = ConnectorState.objects.select_for_update().get(connector_id=connector.pk)
        state.paused_until = timezone.now() + (wait or timedelta(minutes=AWAY[min(state.away, len(AWAY) - 1)]))
        state.away, state.error = state.away + 1, said[:500]
        state.save(update_fields=["paused_until", "away", "error"])


def _turn_off(connector: Connector, trouble: Trouble) -> None:
    with in_organization(connector.organization_id):
        record("connector_gone", organization_id=connector.organization_id, subject=connector, name=connector.name)
        Connector.objects.filter(pk=connector.pk).update(is_on=False, version=F("version") + 1)
        ConnectorState.objects.filter(connector_id=connector.pk).update(error=trouble.said)


def _collect(connector: Connector, carrier: Carrier) -> None:
    """Acknowledgements that were dropped for us: kept first, then taken away from there."""
    try:
        told = carrier.acknowledged()
        for one in told:
            with in_organization(connector.organization_id):
                found = Exchange.objects.select_for_update().filter(
                    connector=connector, key=_uuid(one.key), state__in=[State.DROPPED, State.ACCEPTED, State.FAILED]
                )
                exchange = found.first()
                if exchange is None or exchange.state != State.DROPPED:
                    continue
                state = State.FAILED if one.error else State.ACCEPTED
                Exchange.objects.filter(pk=exchange.pk).update(
                    state=state, error=one.error, external_id=one.external_id, settled_at=timezone.now()
                )
                if not one.error:
                    _acknowledge(exchange, one.external_id, is_final=True)
        carrier.forget(told)
    except Trouble as trouble:
        _rest(connector, trouble.said)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _take_lease(organization_id: int, connector_id: int, length: timedelta) -> Lease | None:
    now = timezone.now()
    with in_organization(organization_id):
        state = (
            ConnectorState.objects.select_for_update(skip_locked=True)
            .filter(
                Q(leased_until__isnull=True) | Q(leased_until__lt=now),
                Q(paused_until__isnull=True) | Q(paused_until__lte=now),
                connector_id=connector_id, connector__is_on=True,
            )
            .first()
        )  # fmt: skip
        if state is None:
            return None
        until = now + length
        ConnectorState.objects.filter(pk=state.pk).update(leased_until=until)
        return Lease(state.pk, organization_id, until, length)


def _renew(held: Lease) -> Lease | None:
    """None where another sender has taken over meanwhile, or the connector rests."""
    now = timezone.now()
    with in_organization(held.organization_id):
        until = now + held.length
        ours = ConnectorState.objects.filter(pk=held.state_id, leased_until=held.until)
        if not ours.update(leased_until=until):
            return None
    return Lease(held.state_id, held.organization_id, until, held.length)


def _give_back(held: Lease) -> None:
    with in_organization(held.organization_id):
        ConnectorState.objects.filter(pk=held.state_id, leased_until=held.until).update(leased_until=None)
