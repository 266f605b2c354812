"""Pages: « Services », « Effectif GRC », head office, the module that is asked for."""

import re

import pytest

from entregent.clients.actions import create_client
from entregent.enrollment.actions import load, update_enrollment_settings
from entregent.enrollment.models import LoanApplication, Transmission
from entregent.enrollment.tests.conftest import JULIE
from entregent.enrollment.tests.test_enrolling import adds
from testing.cast import enter

HERE = "/eaux/demandes-de-pret/"


def form_of(application, **changes):
    julie = application.applicants.get(is_primary=True)
    agent = changes.pop("agent", None) or application.agent_id
    return {
        "applicants": [julie.pk], "address_source": "applicant", "existing": "non", "selection": "include",
        "agent": agent, "remarks": "", "button": "save", **changes,
    }  # fmt: skip


@pytest.fixture
def page(signed_in, broker, application):
    return signed_in(broker)


def told(answer):
    return answer.content.decode().replace("\xa0", " ").replace(" ", " ")


def test_services_leads_to_the_enrolment(page):
    text = told(page.get(HERE + "1042/services/"))
    assert "Critères de recherche des demandes pour l’extraction GRC" in text
    assert "/demandes-de-pret/1042/effectif-grc/" in text


def test_the_page_says_what_will_be_sent(page, application):
    text = told(page.get(HERE + "1042/effectif-grc/"))
    assert "8, rue Laurier, Gatineau QC J8X 2B2" in text
    assert "31, chemin du Lac" in text
    assert "Effectif Nord" in text
    assert "Rien ne sera transmis" in text
    answer = page.post(HERE + "1042/effectif-grc/annonce/", form_of(application), htmx=True)
    assert "Un nouveau client sera transmis au siège social : Julie Tremblay" in told(answer)
    assert "<html" not in told(answer)
    answer = page.post(
        HERE + "1042/effectif-grc/annonce/", form_of(application, existing="oui", selection="not_selected")
    )
    assert "Le client sera retiré du GRC : Julie Tremblay." in told(answer)


def test_a_client_is_enrolled(page, application, broker):
    answer = page.post(HERE + "1042/effectif-grc/", form_of(application, remarks="Note"), follow=True)
    assert "Données transmises au siège social." in told(answer)
    assert "En attente" in told(answer)
    enter(broker)
    assert Transmission.objects.get().remarks == "Note"


def test_what_was_typed_stays_when_it_is_refused(page, application, broker):
    typed = form_of(application, address_source="other", street="12 rue des Pins", city="Gatineau", region="QC",
                    postal_code="999", country="CA", remarks="À garder")  # fmt: skip
    answer = page.post(HERE + "1042/effectif-grc/", typed)
    assert answer.status_code == 422
    text = told(answer)
    assert "Code postal invalide" in text
    assert "12 rue des Pins" in text
    assert "À garder" in text
    enter(broker)
    assert not Transmission.objects.exists()


def test_a_draft_is_kept(page, application):
    typed = form_of(application, selection="not_selected", remarks="Plus tard")
    answer = page.post(HERE + "1042/effectif-grc/", typed, follow=True)
    assert "Aucune donnée transmise" in told(answer)
    assert "Plus tard" in told(answer)


def test_a_removal_is_confirmed(page, application, broker):
    load(adds(application, broker)[0])
    typed = form_of(application, existing="oui", selection="not_selected")
    answer = page.post(HERE + "1042/effectif-grc/", typed)
    assert answer.status_code == 409
    assert "il quitte les listes" in told(answer)
    page.post(HERE + "1042/effectif-grc/", typed | {"confirmed": "1"})
    enter(broker)
    assert Transmission.objects.filter(operation="remove").count() == 1


def test_an_update_without_change_is_said_quietly(page, application, broker):
    load(adds(application, broker)[0])
    answer = page.post(HERE + "1042/effectif-grc/", form_of(application, existing="oui", button="update"))
    assert answer.status_code == 409
    assert "Aucun changement à transmettre." in told(answer)


def test_a_client_who_is_there_is_named(page, application, broker):
    create_client(
        by=broker, kind="person", name="Tremblay", first_name="Julie", number="J1", emails=["julie@ex.example"]
    )
    text = told(page.get(HERE + "1042/effectif-grc/"))
    assert "Déjà présent : Julie Tremblay, n° J1." in text
    assert 'value="oui" selected' in told(page.get(HERE + "1042/effectif-grc/?actuels=oui"))


def test_the_module_is_asked_for(page, org, broker):
    org.modules = [one for one in org.modules if one != "mortgage"]
    enter(broker)
    org.save()
    for address in ("", "1042/services/", "1042/effectif-grc/"):
        answer = page.get(HERE + address)
        assert answer.status_code == 403
        assert "Cette fonction est facultative et doit être demandée par votre entreprise." in told(answer)
    assert "Demandes de prêt" not in told(page.get("/eaux/clients/"))


def test_an_application_is_entered_and_changed(page, broker):
    person = {f"p0-{name}": value for name, value in JULIE.items()}
    typed = {"number": "", "status": "submitted", "agent": broker.user_id, "branch": "Hull", "street": "1, rue A",
             "city": "Hull", "country": "CA", "people": "1", "p0-role": "applicant", **person}  # fmt: skip
    assert page.post(HERE + "nouvelle/", typed | {"ajouter": "1"}).status_code == 200
    answer = page.post(HERE + "nouvelle/", typed | {"p0-last_name": "", "p0-email": "non"})
    assert answer.status_code == 422
    assert "Adresse de courriel invalide." in told(answer)
    answer = page.post(HERE + "nouvelle/", typed, follow=True)
    assert "Demande de prêt 1001" in told(answer)
    enter(broker)
    made = LoanApplication.objects.get(number="1001")
    julie = made.applicants.get()
    typed |= {"number": "1001", "version": "1", "p0-id": julie.pk, "p0-phone": "819 555 0123"}
    page.post(HERE + "1001/modification/", typed)
    enter(broker)
    julie.refresh_from_db()
    assert julie.phone == "+18195550123"
    assert page.post(HERE + "1001/modification/", typed | {"branch": "Aylmer"}).status_code == 409


def test_a_double_click_enters_one_application(page, broker):
    (key,) = re.findall(r'name="key" value="(\w{32})"', told(page.get(HERE + "nouvelle/")))
    typed = {"status": "submitted", "people": "1", "p0-last_name": "Roy", "p0-role": "applicant", "key": key}
    first, again = (page.post(HERE + "nouvelle/", typed) for _time in range(2))
    assert (first.status_code, first.url) == (303, again.url)
    enter(broker)
    assert LoanApplication.objects.filter(applicants__last_name="Roy", applicants__first_name="").count() == 1


def test_the_list_is_filtered_and_counted_in_few_questions(page, application, broker, django_assert_num_queries):
    page.get(HERE)
    with django_assert_num_queries(11):
        text = told(page.get(HERE))
    assert "1042" in text
    assert "Julie Tremblay" in text
    assert "1042" in told(page.get(HERE + "?q=tremblay&statut=in_progress&succursale=Hull&inscription=none"))
    assert "Julie Tremblay" in told(page.get(HERE + "?q=1042"))
    assert "Aucune demande de prêt ne répond" in told(page.get(HERE + "?q=1043"))
    assert "Aucune demande de prêt ne répond" in told(page.get(HERE + "?inscription=enrolled&du=2020-01-01"))


def test_head_office_is_for_those_who_hold_it(signed_in, page, head_office):
    assert page.get("/eaux/siege-social/").status_code == 403
    assert signed_in(head_office).get("/eaux/siege-social/").status_code == 200


def test_head_office_decides(signed_in, application, broker, head_office):
    create_client(by=enter(broker), kind="person", name="Tremblay", first_name="Julie", number="J1",
                  emails=["julie@ex.example"])  # fmt: skip
    update_enrollment_settings(by=broker, version=1, is_automatic=False)
    (sent,) = adds(application, broker)
    page = signed_in(head_office)
    assert "Julie Tremblay" in told(page.get("/eaux/siege-social/"))
    page.post("/eaux/siege-social/chargement/")
    one = f"/eaux/siege-social/{sent.number}/"
    text = told(page.get(one))
    assert "Est-ce Julie Tremblay, n° J1 ?" in text
    assert "Doublon possible" in text
    enter(head_office)
    known = Transmission.objects.get().organization.client_set.get(number="J1")
    assert page.post(one + "chargement/", {"client": known.pk + 1000}).status_code == 404
    assert "Transmission chargée." in told(page.post(one + "chargement/", {"client": known.pk}, follow=True))
    assert "Rien à traiter." in told(page.get("/eaux/siege-social/"))
    assert "Chargée" in told(page.get("/eaux/siege-social/?etat=tous&q=tremblay"))


def test_head_office_rejects_with_a_reason(signed_in, application, broker, head_office):
    (sent,) = adds(application, enter(broker))
    page, one = signed_in(head_office), f"/eaux/siege-social/{sent.number}/"
    assert page.post(one + "rejet/", {"reason": " "}).status_code == 422
    assert "Pièces manquantes" in told(page.post(one + "rejet/", {"reason": "Pièces manquantes"}, follow=True))


def test_criteria_are_kept_and_exported(signed_in, application, head_office):
    page = signed_in(head_office)
    answer = page.post("/eaux/siege-social/extraction/criteres/", {"nom": "À Hull", "succursale": "Hull"}, follow=True)
    assert "Critères « À Hull » enregistrés." in told(answer)
    assert "1042" in told(answer)
    export = page.post("/eaux/exports/listes/", {"liste": "loan_applications", "format": "csv"})
    assert "1042" in export.getvalue().decode("utf-8-sig")


def test_settings_are_an_administrators(signed_in, admin, page):
    own = signed_in(admin)
    answer = own.post("/eaux/administration/effectif-grc/", {"version": "1"}, follow=True)
    assert "Réglages enregistrés." in told(answer)
    assert own.post("/eaux/administration/effectif-grc/", {"version": "1"}).status_code == 409
    assert page.get("/eaux/administration/effectif-grc/").status_code == 403
