"""The pages of groups, by plain forms: what each button does, what each refuses, who may open them."""

import pytest
from django.urls import reverse

from entregent.groups.actions.requests import assign_group, create_group
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.groups.selection import members_of
from entregent.toolbox.errors import RightMissing
from testing.cast import enter

pytestmark = pytest.mark.usefixtures("delegated")


def at(name, org, **kwargs):
    return reverse(f"groups:{name}", kwargs={"organization": org.slug, **kwargs})


@pytest.fixture
def page(signed_in, admin):
    return signed_in(admin)


def test_a_limited_member_who_may_manage_groups_manages_none(signed_in, org, agent, admin, delegated):
    """They would give themselves an access to every client."""
    agent.rights_added = ["client.groups"]
    agent.save()
    enter(agent)
    agent.organization.provider_kind = org.provider_kind
    with pytest.raises(RightMissing):
        create_group(by=agent, name="Est", whole=True)
    browser = signed_in(agent)
    for name in ("list", "create", "employees", "requests"):
        assert browser.get(at(name, org)).status_code == 403
    assert "Configurer mon portail" not in browser.get(f"/{org.slug}/clients/").text
    assert "Configurer mon portail" in signed_in(admin).get(f"/{org.slug}/clients/").text


@pytest.fixture
def est(admin, delegated):
    enter(admin)
    return create_group(by=admin, name="Est", whole=True).group


def test_a_group_is_made_by_the_buttons_of_the_page(page, org, admin, gamma):
    url = at("create", org)
    assert "Alpha" in page.get(url).content.decode()
    moved = page.post(url, {"name": "Est", "tous": "1", "q_vu": "", "faire": "ajouter"})
    assert (moved.status_code, moved.headers["Location"]) == (303, url)
    body = page.get(url).content.decode()
    assert 'value="Est"' in body
    assert "les 2 choisis" in body
    done = page.post(url, {"name": "Est", "faire": "creer"}, follow=True)
    assert "Le nouveau groupe a été créé avec succès." in done.content.decode()
    enter(admin)
    assert members_of(ClientGroup.objects.get()).count() == 2
    assert "Aucun client n'est disponible" in page.get(url).content.decode()


def test_tous_is_all_of_the_search_and_says_how_many(page, org, admin):
    url = at("create", org)
    assert "1 client de la recherche" in page.get(url, {"q": "alp"}).content.decode()
    page.post(url, {"name": "", "tous": "1", "q": "alp", "q_vu": "alp", "faire": "ajouter"})
    assert "1 client choisi" in page.get(url).content.decode()
    page.post(url, {"name": "", "tous_ajouts": "1", "faire": "effacer_ajouts"})
    assert "1 client choisi" not in page.get(url).content.decode()


def test_a_search_says_why_a_client_is_not_available(page, org, est, gamma):
    body = page.get(at("create", org), {"q": "a"}).content.decode()
    assert "Déjà dans le groupe Est" in body
    assert "Aucune relation d&#39;affaires active" in body


def test_without_name_or_clients_the_page_says_so(page, org):
    answer = page.post(at("create", org), {"name": "", "faire": "creer"})
    assert answer.status_code == 422
    assert "Indiquez le nom du groupe." in answer.content.decode()
    answer = page.post(at("create", org), {"name": "Est", "faire": "creer"})
    assert answer.status_code == 422
    assert "Sélectionnez au moins un client." in answer.content.decode()


def test_the_name_is_checked_while_it_is_typed(page, org, est):
    assert "déjà utilisé" in page.get(at("name", org), {"name": " EST "}).content.decode()
    assert "Ce nom est libre." in page.get(at("name", org), {"name": "Nord"}).content.decode()
    assert "Ce nom est libre." in page.get(at("name", org), {"name": "est", "groupe": est.pk}).content.decode()


def test_a_group_is_changed_in_two_blocks_and_with_the_word(page, org, admin, agent, est, epsilon, delegated):
    enter(admin)
    assign_group(est, by=admin, user_ids=[agent.user_id], role="editor")
    url = at("update", org, pk=est.pk)
    page.post(url, {"name": "Est", "client": epsilon.pk, "faire": "ajouter"})
    page.post(url, {"name": "Est", "membre": delegated["beta"].pk, "faire": "retirer"})
    review = page.post(url, {"name": "Est", "faire": "suivant"}, follow=True).content.decode()
    assert "Epsilon" in review
    assert "Omar Agent" in review
    assert "gagne 1 client" in review
    assert "perd 1 client" in review
    enter(admin)
    est.refresh_from_db()
    refused = page.post(at("review", org, pk=est.pk), {"word": "confirmer", "version": est.version})
    assert refused.status_code == 422
    assert "Tapez CONFIRMER pour confirmer." in refused.content.decode()
    done = page.post(at("review", org, pk=est.pk), {"word": "CONFIRMER", "version": est.version}, follow=True)
    assert "Le groupe a été mis à jour avec succès." in done.content.decode()
    enter(admin)
    assert sorted(members_of(est).values_list("display_name", flat=True)) == ["Alpha", "Epsilon"]


def test_a_change_of_nothing_goes_no_further(page, org, est):
    answer = page.post(at("update", org, pk=est.pk), {"name": "Est", "faire": "suivant"})
    assert answer.status_code == 422
    assert "Aucune modification à enregistrer." in answer.content.decode()


def test_a_group_changed_meanwhile_is_looked_at_again(page, org, admin, est):
    page.post(at("update", org, pk=est.pk), {"name": "Autre", "faire": "suivant"})
    answer = page.post(at("review", org, pk=est.pk), {"word": "CONFIRMER", "version": 99})
    assert answer.status_code == 409


def test_a_group_is_deleted_with_the_word(page, org, admin, est):
    url = at("delete", org, pk=est.pk)
    assert "2 clients gardent leur relation" in page.get(url).content.decode()
    assert page.post(url, {"word": "supprimer", "version": est.version}).status_code == 422
    done = page.post(url, {"word": "SUPPRIMER", "version": est.version}, follow=True)
    assert "Le groupe a été supprimé avec succès." in done.content.decode()
    assert "Est" in page.get(at("list", org), {"etat": "supprimes"}).content.decode()
    assert "Ce groupe est supprimé" in page.get(at("detail", org, pk=est.pk)).content.decode()


def test_one_chooses_in_the_list_what_is_done(page, org, est):
    answer = page.get(at("choose", org), {"groupe": est.pk, "faire": "supprimer"})
    assert answer.headers["Location"] == at("delete", org, pk=est.pk)
    answer = page.get(at("choose", org), {"faire": "modifier"}, follow=True)
    assert "Sélectionnez d'abord un groupe" in answer.content.decode()


def test_employees_are_assigned_with_a_summary_first(page, org, admin, agent, colleague, est):
    body = page.get(at("employees", org)).content.decode()
    assert "Omar Agent" in body
    assert 'aria-label="Ada Min"' not in body
    answer = page.get(at("assign", org), {"employe": [agent.pk, colleague.pk]}).content.decode()
    assert "2 employés choisis" in answer
    summary = at("summary", org)
    missing = page.get(summary, {"employe": [agent.pk]})
    assert missing.status_code == 422
    assert "Choisissez un groupe." in missing.content.decode()
    assert "Choisissez un rôle." in missing.content.decode()
    asked = {"employe": [agent.pk, colleague.pk], "groupe": est.pk, "role": "editor"}
    body = page.get(summary, asked).content.decode()
    assert "2 employés × 5 comptes de programme" in body
    assert "Omar Agent pourra modifier 2 clients" in body
    done = page.post(at("assign_save", org), asked, follow=True).content.decode()
    assert "Le rôle d&#39;accès des employés a été mis à jour avec succès" in done
    body = page.get(at("employee", org, pk=agent.pk)).content.decode()
    assert "Éditeur" in body
    assert "Nord" in body
    page.post(at("assign_save", org), {"employe": agent.pk, "groupe": est.pk, "role": "none", "retour": "employe"})
    enter(admin)
    assert list(est.assignments.live().values_list("user_id", flat=True)) == [colleague.user_id]


def test_a_manager_of_all_is_not_assigned_even_by_a_direct_call(page, org, admin, est):
    answer = page.post(at("assign_save", org), {"employe": admin.pk, "groupe": est.pk, "role": "editor"})
    assert answer.status_code == 422
    assert "a déjà accès à tous les clients" in answer.content.decode()


def test_requests_are_listed_filtered_and_undone(page, org, admin, est):
    body = page.get(at("requests", org)).content.decode()
    assert "Création" in body
    assert "Ada Min" in body
    assert "data-poll" not in body
    assert "Aucune demande ne répond" in page.get(at("requests", org), {"statut": "failed"}).content.decode()
    number = 1
    assert "Fait" in page.get(at("request", org, number=number)).content.decode()
    page.post(at("request_undo", org, number=number))
    enter(admin)
    assert ProcessingRequest.objects.count() == 2
    answer = page.post(at("request_retry", org, number=number), follow=True)
    assert "Cette demande a déjà été traitée." in answer.content.decode()


def test_a_large_change_is_followed(page, org, admin, est, monkeypatch):
    monkeypatch.setattr("entregent.groups.actions.requests.AT_ONCE", 1)
    done = page.post(at("delete", org, pk=est.pk), {"word": "SUPPRIMER", "version": est.version}, follow=True)
    assert "Demande enregistrée." in done.content.decode()
    assert "data-poll" in page.get(at("requests", org)).content.decode()
    busy = page.post(at("delete", org, pk=est.pk), {"word": "SUPPRIMER", "version": est.version})
    assert busy.status_code == 409
    assert "Une demande de traitement est en cours pour ce groupe." in busy.content.decode()
    page.post(at("request_cancel", org, number=2))
    assert "Annulée" in page.get(at("requests", org)).content.decode()


@pytest.mark.parametrize("who", ["agent", "manager", "reader"])
def test_others_are_refused_by_address_too(request, signed_in, org, who, est):
    other = signed_in(request.getfixturevalue(who))
    for name in ("list", "create", "employees", "requests"):
        assert other.get(at(name, org)).status_code == 403
    assert "Configurer mon portail" not in other.get(f"/{org.slug}/clients/").content.decode()


def test_who_is_no_service_provider_is_told(page, org, est):
    org.provider_kind = ""
    org.save()
    answer = page.get(at("list", org))
    assert answer.status_code == 403
    assert "Fonction réservée aux fournisseurs de services." in answer.content.decode()
    org.provider_kind = "customs_broker"
    org.modules = [name for name in org.modules if name != "delegation"]
    org.save()
    assert page.get(at("list", org)).status_code == 403
    assert "Configurer mon portail" not in page.get(f"/{org.slug}/clients/").content.decode()


@pytest.mark.parametrize(("name", "most"), [("list", 16), ("employees", 16), ("requests", 14), ("create", 22)])
def test_pages_ask_little(page, org, est, name, most, django_assert_max_num_queries):
    page.get(at(name, org))
    with django_assert_max_num_queries(most):
        page.get(at(name, org))
