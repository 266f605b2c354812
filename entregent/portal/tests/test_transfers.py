"""Transfers at the portal's door: taking, handing over, signing; what is another's or over is not there."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from entregent.documents.actions import keep_file
from entregent.portal.tests.conftest import door, give_access
from entregent.transfers import actions
from entregent.transfers.models import FileTransfer, Signature
from testing.cast import enter

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def asked(agent, access, client_north):
    """Files asked of Léa."""
    enter(agent)
    return actions.request_files(
        by=agent, person=access.person, client=client_north, subject="Bail 2026", message="Signé, svp.",
        secure_message=True,
    )  # fmt: skip


@pytest.fixture
def sent(agent, access, client_north):
    """A file sent to Léa, to be signed."""
    enter(agent)
    file = keep_file(organization=agent.organization, name="Contrat.pdf", content=PDF, by=agent)
    return actions.send_files(
        by=agent, person=access.person, client=client_north, subject="Contrat", files=[file], with_signature=True
    )


def at(transfer, rest="") -> str:
    return f"/portail/eaux/transferts/{transfer.number}/{rest}"


def test_what_is_asked_waits_on_the_home_page_and_is_handed_over(lea, asked, agent):
    assert "Bail 2026" in lea.get("/portail/eaux/").content.decode()
    assert "Bail 2026" in lea.get("/portail/eaux/transferts/").content.decode()
    page = lea.get(at(asked)).content.decode()
    assert "Signé, svp." in page
    answer = lea.post(at(asked, "fichiers/"), {"files": SimpleUploadedFile("Bail.pdf", PDF)})
    assert answer.status_code == 303
    assert "Bail.pdf" in lea.get(at(asked)).content.decode()
    assert lea.post(at(asked, "remise/")).status_code == 303
    enter(agent)
    asked.refresh_from_db()
    assert asked.state == "ready"
    assert lea.post(at(asked, "fichiers/"), {"files": SimpleUploadedFile("b.pdf", PDF)}).status_code == 410


def test_files_come_piece_by_piece(lea, asked, agent):
    begun = lea.post(at(asked, "envois/"), {"name": "Plan.pdf", "size": len(PDF)}).json()
    here = at(asked, f"envois/{begun['token']}/")
    assert lea.put(f"{here}0/", PDF[:9], content_type="application/octet-stream").json()["received"] == 9
    assert lea.get(here).json()["received"] == 9
    assert lea.put(f"{here}9/", PDF[9:], content_type="application/octet-stream").json()["kept"]
    lea.post(at(asked, "fichiers/"), {"uploads": begun["token"]})
    lea.post(at(asked, "fichiers/"), {"uploads": begun["token"]})
    enter(agent)
    assert [item.file.name for item in asked.files.all()] == ["Plan.pdf"]


def test_an_upload_that_was_taken_out_is_not_taken_again(lea, asked, agent):
    token = lea.post(at(asked, "envois/"), {"name": "Plan.pdf", "size": len(PDF)}).json()["token"]
    lea.put(at(asked, f"envois/{token}/0/"), PDF, content_type="application/octet-stream")
    lea.post(at(asked, "fichiers/"), {"uploads": token})
    enter(agent)
    lea.post(at(asked, f"fichiers/{asked.files.get().pk}/retrait/"))
    answer = lea.post(at(asked, "fichiers/"), {"uploads": token})
    assert answer.status_code == 409
    assert "Ce fichier a été retiré" in answer.content.decode()
    assert token not in answer.content.decode()
    enter(agent)
    assert not asked.files.exists()


def test_uploads_begun_without_end_are_refused_in_words(lea, asked):
    begun = [
        lea.post(at(asked, "envois/"), {"name": "Plan.pdf", "size": len(PDF)}, HTTP_ACCEPT="application/json")
        for _time in range(51)
    ]
    assert [answer.status_code for answer in begun] == [201] * 50 + [409]
    assert "Trop de fichiers sont en cours d’envoi" in begun[-1].json()["title"]


def test_a_file_is_taken_out_before_it_is_handed_over(lea, asked, agent):
    lea.post(at(asked, "fichiers/"), {"files": SimpleUploadedFile("Bail.pdf", PDF)})
    enter(agent)
    item = asked.files.get()
    assert lea.post(at(asked, f"fichiers/{item.pk}/retrait/")).status_code == 303
    enter(agent)
    assert not asked.files.exists()
    answer = lea.post(at(asked, "remise/"))
    assert answer.status_code == 422
    assert "Ajoutez au moins un fichier." in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "status"), [("a.pdf", b"MZ\x90\0", 415), ("a.pHaR", b"x", 415), ("vide.pdf", b"", 422)]
)
def test_what_is_refused_is_said_on_the_page(lea, asked, agent, name, content, status):
    answer = lea.post(at(asked, "fichiers/"), {"files": SimpleUploadedFile(name, content)})
    assert answer.status_code == status
    assert 'role="alert"' in answer.content.decode()
    enter(agent)
    assert not asked.files.exists()


def test_a_document_is_read_signed_and_proven(lea, sent, agent):
    item = sent.files.get()
    answer = lea.post(at(sent, f"fichiers/{item.pk}/signature/"), {"name": "Léa Martin", "consents": "on"})
    assert answer.status_code == 409
    taken = lea.get(at(sent, f"fichiers/{item.pk}/"))
    assert b"".join(taken.streaming_content) == PDF
    assert taken.headers["Content-Disposition"].startswith("attachment")
    answer = lea.post(at(sent, f"fichiers/{item.pk}/signature/"), {"name": "Léa Martin"})
    assert answer.status_code == 422
    assert 'value="Léa Martin"' in answer.content.decode()
    # As from behind the proxy that stands on the same machine.
    answer = lea.post(
        at(sent, f"fichiers/{item.pk}/signature/"), {"name": "Léa Martin", "consents": "on"},
        HTTP_X_FORWARDED_FOR="198.51.100.9, 192.0.2.7",
    )  # fmt: skip
    assert answer.status_code == 303
    proof = lea.get(at(sent, f"fichiers/{item.pk}/preuve/"))
    assert b"".join(proof.streaming_content).startswith(b"%PDF-")
    enter(agent)
    assert Signature.objects.get().facts["address"] == "192.0.2.7"
    sent.refresh_from_db()
    assert sent.state == "done"


def test_a_document_is_rejected(lea, sent, agent):
    item = sent.files.get()
    lea.post(at(sent, f"fichiers/{item.pk}/signature/"), {"decision": "rejeter", "reason": "Trop cher"})
    enter(agent)
    assert Signature.objects.get().state == "rejected"


def test_what_is_over_is_gone_by_its_direct_link_too(lea, sent, asked, agent):
    item = sent.files.get()
    enter(agent)
    FileTransfer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for address in (at(sent), at(sent, f"fichiers/{item.pk}/"), at(asked)):
        assert lea.get(address).status_code == 410
    assert lea.post(at(asked, "fichiers/"), {"files": SimpleUploadedFile("b.pdf", PDF)}).status_code == 410
    assert "Expiré" in lea.get("/portail/eaux/transferts/").content.decode()


def test_another_s_transfer_is_not_there(sent, asked, agent, client_north, client_south, manager):
    item = sent.files.get()
    other = give_access(agent, client_north, email="max@client.example", first_name="Max")
    max_ = door(other.user)
    for address in (at(sent), at(sent, f"fichiers/{item.pk}/"), at(sent, f"fichiers/{item.pk}/preuve/")):
        assert max_.get(address).status_code == 404
    for address in (at(asked, "fichiers/"), at(asked, "remise/"), at(asked, "envois/")):
        assert max_.post(address, {"name": "a", "size": "1"}).status_code == 404
    assert "Bail 2026" not in max_.get("/portail/eaux/transferts/").content.decode()


def test_without_the_module_nothing_of_it_is_there(lea, sent, org, agent):
    enter(agent)
    org.modules = [module for module in org.modules if module != "file_transfer"]
    org.save()
    assert lea.get(at(sent)).status_code == 404
    assert lea.get("/portail/eaux/transferts/").status_code == 404
    assert "transferts" not in lea.get("/portail/eaux/").content.decode()
