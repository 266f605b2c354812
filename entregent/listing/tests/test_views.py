"""Views: saved, shared, mended, sent by mail."""

from datetime import date

import pytest
import time_machine

from entregent.clients.actions import seed_object_types
from entregent.listing.actions import (
    delete_view,
    remember_state,
    save_view,
    state_of,
    subscribe,
    unsubscribe,
    update_view,
    visible_view,
    visible_views,
)
from entregent.listing.models import Subscription, View
from entregent.listing.subscriptions import send_due
from entregent.outbox.models import Message
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
from testing.cast import enter


@pytest.fixture
def view(manager):
    enter(manager)
    return save_view(
        by=manager, list_code="clients", name="Du Nord", condition=["status", "is", "client"],
        columns=[{"code": "city", "width": 120}, {"code": "name"}, {"code": "gone"}, {"code": "city"}], sort="-city",
    )  # fmt: skip


def test_a_view_keeps_criteria_columns_order_width_and_sort(view):
    assert view.condition == ["status", "is", "client"]
    assert view.columns == [{"code": "city", "width": 120}, {"code": "name", "width": 0}]
    assert view.sort == "-city"


def test_a_name_is_given_once_by_each_owner_and_list(view, manager, admin):
    with pytest.raises(Refusal, match="E-VIEW-NAME"):
        save_view(by=manager, list_code="clients", name="du nord ")
    save_view(by=manager, list_code="people", name="Du Nord")
    save_view(by=admin, list_code="clients", name="Du Nord")


def test_criteria_and_lists_that_mean_nothing_are_refused(manager):
    with pytest.raises(Refusals):
        save_view(by=manager, list_code="clients", name="X", condition=["gone", "is", "x"])
    with pytest.raises(NotFound):
        save_view(by=manager, list_code="gone", name="X")
    with pytest.raises(Refusal, match="E-REQUIRED"):
        save_view(by=manager, list_code="clients", name=" ")


def test_the_same_key_makes_one_view(manager):
    enter(manager)
    one = save_view(by=manager, list_code="clients", name="X", idempotency_key="k")
    assert save_view(by=manager, list_code="clients", name="X", idempotency_key="k") == one


def test_private_views_are_their_owners_alone(view, manager, agent, stranger):
    enter(agent)
    assert list(visible_views(agent)) == []
    with pytest.raises(NotFound):
        visible_view(view.pk, agent)
    with pytest.raises(NotFound):
        update_view(view, by=agent, version=1, name="À moi")
    with pytest.raises(Refusal, match="E-ROLE"):
        save_view(by=agent, list_code="clients", name="X", is_shared=True)
    enter(manager)
    update_view(view, by=manager, version=1, is_shared=True)
    assert visible_view(view.pk, agent) == view
    with pytest.raises(RightMissing):
        delete_view(view, by=agent)
    enter(stranger)
    assert list(visible_views(stranger)) == []


def test_two_people_saving_a_view_are_told(view, manager, admin):
    update_view(view, by=manager, version=1, is_shared=True)
    with pytest.raises(Stale):
        update_view(view, by=admin, version=1, name="Autre")


def test_a_list_is_left_as_somebody_likes_it(manager, agent):
    assert state_of(manager, "clients") == {}
    remember_state(by=manager, list_code="clients", splitter=40, view=7)
    assert remember_state(by=manager, list_code="clients", view=None, side="right") == {"splitter": 40, "side": "right"}
    assert state_of(manager, "clients") == {"splitter": 40, "side": "right"}
    assert state_of(agent, "clients") == {}


def mails():
    return list(Message.objects.order_by("id"))


@time_machine.travel("2026-06-15T05:00:00Z", tick=False)
def test_a_subscription_is_sent_once_a_day_with_what_its_reader_reaches(
    view, manager, agent, client_north, client_south
):
    seed_object_types(manager.organization)
    update_view(view, by=manager, version=1, is_shared=True)
    subscribe(view, by=manager)
    subscribe(view, by=agent)
    subscribe(view, by=agent)
    assert send_due() == 2
    assert send_due() == 0
    enter(manager)
    whole, limited = mails()
    assert whole.subject == "Du Nord : 2 clients (Eaux du Val)"
    assert "Blanchisserie Moreau" in whole.text
    assert "Jeanne Dupont" in whole.text
    assert limited.recipients == ["agent@eaux.example"]
    assert limited.subject == "Du Nord : 1 client (Eaux du Val)"
    assert "Dupont" not in limited.text
    assert f"/eaux/recherche/avancee/?vue={view.pk}" in limited.text
    with time_machine.travel("2026-06-16T03:59:00Z", tick=False):
        assert send_due() == 0  # Before six in the morning of the organization.
    with time_machine.travel("2026-06-16T04:00:00Z", tick=False):
        assert send_due() == 2
    enter(manager)
    assert Subscription.objects.filter(last_sent_on=date(2026, 6, 16)).count() == 2


@time_machine.travel("2026-06-15T09:00:00Z", tick=False)
def test_nothing_is_sent_to_whoever_left_or_sees_the_view_no_more(view, manager, agent, reader):
    update_view(view, by=manager, version=1, is_shared=True)
    for member in (agent, reader):
        subscribe(view, by=member)
    agent.is_active = False
    agent.save()
    update_view(view, by=manager, version=2, is_shared=False)
    assert send_due() == 0
    enter(manager)
    assert mails() == []
    subscribe(view, by=manager)
    unsubscribe(view, by=manager)
    assert send_due() == 0


@time_machine.travel("2026-06-15T09:00:00Z", tick=False)
def test_a_view_whose_field_went_is_sent_with_the_rest(view, manager, client_north):
    enter(manager)
    View.objects.filter(pk=view.pk).update(
        condition={"all": [["custom.gone", "is", "x"], ["status", "is", "client"]]}, columns=[{"code": "custom.gone"}]
    )
    subscribe(view, by=manager)
    assert send_due() == 1
    enter(manager)
    (mail,) = mails()
    assert "Ce champ n’existe plus : custom.gone." in mail.text
    assert "Blanchisserie Moreau" in mail.text


@time_machine.travel("2026-06-15T09:00:00Z", tick=False)
def test_a_view_is_sent_in_the_language_of_its_reader(manager, client_north):
    seed_object_types(manager.organization)
    manager.user.language = "en"
    manager.user.save()
    enter(manager)
    view = save_view(by=manager, list_code="clients", name="V", condition={"has_not": "invoices"})
    subscribe(view, by=manager)
    assert send_due() == 1
    enter(manager)
    (mail,) = mails()
    assert mail.subject == "V: 1 client (Eaux du Val)"
    assert "without invoices." in mail.text
    assert "Hello Nadia Gest," in mail.text
