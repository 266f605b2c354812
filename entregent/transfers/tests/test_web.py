"""Pages of transfers for members: forms, uploads in pieces, the tab, what a file is given out as."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entregent.clients.models import ClientPerson
from entregent.documents.files import opened
from entregent.documents.models import StoredFile
from entregent.transfers import actions
from entregent.transfers.models import FileTransfer
from testing.cast import enter, grant

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def http(agent, signed_in):
    return signed_in(agent)


@pytest.fixture
def transfer(agent, huot, client_north, kept):
    enter(agent)
    return actions.send_files(by=agent, person=huot, client=client_north, subject="Bail 2026", files=[kept()])


def test_files_are_sent_by_a_plain_form(http, huot, agent):
    page = http.get("/eaux/transferts/envoyer/?client=N1").content.decode()
    assert "luc.huot@example.org" in page
    answer = http.post(
        "/eaux/transferts/envoyer/?client=N1",
        {"person": huot.pk, "client": huot.client_people.get().client_id, "subject": "Bail", "cle": "k1",
         "files": SimpleUploadedFile("../Bail.pdf", PDF)},
    )  # fmt: skip
    enter(agent)
    transfer = FileTransfer.objects.get()
    assert answer.status_code == 303
    assert answer.url == f"/eaux/transferts/{transfer.number}/"
    assert [item.file.name for item in transfer.files.all()] == ["Bail.pdf"]
    assert "Bail.pdf" in http.get(answer.url).content.decode()


def test_files_are_sent_piece_by_piece(http, huot, agent):
    begun = http.post(
        "/eaux/transferts/envois/", {"name": "Plan.pdf", "size": len(PDF)}, HTTP_ACCEPT="application/json"
    )
    assert begun.status_code == 201
    token = begun.json()["token"]
    here = f"/eaux/transferts/envois/{token}/"

    def put(offset, content):
        return http.put(f"{here}{offset}/", content, content_type="application/octet-stream")

    assert put(0, PDF[:10]).json()["received"] == 10
    assert http.get(here).json() == {
        "token": token, "name": "Plan.pdf", "size": len(PDF), "received": 10, "kept": False,
    }  # fmt: skip
    assert put(20, PDF[20:]).status_code == 409
    assert put(10, PDF[10:]).json()["kept"] is True
    answer = http.post(
        "/eaux/transferts/envoyer/?client=N1", {"person": huot.pk, "subject": "Plan", "uploads": [token], "cle": "k2"}
    )
    assert answer.status_code == 303
    enter(agent)
    assert FileTransfer.objects.get().files.get().file.name == "Plan.pdf"


@pytest.fixture
def token(http):
    """A file that has come piece by piece."""
    token = http.post("/eaux/transferts/envois/", {"name": "Plan.pdf", "size": len(PDF)}).json()["token"]
    http.put(f"/eaux/transferts/envois/{token}/0/", PDF, content_type="application/octet-stream")
    return token


def test_the_same_form_sent_twice_keeps_the_files_that_were_sent(
    http, huot, agent, token, django_capture_on_commit_callbacks
):
    form = {"person": huot.pk, "subject": "Plan", "uploads": [token], "cle": "k3"}
    with django_capture_on_commit_callbacks(execute=True):
        answers = [http.post("/eaux/transferts/envoyer/?client=N1", form) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].url == answers[1].url
    enter(agent)
    item = FileTransfer.objects.get().files.get()
    assert item.file.removed_at is None
    with opened(item.file) as content:
        assert content.read() == PDF


def test_the_same_upload_under_another_key_is_refused_in_words(http, huot, agent, token):
    form = {"person": huot.pk, "subject": "Plan", "uploads": [token], "cle": "k4"}
    assert http.post("/eaux/transferts/envoyer/?client=N1", form).status_code == 303
    answer = http.post("/eaux/transferts/envoyer/?client=N1", form | {"cle": "k5"})
    assert answer.status_code == 409
    assert "Ces fichiers ont déjà été envoyés." in answer.content.decode()
    assert token not in answer.content.decode()
    enter(agent)
    assert FileTransfer.objects.get().files.get().file.removed_at is None


def test_an_upload_of_somebody_else_is_not_there(http, agent, colleague, signed_in, huot):
    token = http.post("/eaux/transferts/envois/", {"name": "a", "size": 5}).json()["token"]
    other = signed_in(colleague)
    assert other.get(f"/eaux/transferts/envois/{token}/").status_code == 404
    assert other.put(f"/eaux/transferts/envois/{token}/0/", b"12345", content_type="x/y").status_code == 404
    answer = other.post("/eaux/transferts/envoyer/?client=N1", {"person": huot.pk, "subject": "x", "uploads": [token]})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("name", "size", "status"), [("a.exe", 5, 415), ("a.pdf", 0, 422), ("a.pdf", 5 * 1024**3, 413), ("a", "x", 422)]
)
def test_what_is_refused_is_refused_before_it_comes(http, name, size, status):
    answer = http.post("/eaux/transferts/envois/", {"name": name, "size": size}, HTTP_ACCEPT="application/json")
    assert answer.status_code == status
    assert answer.json()["title"]


def test_without_files_or_person_the_form_says_so(http, client_north, huot):
    answer = http.post("/eaux/transferts/envoyer/?client=N1", {"subject": "Bail"})
    assert answer.status_code == 422
    assert "Choisissez à qui." in answer.content.decode()
    answer = http.post("/eaux/transferts/envoyer/?client=N1", {"subject": "Bail", "person": huot.pk})
    assert "Ajoutez au moins un fichier." in answer.content.decode()
    answer = http.post(
        "/eaux/transferts/envoyer/?client=N1",
        {"subject": "Bail", "person": huot.pk, "files": SimpleUploadedFile("a.pdf", b"MZ\x90")},
    )
    assert answer.status_code == 415
    assert "Type de fichier non autorisé" in answer.content.decode()


def test_a_person_is_sent_to_for_those_clients_only_for_which_one_may_send(
    http, huot, agent, client_north, client_south, south
):
    """Who reads a sector and edits another, with somebody who is tied to a client of each."""
    grant(agent, "sector", south.pk, role="reader")
    ClientPerson.objects.create(organization=agent.organization, client=client_south, person=huot)
    address = f"/eaux/transferts/demander/?personne={huot.pk}"
    page = http.get(address).content.decode()
    assert client_north.display_name in page
    assert client_south.display_name not in page
    answer = http.post(address, {"person": huot.pk, "client": client_south.pk, "subject": "Bail"})
    assert answer.status_code in (404, 422)
    enter(agent)
    assert not FileTransfer.objects.exists()


def test_a_person_without_address_gets_one_on_the_spot(http, huot, agent):
    enter(agent)
    huot.emails = []
    huot.save()
    answer = http.post(
        f"/eaux/transferts/demander/?personne={huot.pk}",
        {"person": huot.pk, "client": huot.client_people.get().client_id, "subject": "Bail", "email": "l@example.org"},
    )
    assert answer.status_code == 303
    enter(agent)
    huot.refresh_from_db()
    assert huot.emails == ["l@example.org"]
    assert FileTransfer.objects.get().email == "l@example.org"


def test_whom_is_looked_for_first(http, huot):
    page = http.get("/eaux/transferts/demander/?q=huot").content.decode()
    assert f"?personne={huot.pk}" in page


def test_a_file_is_given_out_as_a_download(http, transfer):
    item = transfer.files.get()
    answer = http.get(f"/eaux/transferts/{transfer.number}/fichiers/{item.pk}/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Bail.pdf"'
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"".join(answer.streaming_content) == PDF


def test_the_tab_has_its_boxes_and_reads_in_a_dialog(http, transfer, agent):
    page = http.get("/eaux/gestion-des-clients/?onglet=transferts").content.decode()
    assert "Bail 2026" in page
    assert "Transferts ouverts seulement" in page
    assert "Afficher les 30 derniers jours seulement" in page
    enter(agent)
    actions.cancel_transfer(transfer, by=agent)
    page = http.get("/eaux/gestion-des-clients/?onglet=transferts&ouverts=1&jours=30").content.decode()
    assert "Bail 2026" not in page
    page = http.get(f"/eaux/gestion-des-clients/?onglet=transferts&ligne={transfer.number}").content.decode()
    assert "Annulé" in page
    dialog = http.get(f"/eaux/transferts/{transfer.number}/", htmx=True).content.decode()
    assert "<form" not in dialog
    assert "Luc Huot" in dialog


def test_keywords_find_transfers(http, transfer):
    for words in ("bail", "huot", "moreau", "Bail.pdf"):
        page = http.get("/eaux/gestion-des-clients/", {"onglet": "transferts", "q": words}).content.decode()
        assert "Bail 2026" in page, words
    page = http.get("/eaux/gestion-des-clients/", {"onglet": "transferts", "q": "rien"}).content.decode()
    assert "Bail 2026" not in page


def test_the_columns_chosen_are_remembered(http, transfer):
    page = http.get("/eaux/gestion-des-clients/?onglet=transferts").content.decode()
    assert 'data-code="expires_at"' in page
    http.post("/eaux/gestion-des-clients/champs/", {"onglet": "transferts", "colonnes": ["subject", "state"]})
    page = http.get("/eaux/gestion-des-clients/?onglet=transferts").content.decode()
    assert 'data-code="expires_at"' not in page
    assert 'data-code="state"' in page


def test_without_the_module_nothing_of_it_is_there(http, transfer, org, agent):
    enter(agent)
    org.modules = [module for module in org.modules if module != "file_transfer"]
    org.save()
    assert http.get("/eaux/transferts/").status_code == 403
    page = http.get("/eaux/gestion-des-clients/").content.decode()
    assert "onglet=transferts" not in page


def test_the_list_costs_the_same_whatever_it_shows(http, agent, huot, client_north):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            http.get("/eaux/transferts/")
        return len(asked)

    def ask(number):
        enter(agent)
        actions.request_files(by=agent, person=huot, client=client_north, subject=f"Demande {number}")

    ask(0)
    http.get("/eaux/transferts/")
    before = cost()
    for number in range(5):
        ask(number)
    assert cost() == before <= 9


def test_a_seal_is_checked_with_its_document(http, agent, huot, access, client_north, kept):
    enter(agent)
    transfer = actions.send_files(
        by=agent, person=huot, client=client_north, subject="Bail", files=[kept()], with_signature=True
    )
    item = transfer.files.get()
    actions.download(item, access=access)
    signature = actions.sign(item, access=access, name="Luc Huot", consents=True, address="192.0.2.1")

    def check(seal, content):
        return http.post(
            "/eaux/transferts/sceau/", {"sceau": seal, "document": SimpleUploadedFile("a.pdf", content)}
        ).content.decode()

    assert "Ce sceau est authentique." in check(signature.seal, PDF)
    assert "est bien celui qui a été signé" in check(signature.seal, PDF)
    assert "n’est pas celui qui a été signé" in check(signature.seal, PDF + b" ")
    assert "Ce sceau est inconnu." in check("0" * 64, PDF)
    answer = http.get(f"/eaux/transferts/{transfer.number}/fichiers/{item.pk}/preuve/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")


def test_settings_are_saved_and_refused(admin, signed_in):
    http = signed_in(admin)
    page = http.get("/eaux/administration/transferts/").content.decode()
    assert "Durée d’un transfert" in page
    good = {"delay_days": "10", "reminder_days": "2", "largest": "500", "version": "1"}
    assert http.post("/eaux/administration/transferts/", good).status_code == 303
    assert http.post("/eaux/administration/transferts/", good).status_code == 409
    wrong = good | {"version": "2", "largest": "5000"}
    assert http.post("/eaux/administration/transferts/", wrong).status_code == 422


def test_what_a_refused_form_brought_is_no_kept_file(http, huot, agent):
    http.post(
        "/eaux/transferts/envoyer/?client=N1",
        {"subject": "", "person": huot.pk, "files": SimpleUploadedFile("a.pdf", PDF)},
    )
    enter(agent)
    assert not FileTransfer.objects.exists()
    assert not StoredFile.objects.exists()
