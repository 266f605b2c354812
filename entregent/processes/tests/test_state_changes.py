"""Invoices that are paid or disputed, objects and clients whose state changes: what plans make of it."""

import pytest

from entregent.clients import state_changes
from entregent.clients.actions import deactivate_client, seed_object_types, sync_business_object
from entregent.processes import actions
from entregent.processes.models import ProcessRun
from entregent.processes.tests.conftest import process, step
from entregent.processes.tests.test_plans import current
from testing.cast import enter, enter_organization


@pytest.fixture(autouse=True)
def object_types(org):
    enter_organization(org)
    seed_object_types(org)


def invoice(by, client, state="unpaid", key="F-88", amount="120.50"):
    return sync_business_object(by=by, client=client, type_code="invoice", key=key, state=state, amount=amount)


def waiting_for_payment():
    return process(
        "attente",
        step("a", wait={"event": "invoice.paid", "match": {"invoice": "facts.invoice"}}),
        step("b"),
        facts={"properties": {"invoice": {"type": "string", "title": {"fr": "Facture", "en": "Invoice"}}}},
    )


def test_a_plan_goes_on_when_its_invoice_is_paid_and_not_for_another(live, case, manager, client_north):
    definition = live(waiting_for_payment())
    enter(manager)
    invoice(manager, client_north)
    invoice(manager, client_north, key="F-89")
    run = actions.launch(definition=definition, case=case, by=manager, answers={"invoice": "F-88"})
    invoice(manager, client_north, "paid", key="F-89")
    state_changes.pass_on(manager.organization)
    assert current(run, "a").state == "ready"
    invoice(manager, client_north, "paid")
    state_changes.pass_on(manager.organization)
    assert current(run, "a").state == "done"
    assert current(run, "a").data["amount"] == 120.5
    assert current(run, "b").state == "ready"


def test_a_disputed_invoice_starts_a_plan_once(live, case_type, manager, client_north):
    live(process("litige", step("a"), case_types=["reclamation"], subjects=["case"],
                 start=[{"event": "invoice.disputed", "if": ["facts.amount", ">", 100]}]))  # fmt: skip
    enter(manager)
    for key, amount in (("F-1", "120"), ("F-2", "80")):
        invoice(manager, client_north, key=key, amount=amount)
        invoice(manager, client_north, "disputed", key=key, amount=amount)
    state_changes.pass_on(manager.organization)
    invoice(manager, client_north, "unpaid", key="F-1")
    invoice(manager, client_north, "disputed", key="F-1")
    state_changes.pass_on(manager.organization)
    (run,) = ProcessRun.objects.all()
    assert run.facts["invoice"] == "F-1"
    assert run.case.origin == "automatic"
    assert run.case.client_id == client_north.pk


def test_a_client_whose_status_changes_starts_a_plan(live, case_type, manager, client_north):
    live(process("depart", step("a"), case_types=["reclamation"], subjects=["case"],
                 start=[{"event": "client.status_changed", "if": ["facts.status", "=", "inactive"]}]))  # fmt: skip
    enter(manager)
    deactivate_client(client_north, by=manager)
    state_changes.pass_on(manager.organization)
    assert ProcessRun.objects.count() == 1


def test_nobody_waits_nothing_is_done(live, case, manager, client_north, django_assert_num_queries):
    enter(manager)
    for number in range(20):
        invoice(manager, client_north, key=f"F-{number}")
        invoice(manager, client_north, "paid", key=f"F-{number}")
    manager.organization.refresh_from_db()
    few = 12  # The same for 20 and for 500: settings, rows, records, who waits, what starts, what is dunned.
    with django_assert_num_queries(few):
        state_changes.pass_on(manager.organization)
