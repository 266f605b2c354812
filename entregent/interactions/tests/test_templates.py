"""Templates of contacts: what they give for one client, what is left out with its reason (A07), who may change them."""

import json
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entregent.clients.actions import attach_person, create_person, seed_object_types, sync_business_object
from entregent.interactions import actions
from entregent.interactions.actions.templates import create_record_template, update_record_template
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.interactions.templating import propose
from entregent.listing.actions import save_view
from entregent.organizations.models import Team, TeamMember
from entregent.toolbox.errors import Refusal, Refusals, Stale
from testing.cast import enter

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def topic(org, manager):
    enter(manager)
    seed_object_types(org)
    actions.seed_topics(org)
    return Topic.objects.get(code="contestation-facture")


@pytest.fixture
def contract(manager, client_north, topic):
    return bring(manager, client_north, "contract", "C1", state="active")


def bring(by, client, kind, key, **more):
    enter(by)
    return sync_business_object(
        by=by, client=client, type_code=kind, key=key, dated_on=date(2026, 3, 1), source_system="x", **more
    )


def template_of(by, **values):
    enter(by)
    usual = {"name_fr": "Réclamation facture", "name_en": "Invoice complaint", "kind": "contact"}
    return create_record_template(by=by, **usual | values)


LAST = [{"selector": "last_invoice"}, {"selector": "last_reading"}]


def test_objects_are_those_of_the_selectors_and_what_is_missing_has_its_reason(manager, client_north, contract):
    invoice = bring(manager, client_north, "invoice", "F1", contract=contract, state="unpaid")
    template = template_of(manager, object_rules=LAST)
    given = propose(template, by=manager, client=client_north, contract=contract)
    assert given.objects == [invoice]
    assert given.left_out == [("Dernière relève", "Aucune relève pour ce contrat.")]


def test_what_need_not_be_there_is_not_missed(manager, client_north, contract):
    template = template_of(manager, object_rules=[{"selector": "last_reading", "required": False}])
    assert propose(template, by=manager, client=client_north).left_out == []


def test_the_client_always_stays_and_people_come_by_their_role(manager, client_north, topic):
    lea = create_person(by=manager, first_name="Léa", last_name="Roy", client=client_north, is_primary=True)
    template = template_of(
        manager,
        people=[
            {"role": "client", "label_fr": "l'abonné", "label_en": "subscriber"},
            {"role": "primary", "label_fr": "le gérant", "label_en": "manager"},
            {"role": "billing", "label_fr": "le payeur", "label_en": "payer"},
            {"role": "additional", "label_fr": "", "label_en": ""},
        ],
    )
    given = propose(template, by=manager, client=client_north)
    # Without a billing person the primary one stands in: one participant with both roles.
    assert given.participants == [(client_north, "l'abonné"), (lea, "le gérant, le payeur")]
    assert given.left_out == [("Autres personnes", "Aucune autre personne chez ce client.")]
    paul = create_person(by=manager, first_name="Paul", last_name="Roy")
    attach_person(paul, by=manager, client=client_north)
    given = propose(template, by=manager, client=client_north, language="en")
    assert given.participants[1:] == [(lea, "manager, payer"), (paul, "Autres personnes")]


def test_agents_come_by_name_function_and_team_and_the_inactive_are_told(
    manager, agent, colleague, client_north, topic
):
    team = Team.objects.create(organization=manager.organization, code="fac", label_fr="F", label_en="F")
    TeamMember.objects.create(organization=manager.organization, team=team, user=colleague.user)
    template = template_of(
        manager,
        agents=[{"user": agent.user_id, "role": "responsible"}, {"team": "fac", "role": "participant"}],
    )
    given = propose(template, by=manager, client=client_north)
    assert given.agents == [(agent.user, "responsible"), (colleague.user, "participant")]
    # Who writes is émetteur already.
    assert propose(template, by=agent, client=client_north).agents == [(colleague.user, "participant")]

    agent.is_active = False
    agent.save()
    given = propose(template, by=manager, client=client_north)
    assert given.agents == [(colleague.user, "participant")]
    assert given.warnings == [f"{agent.user.name} est inactif\u00a0: il n'est pas lié."]
    team.is_active = False
    team.save()
    assert len(propose(template, by=manager, client=client_north).warnings) == 2


def test_a_team_answers_by_its_lead(manager, agent, colleague, client_north, topic):
    team = Team.objects.create(
        organization=manager.organization, code="fac", label_fr="F", label_en="F", lead=agent.user
    )
    TeamMember.objects.create(organization=manager.organization, team=team, user=colleague.user)
    template = template_of(manager, agents=[{"team": "fac", "role": "responsible"}])
    assert propose(template, by=manager, client=client_north).agents == [(agent.user, "responsible")]


def test_texts_are_written_in_the_language_of_the_client(manager, client_north, contract):
    template = template_of(
        manager, subject_fr="Réclamation de {{ client.name }}", subject_en="Complaint of {{ client.name }}",
        text_fr="Contrat {{ contract.number }}",
    )  # fmt: skip
    given = propose(template, by=manager, client=client_north, contract=contract)
    assert given.subject == f"Réclamation de {client_north.display_name}"
    assert given.text == "Contrat C1"
    client_north.language = "en"
    given = propose(template, by=manager, client=client_north, contract=contract)
    assert given.subject == f"Complaint of {client_north.display_name}"


def test_a_client_that_does_not_suit_gets_nothing_and_the_reason(manager, client_north, client_south, contract):
    bring(manager, client_north, "invoice", "F1", state="unpaid")
    template = template_of(manager, object_rules=LAST, eligible={"has": "invoices", "where": ["state", "is", "unpaid"]})
    assert propose(template, by=manager, client=client_north).is_eligible
    given = propose(template, by=manager, client=client_south)
    assert not given.is_eligible
    assert given.objects == []
    assert given.left_out[0][0] == "Réclamation facture"
    assert given.left_out[0][1].startswith("Ce modèle ne convient pas à ce client\u00a0: avec factures")


def test_the_product_itself_may_ask(manager, client_north, contract):
    template = template_of(
        manager, object_rules=[{"selector": "current_contract"}], eligible=["status", "is_not", "removed"]
    )
    assert propose(template, by=None, client=client_north).objects == [contract]


def test_what_means_nothing_is_refused_with_its_place(manager, topic):
    with pytest.raises(Refusals) as found:
        template_of(
            manager, name_en="", object_rules=[{"selector": "last:yacht"}], agents=[{"user": 0, "role": "responsible"}],
            people=[{"role": "king"}], eligible=["nothing", "is", 1], follow_up="soon", channel="pigeon",
            subject_fr="{{ client.salary }}",
        )  # fmt: skip
    assert {one.field for one in found.value.refusals} == {
        "name_en", "object_rules", "agents", "people", "eligible", "follow_up", "subject_fr", "channel",
    }  # fmt: skip
    with pytest.raises(Refusal, match="E-001-TEMPLATE-CODE"):
        template_of(manager, code="apercu")


def test_a_template_is_changed_once(manager, topic):
    template = template_of(manager, topics=[topic])
    changed = update_record_template(template, by=manager, version=1, name_fr="Contestation", topics=[])
    assert (changed.code, changed.version) == ("reclamation-facture", 2)
    assert Topic.objects.get(pk=topic.pk).template_id is None
    with pytest.raises(Stale):
        update_record_template(template, by=manager, version=1, name_fr="Trop tard")


# ——— The composer ———


def typed(about, **more):
    return {
        "client": "N1", "place": "file", "topic": about.pk, "channel": "phone_call", "visibility": "incoming",
        "notes": "", "idempotency_key": "key-1",
    } | more  # fmt: skip


@pytest.fixture
def complaint(manager, agent, client_north, topic, contract):
    bring(manager, client_north, "invoice", "F1", contract=contract, state="unpaid")
    return template_of(
        manager, topics=[topic], object_rules=LAST, agents=[{"user": manager.user_id, "role": "responsible"}],
        text_fr="Conteste la facture.", follow_up="2 days", subject_fr="Contestation",
    )  # fmt: skip


def test_the_composer_shows_what_the_template_gives(agent, client_north, complaint, contract, topic, signed_in):
    url = f"/eaux/contacts/modele/?client=N1&topic={topic.pk}&contract={contract.pk}"
    part = signed_in(agent).get(url, headers=HTMX).content.decode()
    assert "F1" in part
    assert "Aucune relève pour ce contrat." in part
    assert 'data-fill="notes" data-value="Conteste la facture."' in part
    assert signed_in(agent).get("/eaux/contacts/modele/?client=N1", headers=HTMX).content.strip() == b""
    page = signed_in(agent).get("/eaux/contacts/nouveau/?client=N1").content.decode()
    assert "data-template-slot" in page


def test_who_does_not_wait_for_it_gets_all_of_it(agent, manager, client_north, complaint, contract, topic, signed_in):
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", typed(topic, contract=contract.pk), headers=HTMX)
    assert answer.status_code == 200
    told = json.loads(answer.headers["HX-Trigger"])["g:toast"]["text"]
    assert "Non attaché\u00a0: Dernière relève (Aucune relève pour ce contrat)." in told
    enter(agent)
    one = Interaction.objects.get()
    assert {link.object.key for link in one.objects_linked.all()} == {"C1", "F1"}
    assert {(link.user, link.role) for link in one.agents.all()} == {
        (agent.user, "originator"), (manager.user, "responsible"),
    }  # fmt: skip
    assert one.entries.get().notes == "Conteste la facture."
    assert (one.subject, one.follow_up_on is not None) == ("Contestation", True)
    assert one.applied_template.left_out == [["Dernière relève", "Aucune relève pour ce contrat."]]
    page = signed_in(agent).get("/eaux/interactions/1/?onglet=general").content.decode()
    assert "Aucune relève pour ce contrat." in page


def test_what_was_unticked_is_not_attached(agent, client_north, complaint, contract, topic, signed_in):
    data = typed(topic, contract=contract.pk, template=complaint.pk, notes="Autre chose.")
    assert signed_in(agent).post("/eaux/contacts/nouveau/", data, headers=HTMX).status_code == 200
    enter(agent)
    one = Interaction.objects.get()
    assert {link.object.key for link in one.objects_linked.all()} == {"C1"}
    assert one.agents.count() == 1
    assert (one.entries.get().notes, one.follow_up_on) == ("Autre chose.", None)


def test_what_is_wrong_leaves_the_offer_as_it_was_ticked(agent, client_north, complaint, contract, topic, signed_in):
    data = typed(topic, contract=contract.pk, template=complaint.pk, follow_up="date")
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", data, headers=HTMX)
    assert answer.status_code == 422


def test_a_client_out_of_reach_has_no_offer(outsider, client_north, complaint, topic, signed_in):
    assert signed_in(outsider).get(f"/eaux/contacts/modele/?client=N1&topic={topic.pk}").status_code == 404


def test_a_contact_without_template_asks_no_more_of_the_database(
    agent, client_north, complaint, topic, signed_in, django_assert_num_queries
):
    other = Topic.objects.get(code="renseignement")
    http = signed_in(agent)
    http.post("/eaux/contacts/nouveau/", typed(other), headers=HTMX)
    with CaptureQueriesContext(connection) as beside:
        http.post("/eaux/contacts/nouveau/", typed(other, idempotency_key="key-2"), headers=HTMX)
    enter(agent)
    Topic.objects.update(template=None)
    with django_assert_num_queries(len(beside)):
        http.post("/eaux/contacts/nouveau/", typed(topic, idempotency_key="key-3"), headers=HTMX)


# ——— Administration ———


def sent(**more):
    return {
        "name_fr": "Réclamation facture", "name_en": "Invoice complaint", "kind": "contact", "priority": "normal",
        "eligible_from": "none", "people-role": ["primary", ""], "people-label_fr": ["le gérant", ""],
        "people-label_en": ["the manager", ""], "agents-who": [""], "agents-role": ["responsible"],
        "objects-selector": ["last_invoice", "last_reading"], "objects-state": ["", ""],
        "objects-required": ["1", "1"], "is_active": "on",
    } | more  # fmt: skip


def test_a_template_is_made_and_changed_on_screen(manager, topic, signed_in):
    http = signed_in(manager)
    page = http.get("/eaux/administration/modeles/nouveau/").content.decode()
    assert "Dernière facture" in page
    answer = http.post("/eaux/administration/modeles/nouveau/", sent(topics=[topic.pk]))
    assert answer.status_code == 303
    enter(manager)
    made = Topic.objects.get(pk=topic.pk).template
    assert made.object_rules == [
        {"selector": "last_invoice", "states": [], "required": True},
        {"selector": "last_reading", "states": [], "required": True},
    ]
    assert made.people == [{"role": "primary", "label_fr": "le gérant", "label_en": "the manager"}]
    assert "Réclamation facture" in http.get("/eaux/administration/modeles/").content.decode()

    url = f"/eaux/administration/modeles/{made.code}/"
    page = http.get(url).content.decode()
    assert "1 rubrique utilise ce modèle" in page
    answer = http.post(url, sent(version=1, agents=["x"], **{"agents-who": [f"user:{manager.user_id}"]}))
    assert answer.status_code == 303
    answer = http.post(url, sent(version=1, name_fr="Trop tard"))
    assert answer.status_code == 409
    assert "Trop tard" in answer.content.decode()
    enter(manager)
    made.refresh_from_db()
    assert (made.version, made.agents) == (2, [{"user": manager.user_id, "role": "responsible"}])
    assert not made.topics.exists()


def test_what_is_wrong_on_screen_is_told_at_its_place(manager, topic, signed_in):
    http = signed_in(manager)
    answer = http.post("/eaux/administration/modeles/nouveau/", sent(name_en="", subject_fr="{{ client.salary }}"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "client.salary" in page
    assert 'value="le gérant"' in page
    more = http.post("/eaux/administration/modeles/nouveau/", sent(more="1"))
    assert more.status_code == 200


def test_the_conditions_of_a_view_are_copied(manager, topic, signed_in):
    view = save_view(by=manager, list_code="clients", name="Entreprises", condition=["kind", "is", "company"])
    http = signed_in(manager)
    http.post("/eaux/administration/modeles/nouveau/", sent(eligible_from=f"view:{view.pk}"))
    enter(manager)
    made = RecordTemplate.objects.get()
    assert made.eligible == ["kind", "is", "company"]
    url = f"/eaux/administration/modeles/{made.code}/"
    assert 'name="f-0"' in http.get(url).content.decode()
    http.post(url, sent(version=1, eligible_from="keep"))
    made.refresh_from_db()
    assert made.eligible == ["kind", "is", "company"]
    http.post(url, sent(version=2, eligible_from="none"))
    made.refresh_from_db()
    assert made.eligible is None


def test_conditions_are_put_together_in_the_form(manager, topic, signed_in):
    """As in the advanced search: criteria, groups, related records; drawn anew by part or with the whole page."""
    http = signed_in(manager)
    new, part = "/eaux/administration/modeles/nouveau/", "/eaux/administration/modeles/conditions/"
    assert 'name="f-0"' not in http.get(new).content.decode()
    assert 'name="f-0"' in http.post(part, sent(eligible_from="keep")).content.decode()
    rows = {"eligible_from": "keep", "g-": "all", "t-0": "c", "f-0": "city", "o-0": "contains", "v-0": "Metz"}
    drawn = http.post(part, sent(**rows, faire="r:"))
    assert drawn.status_code == 200
    assert 'name="m-1"' in drawn.content.decode()
    whole = http.post(new, sent(**rows, faire="g:"))
    assert whole.status_code == 200
    assert 'name="f-1.0"' in whole.content.decode()
    empty = http.post(new, sent(**(rows | {"v-0": ""})))
    assert empty.status_code == 422
    assert "Ajoutez une condition" in empty.content.decode()
    related = {"t-1": "r", "m-1": "has", "f-1": "invoices", "t-1.0": "c", "f-1.0": "state", "o-1.0": "is",
               "v-1.0": "unpaid"}  # fmt: skip
    assert http.post(new, sent(**rows, **related)).status_code == 303
    enter(manager)
    made = RecordTemplate.objects.get()
    assert made.eligible == {
        "all": [["city", "contains", "Metz"], {"has": "invoices", "where": ["state", "is", "unpaid"]}]
    }
    shown = http.get(f"/eaux/administration/modeles/{made.code}/").content.decode()
    assert 'value="Metz"' in shown
    wrong = sent(version=1, **(rows | {"f-0": "created_at", "o-0": "before", "v-0": "demain"}))
    assert http.post(f"/eaux/administration/modeles/{made.code}/", wrong).status_code == 422
    view = save_view(by=manager, list_code="clients", name="Entreprises", condition=["kind", "is", "company"])
    taken = http.post(part, sent(eligible_from=f"view:{view.pk}", template_id=made.pk)).content.decode()
    assert '<option value="keep" selected>' in taken
    assert 'value="company" selected' in taken


def test_the_preview_is_of_a_real_client_in_reach(manager, client_north, contract, topic, signed_in):
    bring(manager, client_north, "invoice", "F1", contract=contract, state="unpaid")
    http = signed_in(manager)
    url = "/eaux/administration/modeles/apercu/"
    part = http.post(url, sent(preview_client="N1", text_fr="Bonjour {{ client.name }}")).content.decode()
    assert "Facture F1" in part
    assert "Aucune relève pour ce contrat." in part
    assert f"Bonjour {client_north.display_name}" in part
    assert "Nommez un client" in http.post(url, sent()).content.decode()
    assert "Aucun client" in http.post(url, sent(preview_client="Inconnue")).content.decode()
    assert "client.salary" in http.post(url, sent(preview_client="N1", text_fr="{{ client.salary }}")).content.decode()
    enter(manager)
    assert not RecordTemplate.objects.exists()
