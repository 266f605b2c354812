"""The pages, through the front door."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.clients.models import Client
from entregent.exchange.models import Import, ImportMapping
from entregent.exchange.tests.conftest import FILES
from entregent.jobs.tasks import run_job
from testing.cast import enter

BASE = "/eaux/administration/importations/"


def upload(http, name="communes.csv", kind="clients", content=None):
    content = (FILES / name).read_bytes() if content is None else content
    return http.post(f"{BASE}nouvelle/", {"kind": kind, "file": SimpleUploadedFile(name, content)})


def work(member):
    """What the worker would do now."""
    enter(member)
    batch = Import.objects.order_by("-id").first()
    run_job(job_id=batch.job_id, organization_id=batch.organization_id)
    enter(member)
    batch.refresh_from_db()
    return batch


def form_of(http, batch):
    """The values that the form of the columns shows, as a browser would send them."""
    import re

    page = http.get(f"{BASE}{batch.pk}/colonnes/").content.decode()
    data = {}
    for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        data[name] = chosen.group(1) if chosen else ""
    for name, value in re.findall(r'<input type="text" name="([^"]+)" [^>]*?value="([^"]*)"', page):
        data[name] = value
    return data


def test_a_file_goes_through_the_three_steps(admin, manager, signed_in, bringing):
    bringing.bring(admin, "sectors", FILES / "territoires.csv", FILES / "territoires.yaml")
    http = signed_in(manager)
    answer = upload(http)
    assert answer.status_code == 303
    enter(manager)
    batch = Import.objects.get(kind="clients")
    assert answer.url == f"{BASE}{batch.pk}/colonnes/"
    data = form_of(http, batch)
    assert (data["to-0"], data["to-4"], data["prefix-4"]) == ("number", "sector", "D")
    answer = http.post(answer.url, data | {"act": "check"})
    assert answer.status_code == 303
    page = http.get(answer.url).content.decode()
    assert 'hx-trigger="every 1s"' in page
    work(manager)
    page = http.get(answer.url).content.decode()
    assert "Importer 39 lignes" in page
    assert http.get(answer.url, htmx=True).content.decode().strip().startswith('<div id="import-state"')
    assert http.post(f"{BASE}{batch.pk}/execution/").status_code == 303
    work(manager)
    assert "Annuler cette importation" in http.get(answer.url).content.decode()
    enter(manager)
    assert Client.objects.get(number="01001").sector.code == "D01"
    assert http.post(f"{BASE}{batch.pk}/annulation/").status_code == 303
    work(manager)
    assert "39" in http.get(answer.url).content.decode()
    enter(manager)
    assert not Client.objects.exists()


def test_a_mapping_is_read_from_yaml_kept_by_name_and_taken_up_again(admin, manager, signed_in, bringing):
    bringing.bring(admin, "sectors", FILES / "territoires.csv", FILES / "territoires.yaml")
    http = signed_in(manager)
    upload(http)
    enter(manager)
    batch = Import.objects.get(kind="clients")
    columns = f"{BASE}{batch.pk}/colonnes/"
    mapping = SimpleUploadedFile("communes.yaml", (FILES / "communes.yaml").read_bytes())
    assert http.post(columns, {"act": "read", "mapping": mapping}).status_code == 303
    data = form_of(http, batch)
    assert (data["to-1"], data["also-1"]) == ("name", "addresses.main.city")
    assert http.post(columns, data | {"act": "save", "name": "Communes"}).status_code == 303
    enter(manager)
    kept = ImportMapping.objects.get(name="Communes")
    assert kept.mapping["columns"]["codes_postaux"] == {"to": "addresses.main.postal_code", "split": "|", "take": 1}
    assert http.post(columns, {"act": "use", "saved": kept.pk}).status_code == 303
    assert b"split" in http.get(f"{BASE}{batch.pk}/correspondance.yaml").content


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("vide.csv", b"", "Le fichier est vide."),
        ("image.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "ni un XLSX, ni une vCard"),
        ("coupe.xlsx", b"PK\x03\x04\x00\x00", "abîmé"),
        ("double.csv", b"nom;Nom\na;b\n", "figure deux fois"),
        ("large.csv", b";".join(b"c%d" % n for n in range(1_000_000)) + b"\n", "trop longue"),
        ("mele.csv", "nom;ville\nÉté;Évry\n".encode() + "Été;Évry\n".encode("cp1252"), "mêle deux encodages"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_its_field(manager, signed_in, name, content, sentence):
    answer = upload(signed_in(manager), name, content=content)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    enter(manager)
    assert not Import.objects.exists()


def test_rejects_come_back_in_the_form_of_the_file(manager, signed_in):
    http = signed_in(manager)
    content = "N° client;Nom;Courriel\r\nA1;Évrard;a@example.com\r\nA2;Noël;pas une adresse\r\n".encode("cp1252")
    upload(http, "clients.csv", content=content)
    enter(manager)
    batch = Import.objects.get()
    http.post(f"{BASE}{batch.pk}/colonnes/", form_of(http, batch) | {"act": "check"})
    work(manager)
    answer = http.get(f"{BASE}{batch.pk}/rejets/")
    text = b"".join(answer.streaming_content).decode("cp1252")
    assert text == (
        "N° client;Nom;Courriel;motif du rejet\r\nA2;Noël;pas une adresse;Adresse de courriel invalide.\r\n"
    )
    assert 'filename="clients.rejets.csv"' in answer.headers["Content-Disposition"]


def test_who_may_not_import_finds_no_page_and_sectors_are_for_administrators(
    agent, reader, manager, admin, stranger, signed_in
):
    for member in (agent, reader):
        assert signed_in(member).get(BASE).status_code == 403
        assert upload(signed_in(member)).status_code == 403
    answer = upload(signed_in(manager), "territoires.csv", kind="sectors")
    assert answer.status_code == 422
    upload(signed_in(admin), "territoires.csv", kind="sectors")
    enter(admin)
    batch = Import.objects.get()
    assert signed_in(manager).get(f"{BASE}{batch.pk}/").status_code == 403
    assert signed_in(stranger).get(f"/autre/administration/importations/{batch.pk}/").status_code == 404


def test_the_export_holds_what_one_sees_and_no_formula(manager, client_north, signed_in):
    enter(manager)
    client_north.name = '=HYPERLINK("http://example.com")'
    client_north.save()
    http = signed_in(manager)
    answer = http.post("/eaux/administration/exportation/clients/", {"format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    answer = http.post("/eaux/administration/exportation/clients/", {"format": "xlsx"})
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.get_sheet_by_index(0).to_python()[1][2] == '=HYPERLINK("http://example.com")'


def test_values_for_all_rows_are_chosen_by_name(manager, signed_in):
    http = signed_in(manager)
    page = http.get(upload(http, content=b"Nom;SIREN\nUn;732829320\n").headers["Location"], follow=True)
    text = page.content.decode()
    assert '<option value="company">Entreprise' in text
    assert '<option value="CA">Canada</option>' in text
    assert '<option value="prospect">Prospect</option>' in text
