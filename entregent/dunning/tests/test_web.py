"""The pages of dunning: plans, preview, launching, what runs, holds."""

import pytest

from entregent.dunning import actions
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.jobs.models import Job
from entregent.listing.actions import save_view
from testing.cast import enter, enter_organization

pytestmark = pytest.mark.django_db
ADMIN = "/eaux/administration/relances/"


def sent(process, **values):
    return {
        "name_fr": "Relance eau", "name_en": "Water", "service": "water", "definition": str(process.pk),
        "grace_days": "3", "minimum": "20", "daily_cap": "500", "condition_from": "none", "aid_tags": "FSL, Aidé",
        "is_daily": "on", **values,
    }  # fmt: skip


def test_a_plan_is_added_and_changed(org, process, manager, signed_in):
    http = signed_in(manager)
    assert "Aucun plan de relance." in http.get(ADMIN).content.decode()
    assert http.post(f"{ADMIN}nouveau/", sent(process)).status_code == 303
    enter(manager)
    plan = DunningPlan.objects.get()
    assert (plan.grace_days, plan.daily_cap, plan.aid_tags, plan.is_daily) == (3, 500, ["FSL", "Aidé"], True)
    view = save_view(by=manager, list_code="clients", name="Maisons", condition=["kind", "is", "company"])
    url = f"{ADMIN}{plan.pk}/"
    assert f"view:{view.pk}" in http.get(url).content.decode()
    changed = sent(process, condition_from=f"view:{view.pk}", version="1", is_active="on")
    assert http.post(url, changed).status_code == 303
    enter(manager)
    plan.refresh_from_db()
    assert plan.condition == ["kind", "is", "company"]
    # Somebody saved meanwhile: what was typed stays in the form.
    answer = http.post(url, sent(process, name_fr="Autre nom", version="1"))
    assert answer.status_code == 409
    assert "Autre nom" in answer.content.decode()


def test_a_plan_says_what_is_wrong(org, process, manager, signed_in):
    answer = signed_in(manager).post(f"{ADMIN}nouveau/", sent(process, name_fr="", definition="", grace_days="0"))
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "Nom français est obligatoire." in told
    assert "Un nombre entier de 1 à 365." in told


def test_the_preview_tells_who_is_dunned_and_who_is_not_and_a_launch_follows_it(
    org, plan, manager, client_north, client_south, invoice_of, signed_in, django_capture_on_commit_callbacks
):
    invoice_of(client_north, "F-88", days=9, amount="126.50")
    invoice_of(client_south, "F-89")
    actions.set_hold(client_south, by=enter(manager), reason="hardship")
    http = signed_in(manager)
    url = f"/eaux/relances/{plan.pk}/apercu/"
    told = http.get(url).content.decode()
    assert "1 facture à relancer" in told
    assert "126,50" in told
    assert "Client à ne pas relancer" in told
    assert "F-88" in told
    assert "F-89" not in told
    told = http.get(f"{url}?motif=hold").content.decode()
    assert "F-89" in told
    assert http.post(f"/eaux/relances/{plan.pk}/lancer/").status_code == 303
    enter(manager)
    assert Job.objects.get().data["plan"] == plan.pk
    assert http.post(f"/eaux/relances/{plan.pk}/lancer/").status_code == 409


def test_what_runs_is_listed_with_its_level(
    org, plan, agent, client_north, client_south, invoice_of, signed_in, django_assert_num_queries
):
    from entregent.processes.actions import run_due

    invoice_of(client_north, "F-88", days=9, amount="126.50")
    invoice_of(client_south, "F-89")
    actions.run_daily(org.pk)
    run_due(org.pk, pauses=())
    http = signed_in(agent)
    http.get("/eaux/relances/")
    with django_assert_num_queries(8):
        told = http.get("/eaux/relances/").content.decode()
    assert "F-88" in told
    assert "Niveau 1" in told
    assert "Laisser 15 jours" in told
    assert "F-89" not in told
    # Of each plan by itself; one that is not there is all of them.
    assert "F-88" in http.get(f"/eaux/relances/?plan={plan.pk}").content.decode()
    assert "F-88" in http.get("/eaux/relances/?plan=x").content.decode()
    pane = http.get("/eaux/clients/N1/relances/", htmx=True).content.decode()
    assert "F-88" in pane
    assert "Ne pas relancer" in pane


def test_somebody_on_the_telephone_suspends_the_dunning_of_a_client(
    org, plan, agent, client_north, client_south, invoice_of, signed_in
):
    invoice_of(client_north, "F-88")
    actions.run_daily(org.pk)
    http = signed_in(agent)
    url = "/eaux/clients/N1/relances/suspendre/"
    assert http.get(url).status_code == 200
    assert http.post(url, {"reason": ""}).status_code == 422
    assert http.post(url, {"reason": "hardship", "until": "2020-01-01"}).status_code == 422
    assert http.post(url, {"reason": "hardship", "until": "n'importe"}).status_code == 422
    assert http.post(url, {"reason": "hardship", "note": "Perte d'emploi"}).status_code == 303
    enter(agent)
    assert DunningRun.objects.get().why_ended == "hold"
    pane = http.get("/eaux/clients/N1/relances/", htmx=True).content.decode()
    assert "Difficultés de paiement" in pane
    assert http.post(url, {"lift": "1"}).status_code == 303
    enter(agent)
    assert not DunningHold.objects.filter(lifted_at=None).exists()
    assert http.post(url, {"lift": "1"}).status_code == 422
    assert http.get("/eaux/clients/S1/relances/suspendre/").status_code == 404


def test_who_may_not_launch_sees_no_preview(org, plan, agent, signed_in):
    http = signed_in(agent)
    for method, url in [("get", f"relances/{plan.pk}/apercu/"), ("post", f"relances/{plan.pk}/lancer/"),
                        ("get", "administration/relances/")]:  # fmt: skip
        assert getattr(http, method)(f"/eaux/{url}").status_code == 403


def test_a_client_of_an_organization_without_dunning_has_no_pane(org, agent, client_north, signed_in):
    pane = signed_in(agent).get("/eaux/clients/N1/relances/", htmx=True).content.decode()
    assert "Relances" not in pane


def test_the_portlet_shows_the_newest(org, plan, manager, client_north, invoice_of, signed_in):
    invoice_of(client_north, "F-88")
    actions.run_daily(org.pk)
    enter_organization(org)
    assert "F-88" in signed_in(manager).get("/eaux/tableau-de-bord/dunning/").content.decode()
