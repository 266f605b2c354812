"""« Affecter à un groupe », from the bar of a selection of clients."""

import pytest
from django.urls import reverse

from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest
from entregent.groups.tests.scene import group, put, relate
from testing.cast import enter, make_client


@pytest.fixture
def page(signed_in, admin, org):
    org.provider_kind = "customs_broker"
    org.save()
    return signed_in(admin)


@pytest.fixture
def clients(org, page):
    """Two that may be had, one in another group, one without a relationship."""
    made = {name: make_client(org, name[0] + "1", name) for name in ("Alpha", "Bêta", "Gamma", "Delta")}
    for name in ("Alpha", "Bêta", "Gamma"):
        relate(made[name])
    group(org, "Ouest", made["Gamma"])
    return made


@pytest.fixture
def est(org, page):
    return group(org, "Est")


def at(org, name="bulk_group", **kwargs):
    return reverse(f"workspace:{name}", kwargs={"organization": org.slug, **kwargs})


def post(page, org, clients, **fields):
    return page.post(at(org), {"ids": [one.pk for one in clients.values()], **fields})


def inside(admin, of):
    enter(admin)
    return set(GroupMember.objects.live().filter(group=of).values_list("client__display_name", flat=True))


def test_the_button_stands_for_whom_manages_groups_alone(page, org, clients, signed_in, manager):
    assert "Affecter à un groupe" in page.get(at(org, "client_management")).text
    assert "Affecter à un groupe" not in page.get(at(org, "client_management"), {"onglet": "personnes"}).text
    assert "Affecter à un groupe" not in signed_in(manager).get(at(org, "client_management")).text
    assert signed_in(manager).post(at(org), {"tout": "1"}).status_code == 403


def test_what_will_change_is_told_first_and_writes_nothing(page, org, admin, clients, est):
    first = post(page, org, clients)
    assert first.status_code == 200
    assert "Voir ce qui va changer" in first.text
    seen = post(page, org, clients, step="preview", group=est.pk).text
    for words in (
        "<b>+2</b> clients entrent dans le groupe", "Sur 4 clients sélectionnés", "1 client est dans un autre groupe.",
        "1 client n’a pas de relation d’affaires active.", "Tapez CONFIRMER pour confirmer",
    ):  # fmt: skip
        assert words in seen
    assert inside(admin, est) == set()
    assert not ProcessingRequest.objects.exists()


def test_those_that_may_be_had_come_into_the_group(page, org, admin, clients, est):
    fields = {"step": "assign", "group": est.pk, "version": est.version, "number": 2}
    refused = post(page, org, clients, **fields, word="confirmer")
    assert refused.status_code == 422
    assert "Tapez CONFIRMER pour confirmer." in refused.text
    done = page.post(at(org), {"ids": [one.pk for one in clients.values()], **fields, "word": "CONFIRMER"}, follow=True)
    assert "Le groupe a été mis à jour avec succès." in done.text
    assert inside(admin, est) == {"Alpha", "Bêta"}
    made = ProcessingRequest.objects.get()
    assert (made.operation, made.state, made.total) == ("update", "done", 2)


def test_a_new_group_is_made_of_all_of_the_search_but_those_taken_out(page, org, admin, clients):
    whole = {"tout": "1", "sauf": str(clients["Alpha"].pk), "group": "new", "name": "Nord"}
    seen = page.post(at(org), {**whole, "step": "preview"}).text
    assert "<b>+1</b> client entre dans le groupe" in seen
    assert "CONFIRMER" not in seen
    assert page.post(at(org), {**whole, "step": "assign", "number": "1"}).status_code == 303
    assert inside(admin, ClientGroup.objects.get(name="Nord")) == {"Bêta"}


def test_names_that_cannot_be_had_and_changes_unseen_are_refused(page, org, admin, clients, est):
    taken = post(page, org, clients, step="preview", group="new", name="  ouest ")
    assert taken.status_code == 422
    assert "Ce nom est déjà utilisé" in taken.text
    assert "Indiquez le nom du groupe." in post(page, org, clients, step="preview", group="new").text
    fields = {"step": "assign", "group": est.pk, "version": est.version, "word": "CONFIRMER"}
    unseen = post(page, org, clients, **fields, number=3)
    assert unseen.status_code == 409
    assert "La sélection a changé entre-temps" in unseen.text
    put(est, clients["Alpha"])
    old = post(page, org, clients, **fields | {"version": est.version - 1}, number=1)
    assert old.status_code == 409
    assert "a été modifiée par" in old.text
    only = {"Gamma": clients["Gamma"]}
    none = post(page, org, only, **fields)
    assert none.status_code == 422
    assert "Aucun client de la sélection ne peut entrer" in none.text
    assert "+0" in none.text
    assert page.post(at(org), {"ids": ""}).status_code == 422
    assert post(page, org, clients, step="preview", group="999999").status_code == 422
    assert inside(admin, est) == {"Alpha"}


def test_a_group_that_follows_a_rule_or_is_being_changed_takes_nobody(page, org, admin, clients, est):
    enter(admin)
    request = ProcessingRequest.objects.create(
        organization=org, number=900, operation="update", group=est, group_name="Est", state="running"
    )
    assert "Une demande de traitement est en cours" in post(page, org, clients, step="preview", group=est.pk).text
    fields = {"step": "assign", "group": est.pk, "word": "CONFIRMER", "number": 2, "version": est.version}
    assert post(page, org, clients, **fields).status_code == 409
    enter(admin)
    request.delete()
    est.rule = {"all": [["status", "is", "client"]]}
    est.save()
    assert post(page, org, clients, **fields).status_code == 422
    assert inside(admin, est) == set()
