"""The list of cases, the quick search, the pane of the client file, the portlet: who sees what, and how few queries."""

import re
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from entregent.cases import actions
from entregent.cases.models import Case, CaseAgent, CaseType, CaseWords
from entregent.cases.search import CaseSource
from entregent.cases.web.portlets import _own
from entregent.listing import pages
from entregent.listing.actions import save_view
from entregent.listing.lists import lists
from entregent.organizations.models import Team
from entregent.search.queries import ask
from entregent.toolbox.dates import today_in
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def types(org, manager):
    enter(manager)
    top = CaseType.objects.create(
        organization=org, code="reclamation", path="reclamation", label_fr="Réclamation", label_en="Complaint",
        sub_statuses=[{"code": "a-valider", "state": "new", "fr": "À valider", "en": "To be approved"}],
    )  # fmt: skip
    below = CaseType.objects.create(
        organization=org, code="facture", path="reclamation/facture", parent=top, label_fr="Facture",
        label_en="Invoice",
    )  # fmt: skip
    other = CaseType.objects.create(
        organization=org, code="relance", path="relance", label_fr="Relance", label_en="Dunning"
    )
    return {"top": top, "below": below, "other": other}


def opened(by, client, case_type, title, **more):
    enter(by)
    return actions.open_case(by=by, client=client, case_type=case_type, title=title, **more)


def titles(by, condition=None, text="", sort=""):
    enter(by)
    by.__dict__.pop("_lists", None)
    found = pages.page(lists(by)["cases"], by, condition=condition, text=text, sort=sort, columns=["title"])
    return [row["title"] for row in found.rows]


def test_a_type_stands_for_those_below_it(manager, client_north, types):
    opened(manager, client_north, types["below"], "Facture")
    opened(manager, client_north, types["other"], "Relance")
    assert titles(manager, ["case_type", "is", str(types["top"].pk)]) == ["Facture"]
    assert titles(manager, ["case_type", "is_not", str(types["top"].pk)]) == ["Relance"]
    assert titles(manager, ["case_type", "in", [str(one.pk) for one in types.values()]]) == ["Relance", "Facture"]


def test_open_and_late_ones_are_asked_for(manager, client_north, types):
    case = opened(manager, client_north, types["other"], "Ancienne")
    opened(manager, client_north, types["other"], "Récente")
    Case.objects.filter(pk=case.pk).update(due_on="2020-01-01")
    assert titles(manager, ["late", "is", True]) == ["Ancienne"]
    assert titles(manager, ["late", "is", False]) == ["Récente"]
    enter(manager)
    case.refresh_from_db()
    actions.close_case(case, by=manager, reason="Réglé", version=case.version)
    assert titles(manager, ["is_open", "is", True]) == ["Récente"]
    assert titles(manager, ["late", "is", True]) == []


def test_it_is_found_by_number_title_and_client(manager, client_north, client_south, types):
    case = opened(manager, client_north, types["other"], "Fuite après compteur")
    opened(manager, client_south, types["other"], "Autre chose")
    assert titles(manager, text="fuite") == ["Fuite après compteur"]
    assert titles(manager, text=str(case.number)) == ["Fuite après compteur"]
    assert titles(manager, text=client_south.display_name) == ["Autre chose"]
    assert titles(manager, text="rien de tel") == []


def test_its_words_follow_its_title(manager, client_north, types):
    case = opened(manager, client_north, types["other"], "Fuite")
    Case.objects.filter(pk=case.pk).update(title="Coupure")
    assert titles(manager, text="coupure") == ["Coupure"]
    assert titles(manager, text="fuite") == []
    Case.objects.filter(pk=case.pk).update(priority="high")
    assert CaseWords.objects.filter(case_id=case.pk).count() == 1


def test_who_reaches_a_sector_sees_its_cases_alone(manager, agent, outsider, client_north, client_south, types):
    opened(manager, client_north, types["other"], "Au nord")
    opened(manager, client_south, types["other"], "Au sud")
    assert titles(agent) == ["Au nord"]
    assert titles(outsider) == ["Au sud"]
    assert titles(agent, text="sud") == []


def test_the_quick_search_finds_those_in_reach_among_many_others(manager, agent, client_north, client_south, types):
    opened(manager, client_north, types["other"], "Fuite au nord")
    for number in range(8):
        opened(manager, client_south, types["other"], f"Fuite au sud {number}")
    enter(agent)
    found = CaseSource().find(agent, ask("fuite"), 3)
    assert [one.label for one in found.items] == ["Fuite au nord"]
    assert CaseSource().find(manager, ask("fuite"), 3).more


def test_confidential_ones_are_for_those_who_may(manager, agent, reader, client_north, types):
    opened(manager, client_north, types["other"], "Secret", is_confidential=True)
    assert titles(manager) == ["Secret"]
    for other in (agent, reader):
        assert titles(other) == []
        assert titles(other, text="secret") == []
        assert titles(other, ["is_open", "is", True]) == []


def test_clients_are_asked_by_their_cases(manager, client_north, client_south, types):
    opened(manager, client_north, types["below"], "Facture")
    wanted = {"has": "cases", "where": ["is_open", "is", True]}
    rows = pages.page(lists(manager)["clients"], manager, condition=wanted, columns=["number"]).rows
    assert [row["number"] for row in rows] == [client_north.number]


def test_the_page_shows_what_is_open_and_filters(manager, client_north, types, signed_in):
    first = opened(manager, client_north, types["below"], "Conteste la facture", priority="high")
    opened(manager, client_north, types["other"], "Relance n° 1")
    http = signed_in(manager)
    page = http.get("/eaux/dossiers/").content.decode()
    assert "2 dossiers" in page
    assert "Réclamation › Facture" in page
    assert f"/eaux/dossiers/{first.number}/" in page
    assert "Conteste" not in http.get(f"/eaux/dossiers/?type={types['other'].pk}").content.decode()
    assert "Conteste" in http.get("/eaux/dossiers/?q=conteste").content.decode()
    assert "Aucun dossier ne répond" in http.get("/eaux/dossiers/?q=zzzz").content.decode()
    assert "Conteste" in http.get("/eaux/dossiers/?responsable=moi&tri=due_on").content.decode()
    assert "Aucun dossier ne répond" in http.get("/eaux/dossiers/?etat=done").content.decode()
    assert "Conteste" in http.get(f"/eaux/dossiers/?client={client_north.number}").content.decode()
    assert http.get("/eaux/dossiers/?type=x&responsable=0&equipe=y&echeance=z&vue=q&apres=%00").status_code == 200
    part = http.get("/eaux/dossiers/?q=conteste", htmx=True).content.decode()
    assert part.lstrip().startswith('<div id="cases"')
    enter(manager)
    view = save_view(by=manager, list_code="cases", name="Relances", condition=["title", "starts", "Relance"])
    assert "Conteste" not in http.get(f"/eaux/dossiers/?vue={view.pk}").content.decode()


def test_the_page_costs_a_fixed_number_of_queries(manager, client_north, types, signed_in, django_assert_num_queries):
    http = signed_in(manager)
    for _round in range(2):
        for number in range(5):
            opened(manager, client_north, types["below"], f"Dossier {number}")
        http.get("/eaux/dossiers/")
        with django_assert_num_queries(14):
            http.get("/eaux/dossiers/")


def test_a_full_page_comes_before_it_is_counted(manager, client_north, types, signed_in):
    for number in range(103):
        opened(manager, client_north, types["below"], f"Dossier {number}")
    http = signed_in(manager)
    page = http.get("/eaux/dossiers/").content.decode()
    assert "Plus de 100 dossiers" in page
    (counting,) = re.findall(r'hx-get="([^"]*compte=oui[^"]*)"', page)
    told = http.get(counting.replace("&amp;", "&"), htmx=True).content.decode()
    assert "103 dossiers" in told
    assert "<table" not in told
    whole = http.get("/eaux/dossiers/?compte=oui").content.decode()
    assert "103 dossiers" in whole
    assert "<table" in whole


def test_the_module_opens_the_pages(org, manager, client_north, types, signed_in):
    http = signed_in(manager)
    assert "/eaux/dossiers/" in http.get("/eaux/").content.decode()
    org.modules = [one for one in org.modules if one != "casework"]
    org.save()
    http = signed_in(manager)
    assert http.get("/eaux/dossiers/").status_code == 403
    assert '"/eaux/dossiers/"' not in http.get("/eaux/").content.decode()


def test_the_pane_of_the_client_file_lists_open_cases(manager, agent, client_north, types, signed_in):
    opened(manager, client_north, types["below"], "Conteste la facture")
    page = signed_in(agent).get(f"/eaux/clients/{client_north.number}/dossiers/", htmx=True).content.decode()
    assert "Conteste la facture" in page
    assert f"/eaux/dossiers/nouveau/?client={client_north.number}" in page
    assert (
        f"/eaux/clients/{client_north.number}/dossiers/"
        in signed_in(agent).get(f"/eaux/clients/{client_north.number}/").content.decode()
    )


def test_the_quick_search_names_cases(manager, agent, outsider, client_north, types, signed_in):
    case = opened(manager, client_north, types["below"], "Conteste la facture")
    found = signed_in(agent).get("/eaux/recherche/?q=conteste", headers={"Accept": "application/json"})
    assert f"/eaux/dossiers/{case.number}/" in found.content.decode()
    far = signed_in(outsider).get("/eaux/recherche/?q=conteste", headers={"Accept": "application/json"})
    assert f"/dossiers/{case.number}/" not in far.content.decode()


def test_the_portlet_shows_the_cases_of_whoever_looks(manager, agent, client_north, types, signed_in):
    opened(manager, client_north, types["below"], "À Nadia")
    opened(manager, client_north, types["below"], "À l'agent", responsible=agent.user)

    class Asked:
        member = enter(agent)

    assert [one.title for one in _own(Asked)["cases"]] == ["À l'agent"]


@pytest.mark.parametrize("sorted_below", [0, 1_000])
def test_a_member_of_a_small_part_goes_through_the_order_of_all(
    manager, agent, client_north, client_south, types, monkeypatch, sorted_below
):
    monkeypatch.setattr(pages, "SORTED", sorted_below)
    monkeypatch.setattr(pages, "NEAR", 1)
    for number in range(6):
        client = client_south if number % 2 else client_north
        opened(manager, client, types["other"], f"D{number}", is_confidential=number == 4)
    own = opened(manager, client_north, types["other"], "Sien", is_confidential=True)
    CaseAgent.objects.create(organization=own.organization, case=own, user=agent.user)
    for sort in ("-opened_at", "due_on", "sla_due_at"):
        assert sorted(titles(agent, sort=sort)) == ["D0", "D2", "Sien"]
        assert titles(agent, ["state", "is", "done"], sort=sort) == []
        assert sorted(titles(agent, ["is_open", "is", True], sort=sort)) == ["D0", "D2", "Sien"]
    agent.__dict__.pop("_lists", None)
    assert pages.count(lists(enter(agent))["cases"], agent) == pages.Count(3)


def test_what_the_index_of_an_order_tells_is_the_answer(
    org, manager, agent, client_north, client_south, types, monkeypatch
):
    """Every filter in every order, page by page, beside all answers at once."""
    monkeypatch.setattr(pages, "NEAR", 2)
    monkeypatch.setattr(pages, "SORTED", 0)
    teams = [Team.objects.create(organization=org, code=code, label_fr=code, label_en=code) for code in ("a", "b")]
    today = today_in(org.time_zone)
    for number in range(24):
        case = opened(
            manager, client_south if number % 3 == 0 else client_north, [*types.values()][number % 3], f"D{number}"
        )
        Case.objects.filter(pk=case.pk).update(
            state=["new", "in_progress", "done"][number % 7 % 3], team=[*teams, None][number % 5 % 3],
            closed_at=timezone.now() if number % 7 % 3 == 2 else None,
            due_on=None if number % 4 == 0 else today + timedelta(days=number - 9),
            sla_due_at=None if number % 2 else timezone.now() + timedelta(days=number - 9),
            responsible=[agent.user, manager.user, None][number % 4 % 3],
        )  # fmt: skip
    questions = [
        None, ["is_open", "is", True], ["is_open", "is", False], ["late", "is", True], ["late", "is", False],
        ["sla_late", "is", True], ["sla_late", "is", False], ["state", "is", "done"], ["state", "is_not", "new"],
        ["team", "is", str(teams[0].pk)], ["team", "is_not", str(teams[0].pk)], ["team", "empty"],
        ["responsible", "me"],
        ["due_on", "empty"], ["due_on", "in_next_days", 7], ["case_type", "is", str(types["top"].pk)],
        {"all": [["is_open", "is", True], {"all": [["team", "is", str(teams[0].pk)], ["title", "contains", "1"]]}]},
        {"any": [["state", "is", "done"], ["responsible", "me"]]},
    ]  # fmt: skip
    orders = [f"{way}{column}" for way in ("", "-") for column in ("opened_at", "due_on", "sla_due_at")]
    for member, question, sort in product((manager, agent), questions, orders):
        enter(member)
        definition = lists(member)["cases"]
        asked = pages.ask(definition, member, condition=question)
        expected = set(asked.ids().values_list("id", flat=True))
        found, mark = [], ""
        while True:
            page = pages.page(definition, member, condition=question, sort=sort, after=mark, limit=3)
            found += [row["id"] for row in page.rows]
            mark = page.next
            if not mark:
                break
        assert set(found) == expected, (member, question, sort)
        assert len(found) == len(expected)
        value = dict(Case.objects.filter(pk__in=found).values_list("pk", sort.lstrip("-")))
        values = [value[key] for key in found if value[key] is not None]
        assert values == sorted(values, reverse=sort.startswith("-"))
        assert all(value[key] is None for key in found[len(values) :])
