"""Dashboards through the front door: slow and broken portlets, reach, arranging without and with htmx."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from entregent.access.rights import Right
from entregent.dashboards import figures
from entregent.dashboards.models import Figure, Layout
from entregent.interactions import actions as interactions
from entregent.interactions.models import Topic
from entregent.listing.actions import delete_view, save_view
from entregent.organizations.extension_points import Board, Portlet, portlets
from testing.cast import enter, make_client

pytestmark = pytest.mark.django_db

QUERIES_FIRM = 7
QUERIES_CLIENT = 8


@pytest.fixture
def topic(org, agent):
    enter(agent)
    interactions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


@pytest.fixture
def probe(monkeypatch):
    """Puts a portlet of the test among the others."""
    known = dict(portlets._contributions)
    monkeypatch.setattr(portlets, "_contributions", known)

    def put(code, context, **more):
        one = Portlet(
            code, f"Portlet {code}", "users", Right.CLIENT_VIEW, frozenset({Board.STAFF, Board.FIRM}),
            "clients/portlets/held.html", context, **more,
        )  # fmt: skip
        known[code] = (1, lambda: [one])

    return put


def log(member, client, topic, **details):
    enter(member)
    return interactions.log_interaction(by=member, client=client, topic=topic, **({"channel": "phone_call"} | details))


def arrange(http, gesture, version=0, board="staff", htmx=False, **values):
    data = {"tableau": board, "version": version, "geste": gesture} | values
    return http.post("/eaux/tableau-de-bord/disposition/", data, htmx=htmx)


def test_every_portlet_answers_by_itself(manager, client_north, topic, signed_in):
    log(manager, client_north, topic, follow_up_on=timezone.localdate(), notes="Un appel")
    http = signed_in(manager)
    for give in portlets:
        for one in give():
            where = "clients/N1/tableau-de-bord" if Board.CLIENT in one.boards else "tableau-de-bord"
            if one.choices is not None:
                continue
            page = http.get(f"/eaux/{where}/{one.code}/")
            assert page.status_code == 200, one.code
            part = http.get(f"/eaux/{where}/{one.code}/", htmx=True).content.decode()
            assert "<html" not in part
            assert 'class="g-panel' in part, one.code


def test_a_broken_portlet_says_so_in_its_place_and_the_others_live(agent, client_north, signed_in, probe, caplog):
    def broken(request, **others):
        raise RuntimeError("broken")

    probe("broken", broken)
    probe("broken-at-once", broken, is_at_once=True)
    http = signed_in(agent)
    arrange(http, "ajouter", portlet="broken")
    arrange(http, "ajouter", version=1, portlet="broken-at-once")
    home = http.get("/eaux/")
    assert home.status_code == 200
    assert "Clients en blocage de crédit" in home.content.decode()
    part = http.get("/eaux/tableau-de-bord/broken/", htmx=True)
    assert part.status_code == 200
    assert "Indisponible." in part.content.decode()
    assert "Réessayer" in part.content.decode()
    assert http.get("/eaux/tableau-de-bord/broken/").status_code == 503
    assert http.get("/eaux/tableau-de-bord/credit-holds/", htmx=True).status_code == 200
    assert "portlet broken failed" in caplog.text


def test_a_portlet_that_the_database_refuses_breaks_nothing_else(agent, signed_in, probe):
    def refused(request, **others):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    probe("refused", refused, is_at_once=True)
    http = signed_in(agent)
    arrange(http, "ajouter", portlet="refused")
    again = http.get("/eaux/")
    assert again.headers["Location"] == "/eaux/?a-part"


def test_a_slow_portlet_is_cut_off(agent, signed_in, probe, settings):
    settings.PORTLET_SECONDS = 0.05

    def slow(request, **others):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return {"held": [], "is_more": False}

    probe("slow", slow)
    http = signed_in(agent)
    assert "Indisponible." in http.get("/eaux/tableau-de-bord/slow/", htmx=True).content.decode()
    assert http.get("/eaux/tableau-de-bord/credit-holds/", htmx=True).status_code == 200


def test_a_portlet_without_the_right_is_absent(agent, signed_in):
    type(agent).objects.filter(pk=agent.pk).update(rights_removed=["interaction.view"])
    http = signed_in(agent)
    assert http.get("/eaux/tableau-de-bord/recent-interactions/").status_code == 404
    home = http.get("/eaux/?personnaliser=1").content.decode()
    assert "Interactions récentes" not in home
    assert http.get("/eaux/tableau-de-bord/nothing/").status_code == 404
    assert http.get("/eaux/tableau-de-bord/client-contracts/").status_code == 404


def test_figures_are_counted_within_reach_and_kept_for_those_who_reach_the_same(
    agent, colleague, manager, org, north, client_north, client_south, signed_in
):
    url = "/eaux/tableau-de-bord/clients-by-sector/"
    mine = signed_in(agent).get(url).content.decode()
    assert "Nord" in mine
    assert "Sud" not in mine
    assert "Sud" in signed_in(manager).get(url).content.decode()
    make_client(org, "N2", "Un de plus", sector=north)
    assert (
        signed_in(colleague).get(url, htmx=True).content.decode()
        == signed_in(agent).get(url, htmx=True).content.decode()
    )
    enter(agent)
    assert Figure.objects.filter(portlet="clients-by-sector").count() == 2
    Figure.objects.update(measured_at=timezone.now() - timedelta(minutes=30))
    signed_in(agent).get(url)
    assert max(row[1] for row in Figure.objects.exclude(reach="whole").get().value) == 2


def test_a_figure_of_yesterday_goes(agent, client_north, signed_in):
    signed_in(agent).get("/eaux/tableau-de-bord/clients-by-status/")
    Figure.objects.update(measured_at=timezone.now() - 2 * figures.KEPT_FOR)
    signed_in(agent).get("/eaux/tableau-de-bord/clients-by-sector/")
    assert Figure.objects.filter(portlet="clients-by-status").count() == 0


def test_weeks_and_late_follow_ups_are_counted(agent, colleague, client_north, topic, signed_in):
    today = timezone.localdate()
    past = timezone.now() - timedelta(days=20)
    log(agent, client_north, topic, occurred_at=past, follow_up_on=today - timedelta(days=10))
    log(colleague, client_north, topic, occurred_at=past, follow_up_on=today - timedelta(days=1))
    log(colleague, client_north, topic)
    http = signed_in(agent)
    late = http.get("/eaux/tableau-de-bord/late-by-agent/").content.decode()
    assert "Omar Agent" in late
    assert "dont 1 de plus de 7 jours" in late
    weeks = http.get("/eaux/tableau-de-bord/interactions-by-week/", htmx=True).content.decode()
    assert weeks.count("<rect") == 12
    assert '<b class="g-figures">2</b>' in weeks


def test_the_dashboard_of_a_client_is_within_reach_only(agent, client_north, client_south, topic, signed_in):
    http = signed_in(agent)
    log(agent, client_north, topic, notes="Relève demandée")
    page = http.get("/eaux/clients/N1/tableau-de-bord/").content.decode()
    assert "Blanchisserie Moreau" in page
    assert "Factures impayées" in page
    assert "Relève demandée" in http.get("/eaux/clients/N1/tableau-de-bord/client-interactions/").content.decode()
    assert http.get("/eaux/clients/S1/tableau-de-bord/").status_code == 404
    assert http.get("/eaux/clients/S1/tableau-de-bord/client-people/").status_code == 404


def test_arranging_works_without_htmx_and_with_it(agent, signed_in):
    http = signed_in(agent)
    plain = arrange(http, "descendre", portlet="follow-ups")
    assert plain.status_code == 303
    assert plain.headers["Location"] == "/eaux/?personnaliser=1"
    part = arrange(http, "largeur", version=1, portlet="follow-ups", valeur="12", htmx=True)
    assert part.status_code == 200
    assert part.content.decode().strip().startswith('<div id="board"')
    assert "g-span-12" in part.content.decode()
    layout = Layout.objects.get()
    assert [one["code"] for one in layout.placements][:2] == ["recent-interactions", "follow-ups"]
    assert layout.version == 2
    arrange(http, "placer", version=2, portlet="follow-ups", valeur="0")
    assert Layout.objects.get().placements[0]["code"] == "follow-ups"
    arrange(http, "retirer", version=3, portlet="follow-ups")
    arrange(http, "retablir", version=4)
    assert not Layout.objects.exists()


def test_the_menu_of_a_portlet_refreshes_it_and_takes_it_away(agent, signed_in):
    http = signed_in(agent)
    page = http.get("/eaux/").content.decode()
    assert 'hx-target="#portlet-follow-ups"' in page
    assert 'form="remove-follow-ups"' in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    sent = {"tableau": "staff", "version": version, "portlet": "follow-ups", "geste": "retirer", "rester": "1"}
    answer = http.post("/eaux/tableau-de-bord/disposition/", sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/eaux/")
    assert "portlet-follow-ups" not in http.get("/eaux/").content.decode()


def test_two_windows_arranging_at_once_are_told(agent, signed_in):
    http = signed_in(agent)
    arrange(http, "retirer", portlet="follow-ups")
    second = arrange(http, "retirer", portlet="credit-holds", htmx=True)
    assert "a été modifiée par Omar Agent" in second.headers["HX-Trigger"].encode().decode("unicode_escape")
    assert 'data-tile="credit-holds"' in second.content.decode()


def test_nonsense_is_refused(agent, signed_in):
    http = signed_in(agent)
    assert arrange(http, "danser", portlet="follow-ups").status_code == 422
    assert arrange(http, "monter", portlet="rien").status_code == 404
    assert arrange(http, "monter", board="autre", portlet="follow-ups").status_code == 404
    assert arrange(http, "monter", board="client", client="S1", portlet="client-people").status_code == 404
    assert arrange(http, "retablir", board="firm").status_code == 403
    assert not Layout.objects.exists()


def test_pages_take_the_same_queries_however_much_there_is(
    agent, client_north, topic, signed_in, django_assert_num_queries
):
    http = signed_in(agent)
    http.get("/eaux/tableau-de-bord/")
    http.get("/eaux/clients/N1/tableau-de-bord/")
    for _turn in range(3):
        log(agent, client_north, topic, follow_up_on=timezone.localdate())
        with django_assert_num_queries(QUERIES_FIRM):
            http.get("/eaux/tableau-de-bord/")
        with django_assert_num_queries(QUERIES_CLIENT):
            http.get("/eaux/clients/N1/tableau-de-bord/")


def test_ones_own_clients_and_those_who_fell_silent(agent, client_north, client_south, topic, signed_in):
    enter(agent)
    type(client_north).objects.filter(pk=client_north.pk).update(responsible=agent.user)
    http = signed_in(agent)
    assert "Blanchisserie Moreau" in http.get("/eaux/tableau-de-bord/my-clients/").content.decode()
    assert "Blanchisserie Moreau" not in http.get("/eaux/tableau-de-bord/silent-clients/").content.decode()
    log(agent, client_north, topic, occurred_at=timezone.now() - timedelta(days=120))
    assert "Blanchisserie Moreau" in http.get("/eaux/tableau-de-bord/silent-clients/").content.decode()
    log(agent, client_north, topic)
    assert "Blanchisserie Moreau" not in http.get("/eaux/tableau-de-bord/silent-clients/").content.decode()


def test_a_saved_view_is_a_portlet_as_long_as_it_can_be_opened(agent, colleague, client_north, signed_in):
    enter(agent)
    view = save_view(
        by=agent, list_code="clients", name="Les blanchisseries", condition=["name", "contains", "blanch"],
        columns=["number", "name"],
    )  # fmt: skip
    http = signed_in(agent)
    assert "Vue : Les blanchisseries" in http.get("/eaux/?personnaliser=1").content.decode().replace("\u00a0", " ")
    arrange(http, "ajouter", portlet=f"view/{view.pk}")
    assert f'id="portlet-view-{view.pk}"' in http.get("/eaux/").content.decode()
    url = f"/eaux/tableau-de-bord/view/?choix={view.pk}"
    part = http.get(url, htmx=True).content.decode()
    assert "Blanchisserie Moreau" in part
    assert "Les blanchisseries" in part
    assert signed_in(colleague).get(url).status_code == 404
    assert http.get("/eaux/tableau-de-bord/view/?choix=rien").status_code == 404
    enter(agent)
    delete_view(view, by=agent)
    assert http.get("/eaux/").status_code == 200
    assert http.get(url).status_code == 404
