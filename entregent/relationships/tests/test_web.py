"""The provider's pages: asking, following, giving up, the register (R002-29 to -38)."""

from datetime import timedelta

import pytest
from django.db import connection

from entregent.access.rights import Role
from entregent.clients.actions import seed_object_types, sync_business_object, update_client
from entregent.clients.models import Client
from entregent.groups.models import ClientGroup, GroupMember
from entregent.notifications.models import Notification
from entregent.organizations.actions import grant_access
from entregent.relationships import actions
from entregent.relationships.models import AccessRequest, Relationship, RelationshipUse, Rules, today_of
from testing.cast import enter


def outside():
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org_id', '', true), set_config('app.user_id', '', true)")


def approve(admin, owner, **how) -> Relationship:
    enter(admin)
    request = actions.request_access(by=admin, number="123456789", comments="mandat 2026")
    outside()
    given = actions.approve_access(request, by=owner, **{"level": "business", **how})
    enter(admin)
    return given


def text_of(response) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode().replace("\u00a0", " ")


def url(org, path=""):
    return f"/{org.slug}/relations-d-affaires/{path}"


def test_access_is_asked_for_by_the_number(broker, admin, signed_in):
    http = signed_in(admin)
    page = http.post(url(broker, "demander/"), {"account_number": "123 456 789", "comments": "mandat 2026"})
    made = AccessRequest.objects.get()
    assert (page.status_code, page.url) == (303, url(broker, f"demandes/{made.pk}/"))
    assert (made.account_number, made.comments, made.asked_by_id) == ("123456789", "mandat 2026", admin.user_id)
    assert "mandat 2026" in text_of(http.get(url(broker, "demandes/")))
    again = http.post(url(broker, "demander/"), {"account_number": "123456789"})
    assert again.status_code == 422
    assert "Une demande est déjà en attente auprès de ce client." in text_of(again)


@pytest.mark.parametrize(("typed", "said"), [
    ({"account_number": ""}, "est obligatoire"), ({"account_number": "12"}, "neuf chiffres"),
    ({"account_number": "123456789", "client": "RIEN"}, "Numéro de client inconnu."),
    ({"account_number": "123456789", "comments": "x" * 2001}, "2000 caractères au maximum"),
])  # fmt: skip
def test_bad_input_is_refused_at_its_field_and_kept(broker, admin, signed_in, typed, said):
    page = signed_in(admin).post(url(broker, "demander/"), typed)
    assert page.status_code == 422
    assert said in text_of(page)
    assert not AccessRequest.objects.exists()


def test_a_request_that_waits_is_cancelled_once(broker, admin, signed_in):
    http = signed_in(admin)
    http.post(url(broker, "demander/"), {"account_number": "123456789"})
    made = AccessRequest.objects.get()
    cancel = url(broker, f"demandes/{made.pk}/annuler/")
    assert http.post(cancel).status_code == 303
    assert AccessRequest.objects.get().state == "cancelled"
    assert "Cette demande a déjà été traitée." in text_of(http.post(cancel, follow=True))


def test_the_relationship_says_what_the_client_allows(broker, admin, owner, signed_in):
    ends = today_of(broker) + timedelta(days=7)
    programs = owner.account.programs.filter(number__endswith="RM0002")
    given = approve(admin, owner, level="program", programs=programs, visibility=["business"], ends_on=ends)
    http = signed_in(admin)
    page = text_of(http.get(url(broker)))
    assert "Zêta inc." in page
    assert "1 relation se termine dans les 30 jours." in page
    assert "7 jours restants" in page
    page = text_of(http.get(url(broker, f"{given.pk}/")))
    for said in ("123456789RM0002", "mandat 2026", "Zoé Zêta", "Transmises par l'entreprise elle-même"):
        assert said in page
    assert "123456789RM0001" not in page
    assert "Zêta inc." in text_of(http.get(url(broker) + "?etat=bientot"))
    assert "Aucune relation ne répond à ce filtre." in text_of(http.get(url(broker) + "?etat=terminees"))
    assert "Zêta inc." in text_of(http.get(url(broker) + "?q=zêta"))
    assert "Zêta inc." in text_of(http.get(url(broker) + "?q=123 456"))


def test_a_relationship_whose_last_day_has_passed_is_shown_as_expired_at_once(broker, admin, owner, signed_in):
    given = approve(admin, owner)
    yesterday = today_of(broker) - timedelta(days=1)
    Relationship.objects.update(starts_on=yesterday, ends_on=yesterday)
    http = signed_in(admin)
    assert "Expirée" in text_of(http.get(url(broker, f"{given.pk}/")))
    assert "Aucun client ne vous a encore donné accès." in text_of(http.get(url(broker)))
    assert "Expirée" in text_of(http.get(url(broker) + "?etat=terminees"))


def test_giving_up_ends_it_now_and_only_once(broker, admin, owner, signed_in):
    given = approve(admin, owner)
    http = signed_in(admin)
    assert http.get(url(broker, f"{given.pk}/abandonner/")).status_code == 405
    assert http.post(url(broker, f"{given.pk}/abandonner/")).status_code == 303
    given.refresh_from_db()
    assert (given.state, given.ended_by_name) == ("given_up", admin.name)
    page = http.post(url(broker, f"{given.pk}/abandonner/"), follow=True)
    assert "est déjà terminée" in text_of(page)


def test_the_register_says_who_may_act_for_whom(broker, admin, owner, signed_in):
    approve(admin, owner, ends_on=today_of(broker) + timedelta(days=60), visibility=["others"])
    Relationship.objects.update(used_on=today_of(broker))
    page = signed_in(admin).get(url(broker, "registre.csv"))
    assert page.headers["Content-Type"].startswith("text/csv")
    header, line = text_of(page).lstrip("\ufeff").splitlines()
    told = dict(zip(header.split(";"), line.split(";"), strict=True))
    assert told["numéro d'entreprise"] == "123456789"
    assert told["approuvée par"] == "Zoé Zêta"
    assert told["état"] == "Active"
    assert told["jusqu'au"] == (today_of(broker) + timedelta(days=60)).isoformat()
    assert told["dernière utilisation"] == today_of(broker).isoformat()


def test_an_editor_and_an_organization_that_is_no_provider_are_refused(org, admin, agent, signed_in):
    org.provider_kind = ""
    org.save()
    for path in ("", "demandes/", "demander/", "registre.csv"):
        page = signed_in(admin).get(url(org, path))
        assert (page.status_code, "réservée aux fournisseurs de services" in text_of(page)) == (403, True)
    org.provider_kind = "customs_broker"
    org.save()
    assert signed_in(agent).get(url(org)).status_code == 403
    org.modules = [module for module in org.modules if module != "delegation"]
    org.save()
    assert signed_in(admin).get(url(org)).status_code == 403


def test_a_manager_of_some_clients_sees_their_relationships_and_no_other(broker, admin, owner, colleague, signed_in):
    given = approve(admin, owner)
    enter(admin)
    colleague.role = Role.MANAGER
    colleague.save()
    http = signed_in(colleague)
    assert http.get(url(broker, f"{given.pk}/")).status_code == 404
    assert http.post(url(broker, f"{given.pk}/abandonner/")).status_code == 404
    assert "Zêta" not in text_of(http.get(url(broker)))
    enter(admin)
    client = Client.objects.get(business_account=owner.account)
    grant_access(member=colleague, scope_type="client", scope_id=client.pk, role="manager", by=admin)
    assert http.get(url(broker, f"{given.pk}/")).status_code == 200
    assert "Zêta" in text_of(http.get(url(broker)))


def test_the_requester_is_told_of_the_answer_and_of_the_end(broker, admin, owner):
    given = approve(admin, owner)
    told = Notification.objects.filter(user_id=admin.user_id)
    assert set(told.values_list("event", flat=True)) == {"relationship_approved"}
    outside()
    actions.revoke_relationship(given, by=owner)
    enter(admin)
    assert "relationship_ended" in set(told.values_list("event", flat=True))
    request = actions.request_access(by=admin, number="123456789")
    outside()
    actions.reject_access(request, by=owner, reason="Inconnu de nous")
    enter(admin)
    rejected = told.get(event="relationship_rejected")
    assert rejected.words["reason"] == "Inconnu de nous"


def test_warnings_come_30_7_and_1_days_ahead_each_once(broker, admin, owner):
    given = approve(admin, owner)
    today = today_of(broker)
    counted = []
    for days in (31, 30, 12, 7, 6, 1, 1, 0):
        Relationship.objects.filter(pk=given.pk).update(ends_on=today + timedelta(days=days))
        actions.warn_due()
        enter(admin)
        counted.append(Notification.objects.filter(user_id=admin.user_id, event="relationship_ending").count())
    assert counted == [0, 1, 1, 2, 2, 3, 3, 3]


def test_a_warning_says_what_would_be_lost_to_whoever_sees_to_it(broker, admin, colleague, owner):
    given = approve(admin, owner)
    client = Client.objects.get(business_account=owner.account)
    grant_access(member=colleague, scope_type="client", scope_id=client.pk, role="editor", by=admin)
    Client.objects.filter(pk=client.pk).update(responsible=colleague.user)
    group = ClientGroup.objects.create(organization=broker, name="Est", name_key="est", created_by=admin.user)
    GroupMember.objects.create(organization=broker, group=group, client=client)
    Relationship.objects.filter(pk=given.pk).update(ends_on=today_of(broker) + timedelta(days=7))
    outside()
    actions.warn_due()
    enter(admin)
    told = dict(Notification.objects.filter(event="relationship_ending").values_list("user_id", "words"))
    assert "dans le groupe « Est »" in told[admin.user_id]["lost"][0].replace("\u00a0", " ")
    assert told[colleague.user_id].get("lost", []) == []


def test_delays_are_set_by_administrators(broker, admin, manager, signed_in):
    http = signed_in(admin)
    settings = f"/{broker.slug}/administration/relations-d-affaires/"
    assert http.post(settings, {"request_days": "14", "version": "1"}).status_code == 303
    assert Rules.objects.get().request_days == 14
    assert http.post(settings, {"request_days": "0", "version": "2"}).status_code == 422
    assert http.post(settings, {"request_days": "30", "version": "1"}).status_code == 409
    assert signed_in(manager).get(settings).status_code == 403


def test_opening_the_file_of_the_client_is_a_use(broker, admin, colleague, owner, signed_in):
    approve(admin, owner)
    client = Client.objects.get(business_account=owner.account)
    assert Relationship.objects.get().used_on is None
    signed_in(admin).get(f"/{broker.slug}/clients/{client.number}/")
    enter(admin)
    assert Relationship.objects.get().used_on == today_of(broker)
    # Whoever works with it the same day is told by name to both sides, once a day each.
    grant_access(member=colleague, scope_type="client", scope_id=client.pk, role="manager", by=admin)
    for _time in range(2):
        signed_in(colleague).get(f"/{broker.slug}/clients/{client.number}/")
    enter(admin)
    assert set(RelationshipUse.objects.values_list("name", "day")) == {
        (admin.name, today_of(broker)), (colleague.name, today_of(broker)),
    }  # fmt: skip
    page = text_of(signed_in(admin).get(url(broker, f"{Relationship.objects.get().pk}/")))
    assert f": {colleague.name}" in page
    # A change counts as well, by whatever way it was made; after two years it is forgotten.
    RelationshipUse.objects.update(day=today_of(broker) - timedelta(days=731))
    update_client(client, by=enter(admin), version=Client.objects.get(pk=client.pk).version, category="importateur")
    assert RelationshipUse.objects.filter(day=today_of(broker)).get().user_id == admin.user_id
    outside()
    assert actions.forget_old_uses() == 2


def test_what_would_be_lost_is_said_before(broker, admin, owner, signed_in):
    given = approve(admin, owner)
    seed_object_types(broker)
    client = Client.objects.get(business_account=owner.account)
    sync_business_object(by=admin, client=client, type_code="invoice", key="F1", program_account="RM0001")
    group = ClientGroup.objects.create(organization=broker, name="Est", name_key="est", created_by=admin.user)
    GroupMember.objects.create(organization=broker, group=group, client=client)
    page = text_of(signed_in(admin).get(url(broker, f"{given.pk}/")))
    assert "1 objet métier que ce client vous laisse voir" in page
    assert "La place du client dans le groupe « Est »" in page


def test_the_list_asks_few_questions(broker, admin, owner, signed_in, django_assert_max_num_queries):
    approve(admin, owner)
    http = signed_in(admin)
    http.get(url(broker))
    with django_assert_max_num_queries(16):
        http.get(url(broker))
