"""Who has changed, and what each other system is to be told of it: written down, and sent from there (`sending`)."""

from collections.abc import Sequence

from django.db import connection, transaction

from entregent.access.statements import rows_of
from entregent.clients.models import Client
from entregent.connectors.fields import told_of
from entregent.connectors.models import Connector, Copy, Exchange, Touched
from entregent.organizations.idempotency import fingerprint_of
from entregent.toolbox.queue import ask

AT_ONCE = 500
WORK = "entregent.connectors.work"
Operation, CopyState = Exchange.Operation, Copy.State


def client_noticed(client: Client, *, by, what: str) -> None:
    """Contribution to `clients.client_changed`: what the triggers have written down is looked at after the commit."""
    organization_id = client.organization_id
    if _marked("noticed", organization_id):
        return
    # A change of many asks once.
    _mark("noticed", organization_id)
    if Connector.objects.filter(organization_id=organization_id).exists():
        wake(organization_id)


def wake(organization_id: int) -> None:
    """In the same transaction, once."""
    if not _marked("woken", organization_id):
        ask(WORK, queue="bulk", lock=f"connectors-{organization_id}", organization_id=organization_id)
        _mark("woken", organization_id)


def _marked(what: str, organization_id: int) -> bool:
    mark = (what, organization_id)
    return any(getattr(waiting[1], "connectors_mark", None) == mark for waiting in connection.run_on_commit)


def _mark(what: str, organization_id: int) -> None:
    def marked() -> None:
        """Does nothing: that it waits for the commit is the mark."""

    marked.connectors_mark = (what, organization_id)  # type: ignore[attr-defined]
    transaction.on_commit(marked)


@transaction.atomic
def take_up(organization_id: int, *, at_once: int = AT_ONCE) -> int:
    """Takes the oldest of the clients who have changed and writes what each connector is to be told; how many it took.

    Inside the wall. Who is among those a system holds and looks otherwise than written down last is pushed; who no
    longer is among them is withdrawn, from a connector that is turned off too: it leaves when that is on again.
    """
    # One at a time, so that no two make the same copy.
    rows_of("SELECT pg_advisory_xact_lock(hashtext('connectors-take-up'), %s::int)", [organization_id % 2**31])
    taken = list(
        Touched.objects.select_for_update().filter(organization_id=organization_id).order_by("id")[:at_once]
    )  # fmt: skip
    if not taken:
        return 0
    Touched.objects.filter(pk__in=[one.pk for one in taken])._raw_delete("default")
    keys = sorted({one.client_id for one in taken})
    for connector in Connector.objects.filter(organization_id=organization_id).order_by("pk"):
        _write(connector, keys)
    return len(taken)


def _write(connector: Connector, keys: Sequence[int]) -> None:
    wanted = told_of(connector, keys)
    copies = {
        one.client_id: one for one in Copy.objects.select_for_update().filter(connector=connector, client_id__in=keys)
    }
    numbers = dict(Client.objects.filter(pk__in=copies).values_list("pk", "number")) if copies else {}
    exchanges: list[Exchange] = []
    made: list[Copy] = []
    changed: list[Copy] = []
    for key in keys:
        copy = copies.get(key)
        told = wanted.get(key)
        if told is not None:
            number, record = told
            digest = fingerprint_of([number, record])
            # Nothing new for a system that is turned off; a withdrawal is written all the same.
            if not connector.is_on or (copy is not None and copy.digest == digest):
                continue
            if copy is None:
                copy = Copy(organization_id=connector.organization_id, connector=connector, client_id=key)
                made.append(copy)
            else:
                changed.append(copy)
            copy.digest = digest
            if copy.state in (CopyState.LEAVING, CopyState.GONE):
                copy.state = CopyState.PENDING
            exchanges.append(_exchange(connector, key, number, Operation.PUSH, record))
        elif copy is not None and copy.state in (CopyState.PENDING, CopyState.HELD):
            copy.state, copy.digest = CopyState.LEAVING, ""
            changed.append(copy)
            number = numbers.get(key) or _last_number(connector, key)
            exchanges.append(_exchange(connector, key, number, Operation.WITHDRAW, {}))
    Copy.objects.bulk_create(made)
    Copy.objects.bulk_update(changed, ["digest", "state"])
    Exchange.objects.bulk_create(exchanges)


def _exchange(connector: Connector, client_id: int, number: str, operation: str, record: dict) -> Exchange:
    return Exchange(
        organization_id=connector.organization_id, connector=connector, client_id=client_id, number=number,
        operation=operation, record=record,
    )  # fmt: skip


def _last_number(connector: Connector, client_id: int) -> str:
    """Of a client who is purged."""
    known = Exchange.objects.filter(connector=connector, client_id=client_id).order_by("-pk").first()
    return known.number if known is not None else str(client_id)


def note_everybody(connector: Connector) -> int:
    """Writes down every client of the organization and all whom the system holds, as if they had changed: what differs
    is sent, what does not is left alone. In one statement."""
    rows = rows_of(
        """
        WITH noted AS (
            INSERT INTO connectors_touched (organization_id, client_id)
            SELECT %(organization)s, c.id FROM clients_client c
            WHERE c.organization_id = %(organization)s AND c.deleted_at IS NULL
            UNION
            SELECT %(organization)s, k.client_id FROM connectors_copy k
            WHERE k.connector_id = %(connector)s AND k.state <> 'gone'
            RETURNING 1
        )
        SELECT count(*) FROM noted
        """,
        {"organization": connector.organization_id, "connector": connector.pk},
    )
    return rows[0][0]
