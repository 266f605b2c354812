"""The pages of duplicates and merges."""

import re

import pytest

from entregent.clients import actions
from entregent.clients.duplicate_models import DuplicatePair, Merge, NotDuplicate
from entregent.clients.duplicates import rules_of
from entregent.clients.models import Client
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from testing.cast import enter, make_client

ORG = "/eaux"


def body(response):
    return response.content.decode()


@pytest.fixture
def pair(manager, org, north):
    shared = {"sector": north, "phones": ["02 61 91 00 42"]}
    first = actions.create_client(by=manager, kind="company", name="Blanchisserie Moreau", number="B1", **shared)
    second = actions.create_client(by=manager, kind="company", name="Blanchisserie Moro", number="B2", **shared)
    return first, second


def scan(member):
    job = actions.start_scan(by=member)
    run_job(job_id=job.pk, organization_id=job.organization_id)
    enter(member)
    job.refresh_from_db()
    return job


class TestScan:
    def test_it_finds_pairs_with_score_and_reasons_once(self, manager, pair):
        job = scan(manager)
        assert (job.state, job.done, job.result["pairs"]) == ("done", 2, 1)
        scan(manager)
        found = DuplicatePair.objects.get()
        assert (found.first, found.second) == pair
        assert found.score >= 70
        assert found.reasons == ["name_alike", "phone"]

    def test_a_pair_that_is_none_any_more_goes(self, manager, pair):
        scan(manager)
        actions.update_client(pair[1], by=manager, version=None, phones=["06 11 22 33 44"])
        scan(manager)
        assert not DuplicatePair.objects.exists()

    def test_a_value_that_too_many_share_brings_nobody_together(self, manager, org):
        for number in range(55):
            make_client(org, f"S{number}", f"Locataire {number}", emails=["regie@bailleur.example"])
        enter(manager)
        job = scan(manager)
        assert job.result["common"] == 1
        assert not DuplicatePair.objects.exists()

    def test_what_was_said_to_be_two_is_never_proposed_again(self, manager, pair, signed_in):
        scan(manager)
        http = signed_in(manager)
        answer = http.post(f"{ORG}/doublons/ecartes/", {"first": "B2", "second": "B1"}, follow=True)
        assert "ne sera plus proposée" in body(answer)
        enter(manager)
        scan(manager)
        assert not DuplicatePair.objects.exists()
        assert "Ressemble" not in body(http.get(f"{ORG}/clients/B1/ressemblances/", htmx=True))
        http.post(f"{ORG}/doublons/ecartes/B1/B2/annulation/")
        enter(manager)
        assert DuplicatePair.objects.exists()


class TestHint:
    def test_what_is_typed_is_compared_by_the_same_rules(self, manager, agent, pair, signed_in):
        http = signed_in(agent)

        def hint(**typed):
            return body(http.get(f"{ORG}/clients/nouveau/doublons/", typed, htmx=True))

        assert "nom proche" in hint(name="Blanchisserie Moraux")
        enter(manager)
        actions.set_address(by=manager, client=pair[0], kind="main", street="12, av. de la Gare", postal_code="57000")
        assert "Ressemble" not in hint(street="12 avenue de la Gare", postal_code="57000")
        found = hint(name="Pressing Moreau", street="12 Avenue de la Gare", postal_code="57000", phone="0261910042")
        assert "même téléphone, même adresse" in found


class TestPages:
    def test_the_list_shows_pairs_of_which_both_are_in_reach(self, manager, agent, outsider, pair, south, signed_in):
        enter(manager)
        other = actions.create_client(
            by=manager, kind="company", name="Blanchisserie Moreau", number="B3", sector=south,
            phones=["02 61 91 00 42"],
        )  # fmt: skip
        scan(manager)
        assert body(signed_in(manager).get(f"{ORG}/doublons/")).count("Comparer</span>") == 3
        seen = body(signed_in(agent).get(f"{ORG}/doublons/"))
        assert seen.count("Comparer</span>") == 1
        assert other.number not in seen
        assert "même téléphone" in seen
        assert "Comparer</span>" not in body(signed_in(outsider).get(f"{ORG}/doublons/"))

    def test_the_hint_on_a_file_says_why_and_leads_to_the_comparison(self, agent, pair, signed_in):
        hint = body(signed_in(agent).get(f"{ORG}/clients/B1/ressemblances/", htmx=True))
        assert "Blanchisserie Moro" in hint
        assert "nom proche, même téléphone" in hint
        assert "/clients/B1/fusion/?avec=B2" in hint

    def test_comparing_merging_and_undoing(self, manager, pair, signed_in):
        http = signed_in(manager)
        page = body(http.get(f"{ORG}/clients/B1/fusion/?avec=B2"))
        assert "Blanchisserie Moro" in page
        versions = {name: re.search(rf'name="{name}" value="(\d+)"', page).group(1)
                    for name in ("winner_version", "loser_version")}  # fmt: skip
        answer = http.post(f"{ORG}/clients/B1/fusion/", {"avec": "B2", "choice.name": "loser", **versions}, follow=True)
        assert "fait maintenant partie de cette fiche" in body(answer)
        enter(manager)
        merge = Merge.objects.get()
        assert merge.winner.name == "Blanchisserie Moro"
        assert http.get(f"{ORG}/clients/B2/").url == f"{ORG}/clients/B1/"
        assert "déjà partie" in body(http.get(f"{ORG}/clients/B1/fusion/?avec=B2", follow=True))
        assert "Annuler la fusion" in body(http.get(f"{ORG}/fusions/"))
        history = body(http.get(f"{ORG}/clients/B1/historique/"))
        assert "Fiches fusionnées" in history
        assert f"/fusions/{merge.pk}/annulation/" in history
        enter(manager)
        actions.update_client(Client.objects.get(number="B1"), by=manager, version=None, name="Blanchisserie Neuve")
        page = body(http.get(f"{ORG}/fusions/{merge.pk}/annulation/"))
        assert "Modifié depuis la fusion" in page
        token = re.search(r'name="token" value="(\w+)"', page).group(1)
        answer = http.post(f"{ORG}/fusions/{merge.pk}/annulation/", {"token": "x"})
        assert answer.status_code == 409
        answer = http.post(f"{ORG}/fusions/{merge.pk}/annulation/", {"token": token, "field:name": "keep"}, follow=True)
        assert "La fusion est annulée" in body(answer)
        enter(manager)
        assert Client.objects.get(number="B1").name == "Blanchisserie Neuve"
        assert Client.objects.get(number="B2").status == "client"
        assert "déjà été annulée" in body(http.get(f"{ORG}/fusions/{merge.pk}/annulation/"))

    def test_who_may_not_merge_compares_only(self, agent, pair, signed_in):
        http = signed_in(agent)
        page = body(http.get(f"{ORG}/clients/B1/fusion/?avec=B2"))
        assert "Pas un doublon" in page
        assert 'type="radio"' not in page
        assert http.post(f"{ORG}/clients/B1/fusion/", {"avec": "B2"}).status_code == 403

    def test_a_client_out_of_reach_is_not_found(self, manager, agent, pair, client_south, signed_in):
        http = signed_in(agent)
        assert http.get(f"{ORG}/clients/B1/fusion/?avec={client_south.number}").status_code == 404
        assert http.post(f"{ORG}/clients/B1/fusion/", {"avec": client_south.number}).status_code == 404

    def test_after_the_undo_the_list_names_the_other_only_to_who_reaches_it(
        self, manager, agent, pair, south, signed_in
    ):
        actions.undo_merge(actions.merge_clients(*pair, by=manager), by=manager)
        http = signed_in(agent)
        assert "Blanchisserie Moro" in body(http.get(f"{ORG}/fusions/"))
        enter(manager)
        Client.objects.filter(pk=pair[1].pk).update(sector=south)
        assert "Blanchisserie Moro" not in body(http.get(f"{ORG}/fusions/"))
        assert "Blanchisserie Moro" in body(signed_in(manager).get(f"{ORG}/fusions/"))

    def test_the_figures_of_the_scan_are_for_who_reaches_all(self, manager, agent, pair, signed_in):
        scan(manager)
        assert "2 clients comparés" in body(signed_in(manager).get(f"{ORG}/doublons/"))
        page = body(signed_in(agent).get(f"{ORG}/doublons/"))
        assert "Dernière recherche" in page
        assert "comparés" not in page

    def test_itself_and_stale_versions_are_refused_on_the_page(self, manager, pair, signed_in):
        http = signed_in(manager)
        assert "avec elle-même" in body(http.post(f"{ORG}/clients/B1/fusion/", {"avec": "B1"}))
        answer = http.post(f"{ORG}/clients/B1/fusion/", {"avec": "B2", "winner_version": "7", "loser_version": "1"})
        assert answer.status_code == 409
        assert "a été modifiée par" in body(answer)

    def test_a_merged_client_is_not_restored_by_itself(self, manager, pair, signed_in):
        actions.merge_clients(*pair, by=manager)
        answer = signed_in(manager).post(f"{ORG}/clients/B2/restauration/")
        assert answer.status_code == 409
        assert "annulez la fusion" in body(answer)

    def test_deleting_by_the_old_number_deletes_nothing(self, manager, pair, signed_in):
        actions.merge_clients(*pair, by=manager)
        assert signed_in(manager).post(f"{ORG}/clients/B2/suppression/").status_code == 404

    def test_an_administrator_weighs_otherwise(self, admin, manager, pair, signed_in):
        http = signed_in(admin)
        enter(admin)
        rules = rules_of(admin.organization_id)
        typed = {**rules.weights, "threshold": 100, "hint_threshold": 35, "version": 0}
        assert http.post(f"{ORG}/administration/doublons/", typed).status_code == 303
        enter(admin)
        assert rules_of(admin.organization_id).threshold == 100
        scan(manager)
        assert not DuplicatePair.objects.exists()
        typed = dict.fromkeys(rules.weights, 1) | {"threshold": 90, "hint_threshold": 300, "version": 1}
        answer = http.post(f"{ORG}/administration/doublons/", typed)
        assert answer.status_code == 422
        assert signed_in(manager).get(f"{ORG}/administration/doublons/").status_code == 403

    def test_the_scan_is_started_once_by_who_may_merge(self, manager, agent, signed_in):
        assert signed_in(agent).post(f"{ORG}/doublons/recherche/").status_code == 403
        http = signed_in(manager)
        http.post(f"{ORG}/doublons/recherche/")
        assert "Recherche en cours" in body(http.post(f"{ORG}/doublons/recherche/", follow=True))
        enter(manager)
        assert Job.objects.filter(kind="clients.scan_duplicates").count() == 1
        assert NotDuplicate.objects.count() == 0
