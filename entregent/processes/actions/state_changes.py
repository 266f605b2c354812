"""What changes of state mean for plans: a paid invoice wakes, starts and stops them (`clients.state_changes`)."""

from collections.abc import Iterator, Sequence
from typing import Any

from entregent.clients.models import Client
from entregent.clients.state_changes import Change
from entregent.organizations.models import Module, Organization
from entregent.processes import events
from entregent.processes.actions.happening import happened
from entregent.processes.models import ProcessDefinition, ProcessRun

INVOICE = "invoice"


def states_changed(organization: Organization, changes: Sequence[Change]) -> None:
    """Tells plans of those changes that a plan is there for, or that a process starts by; of a mass of others nothing
    is read but that nobody waits for them."""
    if Module.CASEWORK not in organization.modules:
        return
    starting = {
        event
        for codes in ProcessDefinition.objects.filter(
            organization_id=organization.pk, is_active=True, live__isnull=False
        ).values_list("events", flat=True)
        for event in codes
    }
    concerned = set(
        ProcessRun.objects.filter(
            organization_id=organization.pk, state__in=ProcessRun.OPEN,
            client_id__in={change.client_id for change in changes},
        ).values_list("client_id", flat=True)
    )  # fmt: skip
    told = [
        (change, event, facts)
        for change in changes
        for event, facts in events_of(change)
        if event in starting or change.client_id in concerned
    ]
    if not told:
        return
    clients = Client.objects.in_bulk({change.client_id for change, _event, _facts in told})
    for change, event, facts in told:
        happened(
            event,
            organization=organization,
            client=clients[change.client_id],
            facts=facts,
            start_key=f"object:{change.object_id}" if change.object_id is not None else f"client:{change.client_id}",
        )


def events_of(change: Change) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events that one change is, with what each brings."""
    if change.object_id is None:
        yield events.CLIENT_STATUS, {"status": change.after}
        return
    amount = float(change.amount) if change.amount is not None else None
    if change.type == INVOICE and change.after in events.OF_INVOICES:
        yield events.OF_INVOICES[change.after], {"invoice": change.key, "amount": amount}
    yield events.OBJECT_CHANGED, {
        "type": change.type, "key": change.key, "state": change.after, "amount": amount,
    }  # fmt: skip
