"""« Générer un courrier » on a case."""

import pytest
from django.urls import reverse

from entregent.cases.actions import close_case, edit_case, merge_cases, open_case, undo_case_merge
from entregent.cases.actions.letters import addresses_of, write_letter
from entregent.cases.models import CaseDocument, CaseType
from entregent.clients.models import Client
from entregent.documents.models import DocumentTemplate, Letter
from entregent.documents.template_actions import create_template, seed_templates
from entregent.documents.tests.documents import docx, text_of
from entregent.outbox.models import Message
from entregent.toolbox.errors import Refusal
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(manager, client_north):
    seed_templates(manager.organization)
    Client.objects.filter(pk=client_north.pk).update(emails=["moreau@client.example"])
    client_north.refresh_from_db()
    kind, _is_new = CaseType.objects.get_or_create(
        organization=manager.organization, path="divers",
        defaults={"code": "divers", "label_fr": "Divers", "label_en": "Other"},
    )  # fmt: skip
    return open_case(by=manager, client=client_north, case_type=kind, title="Facture contestée")


def template(code):
    return DocumentTemplate.objects.get(code=code)


def at(name, case):
    return reverse(f"cases:{name}", kwargs={"organization": "eaux", "number": case.number})


def test_a_letter_is_kept_sent_and_waits_for_printing(case, manager):
    made = write_letter(
        case, by=manager, template=template("reponse_reclamation"), language="fr", subject="Votre réclamation",
        text="Bonjour **vous**", send_to="moreau@client.example", idempotency_key="k1",
    )  # fmt: skip
    assert made.document.kind == CaseDocument.Kind.LETTER
    assert made.document.title == "Votre réclamation"
    assert made.document.file.media_type == "application/pdf"
    assert made.mail.recipients == ["moreau@client.example"]
    assert made.mail.attachments == [made.document.file_id]
    assert Letter.objects.get().file_id == made.document.file_id
    again = write_letter(
        case, by=manager, template=template("reponse_reclamation"), language="fr", subject="Votre réclamation",
        text="Bonjour **vous**", send_to="moreau@client.example", idempotency_key="k1",
    )  # fmt: skip
    assert again.document is None
    assert CaseDocument.objects.count() == Message.objects.filter(subject_id=case.pk).count() == 1


def test_what_was_rewritten_has_no_variables_any_more(case, manager):
    made = write_letter(
        case, by=manager, template=template("bienvenue"), language="fr", subject="x", text="{{ client.name }} {% if %}",
        to_print=False,
    )  # fmt: skip
    assert made.document is not None
    assert not Letter.objects.exists()


def test_refusals_of_a_letter(case, manager):
    letter = template("bienvenue")

    def code_of(**more):
        with pytest.raises(Refusal) as caught:
            write_letter(case, by=manager, language="fr", **{"template": letter, "text": "x", **more})
        return caught.value.code, caught.value.field

    assert code_of(text=" ") == ("E-REQUIRED", "text")
    assert code_of(text="x" * 20_001) == ("E-LENGTH", "text")
    assert code_of(send_to="other@evil.example") == ("E-CHOICE", "send_to")
    mail = create_template(by=manager, name_fr="M", name_en="M", kind="mail", body_fr="Bonjour")
    assert code_of(template=mail) == ("E-001-NO-EMAIL", "send_to")
    close_case(case, by=manager, reason="Fait", open_steps="abandon")
    assert code_of() == ("E-001-CASE-CLOSED", None)


def test_a_mail_template_sends_and_keeps_no_document(case, manager):
    mail = create_template(by=manager, name_fr="M", name_en="M", kind="mail", subject_fr="S", body_fr="Bonjour")
    made = write_letter(
        case, by=manager, template=mail, language="fr", subject="S", text="Bonjour\n\n- a\n- b",
        send_to="moreau@client.example",
    )  # fmt: skip
    assert made.document is None
    assert "- a\n- b" in made.mail.text


def test_a_word_document_is_filled_with_the_case(case, manager):
    word = create_template(
        by=manager, name_fr="W", name_en="W", kind="word", file=("w.docx", docx("Dossier {{ case.number }}"))
    )
    made = write_letter(case, by=manager, template=word, language="fr")
    assert text_of(made.document.file) == f"Dossier {case.number}"


def test_addresses_are_those_of_the_client_and_its_people(case):
    assert addresses_of(case) == [("moreau@client.example", case.client.display_name)]


def test_the_page_fills_the_template_previews_and_keeps(case, manager, signed_in):
    web = signed_in(manager)
    page = web.get(at("letter_create", case) + "?modele=reponse_reclamation").content.decode()
    assert f"dossier n° {case.number}" in page
    assert at("letter_create", case) in web.get(at("detail", case)).content.decode()
    values = {"modele": "reponse_reclamation", "langue": "fr", "subject": "S", "text": "Bonjour"}
    assert "data:image/png" in web.post(at("letter_preview", case), values).content.decode()
    assert web.post(at("letter_trial", case), values).content.startswith(b"%PDF-")
    assert web.post(at("letter_create", case), {**values, "text": ""}).status_code == 422
    answer = web.post(at("letter_create", case), {**values, "to_print": "on"})
    assert answer.status_code == 303
    enter(manager)
    assert CaseDocument.objects.get(case=case).title == "S"
    assert web.get(at("letter_create", case) + "?modele=inconnu").status_code == 404


def test_a_letter_asked_for_twice_is_told_as_a_letter(case, manager, signed_in):
    web = signed_in(manager)
    values = {
        "modele": "bienvenue", "langue": "fr", "subject": "S", "text": "Bonjour", "idempotency_key": "twice",
    }  # fmt: skip
    for _n in range(2):
        page = web.post(at("letter_create", case), values, follow=True).content.decode()
        assert "Courrier gardé dans le dossier." in page
        assert "Courriel envoyé." not in page


def test_readers_write_no_letters(case, reader, signed_in):
    assert signed_in(reader).get(at("letter_create", case)).status_code == 403


def test_a_letter_of_a_confidential_case_leaves_no_trace_on_the_client(case, manager):
    from entregent.audit.models import Action, Change

    case.is_confidential = True
    case.save()
    made = write_letter(
        case, by=manager, template=template("bienvenue"), language="fr", subject="x", text="y",
        send_to="moreau@client.example",
    )  # fmt: skip
    assert made.mail.client_id is None
    assert not Action.objects.filter(name="generate_document", client_id=case.client_id).exists()
    assert not Change.objects.filter(table_name="documents_letter", client_id=case.client_id).exists()


def test_a_mail_of_a_confidential_case_is_read_in_the_case_alone(case, manager, admin, reader, agent, signed_in):
    enter(manager)
    case.is_confidential = True
    case.save()
    made = write_letter(
        case, by=manager, template=template("bienvenue"), language="fr", subject="Votre secret", text="y",
        send_to="moreau@client.example",
    )  # fmt: skip
    of_record = f"/eaux/courriels/cases.case/{case.pk}/"
    outbox = "/eaux/administration/boite-d-envoi/"
    assert signed_in(reader).get(of_record).status_code == 204
    other = signed_in(admin)
    assert other.get(of_record).status_code == 204
    assert "Votre secret" not in other.get(outbox).content.decode()
    assert other.get(f"{outbox}{made.mail.pk}/").status_code == 404
    # Those who see the case see it there.
    assert "Votre secret" in other.get(at("detail", case)).content.decode()
    assert signed_in(agent).get(at("detail", case)).status_code == 404


def test_letters_and_mails_become_confidential_with_their_case(case, manager, agent):
    enter(manager)
    made = write_letter(
        case, by=manager, template=template("bienvenue"), language="fr", subject="x", text="y",
        send_to="moreau@client.example",
    )  # fmt: skip

    def told():
        mail = Message.objects.get(pk=made.mail.pk)
        return Letter.objects.get().is_confidential, mail.is_personal, mail.client_id

    assert told() == (False, False, case.client_id)
    edit_case(case, by=manager, is_confidential=True)
    assert told() == (True, True, None)
    edit_case(case, by=manager, is_confidential=False)
    assert told() == (False, False, case.client_id)
    other = open_case(by=manager, client=case.client, case_type=case.case_type, is_confidential=True)
    merge = merge_cases(case, other, by=manager)
    assert told() == (True, True, None)
    undo_case_merge(merge, by=manager)
    assert told() == (False, False, case.client_id)


def test_a_document_of_the_case_is_sent_by_mail_once(case, manager, signed_in):
    enter(manager)
    made = write_letter(case, by=manager, template=template("reponse_reclamation"), language="fr", text="Bonjour")
    # A plan that closes its case leaves its letter behind: that is still sent.
    close_case(case, by=manager, reason="Réglé")
    page = signed_in(manager)
    address = reverse(
        "cases:document_send", kwargs={"organization": "eaux", "number": case.number, "key": made.document.pk}
    )
    assert address in page.get(at("detail", case)).content.decode()
    assert "moreau@client.example" in page.get(address).content.decode()
    sent = {"send_to": "moreau@client.example", "language": "fr", "idempotency_key": "d1"}
    for _time in range(2):
        assert page.post(address, sent).status_code == 303
    enter(manager)
    mail = Message.objects.get(subject_id=case.pk)
    assert (mail.recipients, mail.attachments) == (["moreau@client.example"], [made.document.file_id])
    assert page.post(address, sent | {"send_to": "autre@ailleurs.example"}).status_code == 422
    assert page.post(address.replace(str(made.document.pk), "999999"), sent).status_code == 404


def test_who_may_only_read_sends_nothing(case, manager, reader, signed_in):
    enter(manager)
    made = write_letter(case, by=manager, template=template("reponse_reclamation"), language="fr", text="Bonjour")
    address = reverse(
        "cases:document_send", kwargs={"organization": "eaux", "number": case.number, "key": made.document.pk}
    )
    page = signed_in(reader)
    assert address not in page.get(at("detail", case)).content.decode()
    assert page.get(address).status_code == 403
