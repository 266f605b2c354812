"""The administration's pages of webhooks, with a real listener behind."""

import pytest

from entregent.outbox.models import Endpoint, Post
from entregent.webhooks import actions
from entregent.webhooks.models import Webhook
from testing.cast import enter
from testing.existing_system import ExistingSystem

URL = "/eaux/administration/webhooks/"


@pytest.fixture
def system(settings):
    settings.DEMO = True
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def page(signed_in, admin):
    return signed_in(admin)


@pytest.fixture
def webhook(system, admin):
    enter(admin)
    made, system.secret = actions.create_webhook(by=admin, name="Paie", url=system.url, events=["client.created"])
    return made


def form(system, **more):
    return {"name": "Paie", "url": system.url, "is_on": "on", "events": ["client.created", "client.updated"]} | more


def test_one_is_added_its_secret_shown_once_and_tried(page, system, admin):
    assert "Aucun webhook" in page.get(URL).content.decode()
    answer = page.post(f"{URL}nouveau/", form(system))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    secret = text.partition('id="new-secret">')[2].partition("<")[0]
    assert secret.startswith("whsec_")
    enter(admin)
    webhook = Webhook.objects.get()
    assert webhook.events == ["client.created", "client.updated"]
    assert secret not in page.get(f"{URL}{webhook.pk}/").content.decode()
    system.secret = secret
    assert "code 200" in page.post(f"{URL}{webhook.pk}/essai/").content.decode()
    assert system.refused == []
    system.answers = [500]
    assert "500" in page.post(f"{URL}{webhook.pk}/essai/").content.decode()
    assert "Paie" in page.get(URL).content.decode()


@pytest.mark.parametrize(
    ("values", "told"),
    [({"name": ""}, "Nom est obligatoire"), ({"events": []}, "Choisissez au moins un évènement"),
     ({"url": "https://10.0.0.1/"}, "adresse publique"), ({"events": ["x.y"]}, "Évènement inconnu")],
)  # fmt: skip
def test_what_is_wrong_is_told_in_the_form_that_keeps_what_was_typed(page, system, admin, values, told):
    answer = page.post(f"{URL}nouveau/", form(system, **values))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert told in text
    if "events" not in values:
        assert text.count("checked") >= 3
    enter(admin)
    assert not Webhook.objects.exists()


def test_one_is_changed_rotated_and_removed(page, system, admin, webhook):
    address = f"{URL}{webhook.pk}/"
    assert page.post(f"{address}modification/", form(system, name="Compta", version=1)).status_code == 303
    stale = page.post(f"{address}modification/", form(system, name="Autre", version=1))
    assert (stale.status_code, "Autre" in stale.content.decode()) == (409, True)
    rotated = page.post(f"{address}secret/").content.decode()
    assert 'id="new-secret">whsec_' in rotated
    enter(admin)
    assert Webhook.objects.get().name == "Compta"
    assert page.post(f"{address}suppression/").status_code == 303
    enter(admin)
    assert not Endpoint.objects.exists()
    assert page.get(address).status_code == 404


def test_the_log_is_read_by_state_and_what_failed_is_sent_again(
    page, system, admin, webhook, client_north, django_assert_num_queries
):
    enter(admin)
    for number in range(60):
        Post.objects.create(
            organization_id=webhook.organization_id, endpoint=webhook.endpoint, webhook_id=f"msg_{number}",
            event="client.created", body="{}", label=f"n° {number}", client_id=client_north.pk,
            subject_type="clients.client", subject_id=client_north.pk, state="failed" if number else "sent",
            reason="trouble" if number else "",
        )  # fmt: skip
    address = f"{URL}{webhook.pk}/"
    page.get(address)
    with django_assert_num_queries(10):
        text = page.get(address).content.decode()
    assert text.count('class="g-row"') == 50
    assert "Afficher les 50 suivants" in text
    assert page.get(f"{address}?etat=sent").content.decode().count('class="g-row"') == 1
    assert page.post(f"{address}nouvel-essai/").status_code == 303
    enter(admin)
    assert Post.objects.filter(state="pending").count() == 59
    Endpoint.objects.update(is_on=False)
    assert "arrêté" in page.post(f"{address}nouvel-essai/", follow=True).content.decode()


def test_only_administrators_open_them(signed_in, manager, webhook):
    page = signed_in(manager)
    for path in ("", "nouveau/", f"{webhook.pk}/", f"{webhook.pk}/modification/"):
        assert page.get(f"{URL}{path}").status_code == 403
