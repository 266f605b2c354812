"""The pages of templates, of the letterhead and of printing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from entregent.audit.models import Action, Change
from entregent.clients.facts import facts_of
from entregent.documents.actions import generate_document
from entregent.documents.files import opened
from entregent.documents.letters import pages_of
from entregent.documents.models import DocumentTemplate, Letter, Letterhead, PrintBatch
from entregent.documents.movers import _letters_seen
from entregent.documents.print_actions import print_letters, set_letter_aside, waiting
from entregent.documents.template_actions import seed_templates
from entregent.documents.tests.documents import PNG, docx
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.toolbox.errors import Refusal
from testing.cast import enter, grant, make_member

pytestmark = pytest.mark.django_db


def at(name, **kwargs):
    return reverse(f"documents:{name}", kwargs={"organization": "eaux", **kwargs})


@pytest.fixture
def web(manager, signed_in):
    seed_templates(manager.organization)
    return signed_in(manager)


def values_of(template, **changes):
    names = ("name_fr", "name_en", "subject_fr", "subject_en", "body_fr", "body_en", "version")
    return {**{name: getattr(template, name) for name in names}, "is_active": "on", **changes}


def test_the_list_tells_kind_code_and_languages(web, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        page = web.get(at("templates"))
    assert "reponse_reclamation" in page.content.decode()


def test_a_template_is_added_changed_and_deleted(web, manager):
    answer = web.post(
        at("template_create") + "?sorte=letter",
        {"name_fr": "Attestation", "name_en": "Certificate", "body_fr": "Pour {{ client.name }}", "code": ""},
    )
    assert answer.status_code == 303
    assert answer.url == at("template_update", code="attestation")
    enter(manager)
    made = DocumentTemplate.objects.get(code="attestation")
    answer = web.post(at("template_update", code="attestation"), values_of(made, body_en="For {{ client.name }}"))
    assert answer.status_code == 303
    answer = web.post(at("template_update", code="attestation"), values_of(made, body_en="Late"))
    assert answer.status_code == 409
    answer = web.post(at("template_update", code="attestation"), values_of(made, version=2, body_en="{{ client.nom }}"))
    assert answer.status_code == 422
    assert "client.nom" in answer.content.decode()
    assert web.post(at("template_delete", code="attestation")).status_code == 303
    assert web.get(at("template_update", code="attestation")).status_code == 404


def test_the_preview_shows_pages_or_says_what_is_wrong(web, client_north):
    values = {"kind": "letter", "body_fr": "Bonjour {{ client.name }}", "preview_language": "fr"}
    page = web.post(at("template_preview"), {**values, "preview_client": client_north.number}).content.decode()
    assert "data:image/png;base64," in page
    assert client_north.display_name in page
    page = web.post(at("template_preview"), {**values, "body_fr": "{{ client.nom }}"}).content.decode()
    assert "client.nom" in page
    assert "data:image" not in page
    page = web.post(at("template_preview"), {**values, "kind": "mail", "body_fr": "<b>{{ client.number }}"})
    assert "&lt;b&gt;" in page.content.decode()


def test_a_preview_shows_no_client_out_of_reach(web, client_elsewhere):
    page = web.post(at("template_preview"), {"kind": "mail", "body_fr": "x", "preview_client": client_elsewhere.number})
    assert client_elsewhere.display_name not in page.content.decode()


def test_a_template_is_tried_as_pdf(web, client_north):
    answer = web.get(at("template_trial", code="bienvenue"))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    answer = web.post(at("template_trial", code="bienvenue"), {"body_fr": "{{ rien }}", "preview_language": "fr"})
    assert answer.status_code == 422
    assert "rien" in answer.content.decode()


def test_a_word_template_is_given_and_taken_back(web, manager):
    def upload(content):
        return {"name_fr": "W", "name_en": "W", "file": SimpleUploadedFile("w.docx", content)}

    url = at("template_create") + "?sorte=word"
    assert web.post(url, upload(b"nothing")).status_code == 422
    assert web.post(url, upload(docx("{{ client.nom }}"))).status_code == 422
    answer = web.post(url, upload(docx("Bonjour {{ client.name }}")))
    assert answer.status_code == 303
    enter(manager)
    code = DocumentTemplate.objects.get(kind="word").code
    assert b"".join(web.get(at("template_file", code=code)).streaming_content)[:2] == b"PK"
    assert web.get(at("template_trial", code=code)).content[:2] == b"PK"


def test_the_letterhead_is_saved_and_previewed(web, manager):
    assert "data:image/png" in web.get(at("letterhead")).content.decode()
    values = {"name": "Régie", "address": "a\nb", "window": "ca", "colour": "#112233", "version": 1}
    assert "data:image/png" in web.post(at("letterhead_preview"), values).content.decode()
    answer = web.post(at("letterhead"), {**values, "logo": SimpleUploadedFile("l.png", PNG)})
    assert answer.status_code == 303
    enter(manager)
    head = Letterhead.objects.get()
    assert (head.name, head.window, head.logo.media_type) == ("Régie", "ca", "image/png")
    assert web.post(at("letterhead"), values).status_code == 409
    assert web.post(at("letterhead"), {**values, "version": 2, "colour": "red"}).status_code == 422


def test_those_without_the_right_are_refused(agent, client_north, signed_in):
    web = signed_in(agent)
    for name in ("templates", "letterhead", "template_create"):
        assert web.get(at(name)).status_code == 403


# Printing


def letters_for(client, member, count, **more):
    facts = facts_of(client, language="fr")
    for _n in range(count):
        generate_document(
            organization=member.organization, by=member, template="bienvenue", facts=facts, language="fr",
            client=client, **more,
        )  # fmt: skip


def test_large_letters_are_fewer_to_a_part(web, manager, client_north, monkeypatch):
    enter(manager)
    letters_for(client_north, manager, 3)
    size = Letter.objects.select_related("file").first().file.size
    monkeypatch.setattr("entregent.documents.models.PrintPart.MOST_BYTES", int(size * 2.5))
    batch = print_letters(by=manager)
    run_job(job_id=batch.job_id, organization_id=manager.organization_id)
    enter(manager)
    assert [part.count for part in batch.parts.all()] == [2, 1]
    monkeypatch.setattr("entregent.documents.models.PrintPart.MOST_BYTES", 1)
    letters_for(client_north, manager, 2)
    batch = print_letters(by=manager)
    run_job(job_id=batch.job_id, organization_id=manager.organization_id)
    enter(manager)
    assert [part.count for part in batch.parts.all()] == [1, 1]


def test_letters_that_wait_are_printed_in_parts_once(web, manager, client_north, monkeypatch):
    monkeypatch.setattr("entregent.documents.models.PrintPart.MOST", 2)
    enter(manager)
    letters_for(client_north, manager, 5)
    assert web.get(at("letters")).content.decode().count('name="courrier"') == 5
    answer = web.post(at("print"), {"tout": "1"})
    assert answer.status_code == 303
    enter(manager)
    batch = PrintBatch.objects.get()
    run_job(job_id=batch.job_id, organization_id=manager.organization_id)
    enter(manager)
    assert Job.objects.get(pk=batch.job_id).state == "done"
    parts = list(batch.parts.all())
    assert [part.count for part in parts] == [2, 2, 1]
    with opened(parts[0].file) as content:
        assert pages_of(content.read()) == 2
    page = web.get(at("batch", pk=batch.pk)).content.decode()
    assert at("batch_part", pk=batch.pk, number=3) in page
    assert web.get(at("batch_part", pk=batch.pk, number=3)).headers["Content-Type"] == "application/pdf"
    enter(manager)
    with pytest.raises(Refusal):
        print_letters(by=manager)


def test_a_letter_is_set_aside(web, manager, client_north):
    enter(manager)
    letters_for(client_north, manager, 1)
    letter = Letter.objects.get()
    assert web.get(at("letter", pk=letter.pk)).headers["Content-Type"] == "application/pdf"
    assert web.post(at("letter_set_aside", pk=letter.pk)).status_code == 303
    enter(manager)
    assert not Letter.objects.exists()


def test_a_confidential_letter_is_seen_by_its_author_and_those_who_may(
    web, manager, agent, colleague, client_north, client_south
):
    enter(agent)
    letters_for(client_north, agent, 1, is_confidential=True)
    enter(manager)
    letters_for(client_south, manager, 1)
    seen = {
        name: Letter.objects.visible_to(enter(member)).count()
        for name, member in {"agent": agent, "colleague": colleague, "manager": manager}.items()
    }
    assert seen == {"agent": 1, "colleague": 0, "manager": 2}


@pytest.fixture
def manager_of_south(org, south):
    """Manager in the south, editor in the whole organization."""
    member = make_member(org, "chef.sud@eaux.example", "Chloé Sud", "editor")
    grant(member)
    grant(member, "sector", south.pk, role="manager")
    return enter(member)


def test_a_right_of_one_sector_opens_no_confidential_letter_of_another(
    web, manager, manager_of_south, client_north, client_south, signed_in
):
    enter(manager)
    letters_for(client_north, manager, 1, is_confidential=True)
    letters_for(client_south, manager, 1, is_confidential=True)
    of_north, of_south = Letter.objects.order_by("pk")
    enter(manager_of_south)
    assert list(waiting(manager_of_south)) == [of_south]
    assert _letters_seen(manager_of_south) is not None
    assert list(_letters_seen(manager_of_south)) == [of_south]
    http = signed_in(manager_of_south)
    assert http.get(at("letter", pk=of_north.pk)).status_code == 404
    assert http.get(at("letter", pk=of_south.pk)).status_code == 200


def test_setting_a_confidential_letter_aside_leaves_no_trace_on_the_client(web, manager, client_north):
    enter(manager)
    letters_for(client_north, manager, 1, is_confidential=True)
    set_letter_aside(Letter.objects.get(), by=manager)
    assert Action.objects.filter(name="set_letter_aside").count() == 1
    assert not Action.objects.filter(name="set_letter_aside", client_id=client_north.pk).exists()
    assert not Change.objects.filter(table_name="documents_letter", client_id=client_north.pk).exists()


def test_a_printing_is_its_authors_alone(web, manager, agent, client_north, signed_in):
    enter(manager)
    letters_for(client_north, manager, 1)
    batch = print_letters(by=manager)
    assert signed_in(agent).get(at("batch", pk=batch.pk)).status_code == 404
