"""Lists going out: exactly what is seen, in its order, within the reach of export, and never a formula."""

import csv
import io
from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from entregent.audit.models import Action
from entregent.clients.actions import seed_object_types
from entregent.clients.models import BusinessObject, BusinessObjectType, ClientPerson, Person
from entregent.exchange import lists as exchange_lists
from entregent.exchange.cards import folded
from entregent.interactions import actions as interactions
from entregent.interactions.models import Topic
from entregent.listing.actions import save_view
from testing.cast import enter, grant, make_client

pytestmark = pytest.mark.django_db

URL = "/eaux/exports/listes/"


def body(response) -> bytes:
    return b"".join(response)


def table(response) -> list[list[str]]:
    text = body(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_first_it_says_what_would_go_out(manager, client_north, client_south, signed_in):
    http = signed_in(manager)
    page = http.get(URL, {"liste": "clients", "filtre": '["name", "contains", "blanch"]'}).content.decode()
    assert "CSV, pour tout logiciel" in page
    assert "blanch" in page
    assert "vCard 4.0" in page


def test_the_file_holds_the_columns_the_order_and_the_criteria_of_the_view(
    manager, org, north, client_north, signed_in
):
    make_client(org, "N0", "Aqua", sector=north)
    make_client(org, "N9", "Zèbre & fils", sector=north)
    enter(manager)
    view = save_view(
        by=manager, list_code="clients", name="Du nord", condition=["number", "starts", "N"],
        columns=["name", "number", "status", "created_at"], sort="-name",
    )  # fmt: skip
    rows = table(signed_in(manager).post(URL, {"liste": "clients", "vue": view.pk, "format": "csv"}))
    assert rows[0] == ["Client", "N° client", "Statut", "Créé le"]
    assert [row[1] for row in rows[1:]] == ["N9", "N1", "N0"]
    assert rows[1][2] == "Client"
    assert date.fromisoformat(rows[1][3][:10])
    enter(manager)
    assert Action.objects.filter(name="export").latest("id").data["view"] == "Du nord"


def test_what_is_chosen_goes_out_and_nothing_else(manager, client_north, client_south, signed_in):
    http = signed_in(manager)
    chosen = {"liste": "clients", "colonnes": "number", "format": "csv"}
    assert table(http.post(URL, chosen | {"ids": str(client_south.pk)})) == [["N° client"], ["S1"]]
    both = table(http.post(URL, chosen | {"ids": f"{client_south.pk},{client_north.pk}"}))
    assert sorted(row[0] for row in both[1:]) == ["N1", "S1"]
    left = table(http.post(URL, chosen | {"tout": "1", "sauf": str(client_south.pk), "ids": "7"}))
    assert left == [["N° client"], ["N1"]]


def test_no_cell_is_a_formula_and_numbers_stay_numbers(manager, org, north, signed_in):
    make_client(org, "N7", "=HYPERLINK(1)", sector=north, phones=[{"label": "", "number": "+33261910042"}])
    http = signed_in(manager)
    asked = {"liste": "clients", "colonnes": "name,phone,contracts,created_at"}
    row = table(http.post(URL, asked | {"format": "csv"}))[1]
    assert row[0] == "'=HYPERLINK(1)"
    book = CalamineWorkbook.from_filelike(BytesIO(body(http.post(URL, asked | {"format": "xlsx"}))))
    cells = book.get_sheet_by_index(0).to_python()[1]
    assert cells[0] == "=HYPERLINK(1)"
    assert cells[3].year >= 2026


def test_only_what_the_right_to_export_reaches_goes_out(agent, south, client_north, client_south, signed_in):
    url = {"liste": "clients", "colonnes": "number", "format": "csv"}
    assert signed_in(agent).post(URL, url).status_code == 403
    grant(agent, "sector", south.pk, role="manager")
    assert [row[0] for row in table(signed_in(agent).post(URL, url))[1:]] == ["S1"]


def test_sums_and_related_records_are_those_that_the_right_to_export_reaches(
    agent, org, north, south, client_north, signed_in
):  # fmt: skip
    """A client of the north with an unpaid invoice there, seen; a service point and an invoice in the south, of which
    alone something may be taken out."""
    seed_object_types(org)
    types = {one.code: one for one in BusinessObjectType.objects.filter(organization=org)}
    for code, key, sector, amount in [
        ("service_point", "P1", south, None), ("invoice", "F1", north, "300"), ("invoice", "F2", south, "20.50"),
    ]:  # fmt: skip
        BusinessObject.objects.create(
            organization=org, client=client_north, type=types[code], key=key, sector=sector, state="unpaid",
            amount=amount,
        )  # fmt: skip
    grant(agent, "sector", south.pk, role="manager")
    url = {"liste": "clients", "colonnes": "number,balance", "format": "csv"}
    http = signed_in(agent)
    assert table(http.post(URL, url))[1:] == [["N1", "20,50"]]
    assert table(http.post(URL, url | {"filtre": '["balance", "more", "100"]'}))[1:] == []
    assert [row[0] for row in table(http.post(URL, {"liste": "invoices", "colonnes": "key", "format": "csv"}))[1:]] == [
        "F2"
    ]


def test_the_reach_of_export_and_what_is_chosen_hold_on_every_page(
    agent, south, north, org, client_south, signed_in, monkeypatch
):  # fmt: skip
    monkeypatch.setattr(exchange_lists, "CHUNK", 3)
    for number in range(10):
        make_client(org, f"A{number}", f"Abeille {number}", sector=north)
    grant(agent, "sector", south.pk, role="manager")
    http = signed_in(agent)
    url = {"liste": "clients", "colonnes": "number", "filtre": '["status", "is", "client"]', "format": "csv"}
    assert [row[0] for row in table(http.post(URL, url))[1:]] == ["S1"]
    assert [row[0] for row in table(http.post(URL, url | {"ids": str(client_south.pk)}))[1:]] == ["S1"]
    assert table(http.post(URL, url | {"tout": "1", "sauf": str(client_south.pk)}))[1:] == []


def test_another_ones_view_and_an_unknown_list_are_absent(manager, admin, client_north, signed_in):
    enter(admin)
    view = save_view(by=admin, list_code="clients", name="À moi")
    http = signed_in(manager)
    assert http.get(URL, {"liste": "clients", "vue": view.pk}).status_code == 404
    assert http.get(URL, {"liste": "rien"}).status_code == 404
    assert http.get(URL, {"liste": "clients", "filtre": "{"}).status_code == 422


def test_rows_come_page_by_page(manager, org, north, signed_in, monkeypatch):
    monkeypatch.setattr(exchange_lists, "CHUNK", 3)
    for number in range(10):
        make_client(org, f"P{number}", f"Client {number}", sector=north)
    rows = table(signed_in(manager).post(URL, {"liste": "clients", "colonnes": "number", "format": "csv"}))
    assert [row[0] for row in rows[1:]] == [f"P{number}" for number in range(10)]


def test_the_file_is_in_the_language_of_the_reader(manager, client_north, signed_in):
    type(manager.user).objects.filter(pk=manager.user_id).update(language="en")
    rows = table(signed_in(manager).post(URL, {"liste": "clients", "colonnes": "number,status", "format": "csv"}))
    assert rows == [["Client no.", "Status"], ["N1", "Client"]]


def test_people_and_clients_go_out_as_cards(manager, org, client_north, signed_in):
    enter(manager)
    person = Person.objects.create(
        organization=org, file_as="Moreau, Claire", first_name="Claire", last_name="Moreau", sort_key="moreau claire",
        title="Gérante; associée", emails=["claire@moreau.example", "c@moreau.example"],
        phones=[{"label": "Mobile", "number": "+33261910042"}], birth_date=date(1980, 2, 29),
    )  # fmt: skip
    ClientPerson.objects.create(organization=org, client=client_north, person=person)
    http = signed_in(manager)
    card = body(http.post(URL, {"liste": "people", "format": "vcf"})).decode()
    for line in (
        "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:individual\r\nFN:Claire Moreau\r\nN:Moreau;Claire;;;",
        "TITLE:Gérante\\; associée", "ORG:Blanchisserie Moreau", "BDAY:19800229",
        "EMAIL;PREF=1:claire@moreau.example", "TEL;VALUE=uri;TYPE=cell;PREF=1:tel:+33261910042", "END:VCARD",
    ):  # fmt: skip
        assert line in card, line
    firm = body(http.post(URL, {"liste": "clients", "format": "vcf"})).decode()
    assert "KIND:org" in firm
    assert "X-CLIENT-NUMBER:N1" in firm


def test_long_lines_are_folded_between_characters():
    line = "NOTE:" + "é" * 200
    pieces = folded(line).split(b"\r\n ")
    assert all(len(piece) <= 77 for piece in pieces)
    assert b"".join(pieces).decode().strip() == line


def test_one_card_for_one_record_within_reach(manager, agent, outsider, client_north, signed_in):
    http = signed_in(manager)
    answer = http.get("/eaux/clients/N1/carte.vcf")
    assert "FN:Blanchisserie Moreau" in answer.content.decode()
    assert 'filename="blanchisserie-moreau.vcf"' in answer.headers["Content-Disposition"]
    assert http.get("/eaux/clients/X9/carte.vcf").status_code == 404
    assert http.get("/eaux/personnes/987654/carte.vcf").status_code == 404
    assert signed_in(agent).get("/eaux/clients/N1/carte.vcf").status_code == 403
    type(outsider).objects.filter(pk=outsider.pk).update(rights_added=["data.export"])
    assert signed_in(outsider).get("/eaux/clients/N1/carte.vcf").status_code == 404


def test_the_bar_of_a_selection_leads_to_the_export(manager, org, client_north, client_south, signed_in):
    enter(manager)
    view = save_view(by=manager, list_code="clients", name="Moreau", text="Blanchisserie", columns=["number"])
    bar = {"onglet": "", "q": "", "filtre": "", "tri": "", "tout": "", "sauf": "", "jours": ""}
    http = signed_in(manager)
    page = http.post(f"{URL}?liste=clients", bar | {"ids": str(client_south.pk)}).content.decode()
    assert f'name="ids" value="{client_south.pk}"' in page
    assert 'name="liste" value="clients"' in page
    whole = bar | {"vue": view.pk, "tout": "1", "format": "csv"}
    assert table(http.post(f"{URL}?liste=clients", whole)) == [["N° client"], ["N1"]]


def test_interactions_go_out_too(manager, agent, client_north, signed_in):
    enter(agent)
    interactions.seed_topics(agent.organization)
    topic = Topic.objects.get(code="renseignement")
    interactions.log_interaction(by=agent, client=client_north, topic=topic, channel="phone_call", notes="Un appel")
    rows = table(signed_in(manager).post(URL, {"liste": "interactions", "format": "csv"}))
    assert len(rows) == 2
    assert "Blanchisserie Moreau" in rows[1]
