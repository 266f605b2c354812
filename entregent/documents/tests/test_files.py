"""What is kept, under which name and type, what is refused, and how it is given out (promises.md S7)."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from entregent.documents import actions, sweeping
from entregent.documents.files import opened, storage
from entregent.documents.models import StoredFile
from entregent.documents.names import clean_name
from entregent.documents.web.answers import file_answer
from entregent.toolbox.errors import NotFound, Refusal
from testing.clamd import EICAR, running_clamd
from testing.real_clamd import MOST_MEGABYTES, real_clamd

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def keep(member, name, content, **more):
    return actions.keep_file(organization=member.organization, name=name, content=content, by=member, **more)


def zipped(**entries) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()


def test_a_file_is_kept_under_a_name_of_ours_and_read_again(agent):
    file = keep(agent, "Bail 2026.pdf", PDF)
    assert (file.name, file.media_type, file.size) == ("Bail 2026.pdf", "application/pdf", len(PDF))
    assert "Bail" not in file.key
    assert file.scan == StoredFile.Scan.NOT_SCANNED
    with opened(file) as content:
        assert content.read() == PDF


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("facture\u202efdp.pdf", "facturefdp.pdf"),
        ("a\x00b\x07.pdf", "ab.pdf"),
        ("ligne\r\nSet-Cookie: x.pdf", "ligne Set-Cookie_ x.pdf"),
        ("....", "fichier"),
        ("", "fichier"),
        ("é" * 300 + ".pdf", "é" * 196 + ".pdf"),
        ("Contrat d’Élodie (v2).docx", "Contrat d’Élodie (v2).docx"),
    ],
)
def test_names_lose_folders_and_hidden_characters(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("logo.svg", SVG, "image/svg+xml"),
        ("photo.png", HTML, "text/html"),
        ("photo.png", PNG, "image/png"),
        ("notes", "Bonjour à tous".encode(), "text/plain"),
        ("notes.txt", "Bonjour à tous".encode("cp1252"), "text/plain"),
        ("bail.docx", zipped(word__document="x"), DOCX),
        ("bombe.zip", zipped(bombe=b"\0" * 20_000_000), "application/zip"),
        ("fuite.zip", zipped(**{"..__..__etc__passwd": "x"}), "application/zip"),
        ("inconnu.pdf", bytes(range(256)) * 4, "application/octet-stream"),
    ],
)  # fmt: skip
def test_types_are_told_by_content(agent, name, content, media_type):
    assert keep(agent, name, content).media_type == media_type


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("programme.pdf", b"MZ\x90\0" + b"\0" * 60),
        ("programme", b"\x7fELF\x02\x01"),
        ("script.txt", b"#!/bin/sh\nrm -rf /"),
        ("image.gif", b"GIF89a" + b"\0" * 20 + b"<?php system($_GET[0]); ?>"),
        ("archive.pHaR", b"x"),
        ("photo.jpg", b"\xff\xd8\xff\xe0....__HALT_COMPILER();"),
        ("facture.pdf.exe", b"x"),
        ("facture.pdf.JS", b"alert(1)"),
        ("photo\u202egpj.scr", b"x"),
        ("donnees.zip", zipped(**{"META-INF__MANIFEST.MF": "x"})),
        ("lien.lnk", b"L\0\0\0\x01\x14\x02\0"),
    ],
)
def test_programs_and_scripts_are_refused_whatever_they_are_called(agent, name, content):
    with pytest.raises(Refusal) as refused:
        keep(agent, name, content)
    assert (refused.value.code, refused.value.status) == ("E-004-TYPE", 415)
    assert not StoredFile.objects.exists()


def test_an_empty_file_is_refused(agent):
    with pytest.raises(Refusal, match="E-004-NOFILES"):
        keep(agent, "vide.pdf", b"")


def test_too_large_is_refused_before_it_is_kept_whole(agent):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"\0" * 100_000

    with pytest.raises(Refusal) as refused:
        keep(agent, "immense.bin", endless(), most=1_000_000)
    assert (refused.value.code, refused.value.status, len(taken)) == ("E-004-SIZE", 413, 11)


def test_the_limit_is_the_organizations(agent, admin):
    actions.set_file_limit(admin.organization, by=admin, megabytes=1)
    with pytest.raises(Refusal, match="E-004-SIZE"):
        keep(agent, "grand.bin", b"\0" * (1024 * 1024 + 1))
    for wrong in (0, 1025):
        with pytest.raises(Refusal, match="E-CHOICE"):
            actions.set_file_limit(admin.organization, by=admin, megabytes=wrong)


@pytest.mark.parametrize(("name", "content"), [("logo.svg", SVG), ("photo.png", HTML), ("bail.pdf", PDF)])
def test_what_is_given_out_runs_nowhere(agent, name, content):
    answer = file_answer(keep(agent, name, content), inline=True)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Type"] in ("application/octet-stream", "application/pdf")
    assert b"".join(answer.streaming_content) == content


def test_a_picture_may_be_shown_in_place(agent):
    assert file_answer(keep(agent, "photo.png", PNG), inline=True).headers["Content-Disposition"].startswith("inline")


def test_removed_content_is_gone_and_the_row_says_so(agent, django_capture_on_commit_callbacks):
    file = keep(agent, "bail.pdf", PDF)
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_content(file)
    assert not storage().exists(file.key)
    with pytest.raises(NotFound):
        file_answer(StoredFile.objects.get(pk=file.pk))


def test_the_scanner_refuses_what_is_infected(agent, settings):
    with running_clamd() as clamd:
        settings.CLAMD_URL = clamd.url
        with pytest.raises(Refusal, match="E-004-VIRUS"):
            keep(agent, "eicar.txt", EICAR)
        assert keep(agent, "bail.pdf", PDF).scan == "clean"
        kept = keep(agent, "courriel.eml", EICAR, refuse=False)
        assert clamd.scanned == 3
    assert kept.scan == "infected"
    with pytest.raises(NotFound):
        file_answer(kept)


def test_a_real_clamd_is_understood(agent, settings):
    with real_clamd() as url:
        settings.CLAMD_URL = url
        with pytest.raises(Refusal, match="E-004-VIRUS"):
            keep(agent, "eicar.txt", EICAR)
        with pytest.raises(Refusal, match="E-004-VIRUS"):
            keep(agent, "archive.zip", zipped(eicar__txt=EICAR))
        assert keep(agent, "bail.pdf", PDF).scan == "clean"
        assert keep(agent, "courriel.eml", EICAR, refuse=False).scan == "infected"
        # Larger than what it takes: it hangs up amid the file.
        assert keep(agent, "grand.bin", b"\0" * (MOST_MEGABYTES + 3) * 1024 * 1024).scan == "not_scanned"


def test_larger_than_what_the_scanner_looks_at_is_kept_and_said(agent, settings):
    with running_clamd() as clamd:
        clamd.most = 100_000
        settings.CLAMD_URL = clamd.url
        assert keep(agent, "grand.bin", b"\0" * 5_000_000).scan == "not_scanned"


def test_a_scanner_that_does_not_answer_keeps_files_out(agent, settings):
    with running_clamd() as clamd:
        url = clamd.url
    settings.CLAMD_URL = url
    with pytest.raises(Refusal) as refused:
        keep(agent, "bail.pdf", PDF)
    assert (refused.value.code, refused.value.status) == ("E-004-SCANNER", 503)
    assert keep(agent, "courriel.eml", PDF, refuse=False).scan == "not_scanned"


def test_the_sweep_removes_content_without_a_row_and_uploads_given_up(agent):
    file = keep(agent, "bail.pdf", PDF)
    days = [f"{timezone.now() - timedelta(days=days):%Y-%m-%d}" for days in (0, 3)]
    orphan_today, orphan = (f"documents/{agent.organization_id}/{day}/orphelin" for day in days)
    for key in (orphan_today, orphan):
        storage().save(key, io.BytesIO(b"x"))
    upload = actions.begin_upload(organization=agent.organization, owner="user:1", purpose="x", name="a", size=10)
    type(upload).objects.update(last_at=timezone.now() - timedelta(days=3))
    assert sweeping.sweep() == 1
    assert storage().exists(file.key)
    assert storage().exists(orphan_today)
    assert not storage().exists(orphan)
    assert not type(upload).objects.exists()


def test_the_storage_is_django_s_own(settings):
    assert storages["documents"] is storage()
