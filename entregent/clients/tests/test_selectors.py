"""« Dernière facture », « contrat courant »: objects or a reason."""

from datetime import date

import pytest

from entregent.clients.actions import seed_object_types, sync_business_object
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.clients.selectors import MOST, select, selector_choices
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def bring(manager, org):
    enter(manager)
    seed_object_types(org)

    def bring(client, kind, key, day=1, **more):
        return sync_business_object(
            by=manager, client=client, type_code=kind, key=key, dated_on=date(2026, 3, day), source_system="x", **more
        )

    return bring


@pytest.fixture
def ask(manager, client_north):
    def ask(code, *, contract=None, by=manager, states=()):
        enter(by)
        types = {kind.code: kind for kind in BusinessObjectType.objects.filter(organization_id=by.organization_id)}
        among = BusinessObject.objects.visible_to(by)
        found = select(code, client=client_north, contract=contract, among=among, types=types, states=states)
        return [one.key for one in found.objects], found.reason

    return ask


def test_the_last_invoice_is_that_of_the_current_contract(bring, ask, client_north):
    contract = bring(client_north, "contract", "C1", state="active")
    other = bring(client_north, "contract", "C2", state="active")
    bring(client_north, "invoice", "F1", 3, contract=contract)
    bring(client_north, "invoice", "F2", 5, contract=contract)
    bring(client_north, "invoice", "F3", 9, contract=other)

    assert ask("last_invoice", contract=contract) == (["F2"], "")
    assert ask("last_invoice") == (["F3"], "")


def test_what_is_missing_is_told_in_a_sentence(bring, ask, client_north):
    contract = bring(client_north, "contract", "C1", state="active")
    assert ask("last_reading", contract=contract) == ([], "Aucune relève pour ce contrat.")
    assert ask("last_reading") == ([], "Aucune relève pour ce client.")
    assert ask("unpaid_invoices", contract=contract) == ([], "Aucune facture impayée pour ce contrat.")
    assert ask("service_point_of_contract") == ([], "Aucun contrat courant : choisissez le contrat.")
    assert ask("last:yacht") == ([], "Ce type d'objet n'existe plus.")


def test_the_current_contract_is_the_chosen_one_or_the_only_one_that_runs(bring, ask, client_north):
    assert ask("current_contract") == ([], "Aucun contrat actif.")
    first = bring(client_north, "contract", "C1", state="active")
    assert ask("current_contract") == (["C1"], "")
    bring(client_north, "contract", "C2", state="active")
    assert ask("current_contract") == ([], "Plusieurs contrats actifs : choisissez le contrat.")
    assert ask("current_contract", contract=first) == (["C1"], "")


def test_a_state_that_the_template_does_not_allow_is_told(bring, ask, client_north):
    bring(client_north, "invoice", "F1", 3, state="unpaid")
    bring(client_north, "invoice", "F2", 5, state="paid")
    told = "L'état « Payée » n'est pas retenu par le modèle."
    assert ask("last_invoice", states=["unpaid"]) == ([], told)
    assert ask("unpaid_invoices") == (["F1"], "")
    assert ask("all:invoice", states=["overdue"]) == ([], "Aucun n'est dans un état retenu par le modèle.")


def test_objects_of_another_client_are_never_found(bring, ask, client_south):
    bring(client_south, "invoice", "F9", state="unpaid")
    assert ask("last_invoice")[0] == []


def test_objects_out_of_reach_are_never_found(bring, ask, client_north, agent, south):
    bring(client_north, "service_point", "P1", sector=south)
    contract = bring(client_north, "contract", "C1", state="active")
    assert ask("all:service_point", by=agent) == ([], "Aucun point de livraison pour ce client.")
    assert ask("current_contract", contract=contract, by=agent)[0] == ["C1"]


def test_of_very_many_the_newest_are_taken_and_that_is_said(bring, ask, client_north):
    for number in range(MOST + 1):
        bring(client_north, "invoice", f"F{number:03}", 1 + number % 28, state="unpaid")
    keys, reason = ask("unpaid_invoices")
    assert len(keys) == MOST
    assert reason == "Les 50 plus récents seulement sont attachés."


def test_every_type_can_be_selected(bring, org):
    types = list(BusinessObjectType.objects.filter(organization=org))
    choices = dict(selector_choices(types))
    assert choices["last_invoice"] == "Dernière facture"
    assert choices["all:meter"] == "Tous : Compteurs"
