"""« Générer un courrier »: a letter, a Word document or a mail of a template, kept in the case, sent and printed."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.log import keep_case_document
from entregent.cases.actions.rules import journal, locked, locked_open
from entregent.cases.facts import facts_of_case
from entregent.cases.models import Case, CaseDocument
from entregent.clients.models import ClientPerson
from entregent.documents.actions import generate_document, with_agent
from entregent.documents.letters import mail_of
from entregent.documents.models import DocumentTemplate
from entregent.organizations.idempotency import once
from entregent.organizations.models import Membership
from entregent.outbox.actions import send_mail
from entregent.outbox.models import Message
from entregent.toolbox.errors import Refusal, required, too_long

LONGEST = 20_000


@dataclass(frozen=True)
class Written:
    """What came of it: the document that is kept (none of a mail alone), the mail that leaves (none where none was
    asked for)."""

    document: CaseDocument | None
    mail: Message | None


def facts_for(case: Case, language: str, by: Membership) -> dict[str, Any]:
    """What a letter about this case may say."""
    return with_agent(facts_of_case(case, language), by)


def addresses_of(case: Case) -> list[tuple[str, str]]:
    """Where a letter about the case may be sent by mail: (address, whose). The client's own and its people's."""
    found: dict[str, str] = {}
    ties = ClientPerson.objects.filter(client_id=case.client_id, person__deleted_at__isnull=True)
    for tie in ties.select_related("person").order_by("-is_primary", "-is_preferred", "-is_billing", "id")[:50]:
        for address in tie.person.emails:
            found.setdefault(address, tie.person.full_name)
    for address in case.client.emails:
        found.setdefault(address, case.client.display_name)
    for one in case.participants.filter(person__deleted_at__isnull=True).select_related("person")[:50]:
        person = one.person
        if person is None:
            continue
        for address in person.emails:
            found.setdefault(address, person.full_name)
    return list(found.items())


@transaction.atomic
def write_letter(
    case: Case,
    *,
    by: Membership,
    template: DocumentTemplate,
    language: str,
    subject: str = "",
    text: str = "",
    to_print: bool = True,
    send_to: str = "",
    idempotency_key: str | None = None,
) -> Written:
    """Generates the document and keeps it under « Courriers »; `send_to` sends it by mail as well, with the document
    attached. `subject` and `text` are the letter as it was rewritten for this case; a Word document has none.

    A mail template makes no document: its text is the mail. With `to_print` a letter waits for the next printing.
    Refuses a closed case, an address that is not one of the case's, a mail without an address.
    """
    current = locked_open(case, by=by)
    is_mail, is_word = (template.kind == kind for kind in (DocumentTemplate.Kind.MAIL, DocumentTemplate.Kind.WORD))
    text = text.replace("\r\n", "\n").replace("\x00", "")
    if not is_word and not text.strip():
        raise required("text", _("Texte"))
    if len(text) > LONGEST:
        raise too_long("text", _("Texte"), LONGEST)
    if send_to and send_to not in dict(addresses_of(current)):
        raise Refusal("E-CHOICE", _("Choisissez une adresse du client ou d’un interlocuteur."), field="send_to")
    if is_mail and not send_to:
        raise Refusal("E-001-NO-EMAIL", _("Choisissez à qui le courriel est envoyé."), field="send_to")
    made: dict[str, Any] = {"document": None, "mail": None}

    def make() -> int:
        facts = facts_for(current, language, by)
        written = None if is_word else (subject, text)
        if not is_mail:
            made["document"] = _document(current, by, template, language, facts, written, to_print=to_print)
        if send_to:
            made["mail"] = _mail(current, by, template, language, facts, written, made["document"], send_to)
            follow_clocks(current)
        return current.pk

    once(
        current.organization_id, "case_letter", idempotency_key,
        [current.pk, template.pk, language, subject, text, to_print, send_to], make,
    )  # fmt: skip
    return Written(**made)


def _document(case: Case, by, template, language, facts, written, *, to_print: bool) -> CaseDocument:
    file = generate_document(
        organization=case.organization,
        by=by,
        template=template,
        facts=facts,
        language=language,
        client=case.client if to_print else None,
        is_confidential=case.is_confidential,
        written=written,
    )
    title = (written[0].strip() if written else "") or template.name_in(language)
    return keep_case_document(case, by=by, file=file, kind=CaseDocument.Kind.LETTER, title=title[:200])


@transaction.atomic
def send_document(
    document: CaseDocument, *, by: Membership, send_to: str, language: str, idempotency_key: str | None = None
) -> None:
    """« Envoyer »: a document of the case leaves by mail, a few words over it; also one of a case that is closed.
    Refuses an address that is not one of the case's. Sent twice with one key, it leaves once."""
    journal("send_case_document", document.case, by, title=document.title)
    case = locked(document.case, by=by)
    if send_to not in dict(addresses_of(case)):
        raise Refusal("E-CHOICE", _("Choisissez une adresse du client ou d’un interlocuteur."), field="send_to")

    def send() -> int:
        mail = _mail(case, by, None, language, None, None, document, send_to)
        follow_clocks(case)
        return mail.pk

    key = [document.pk, send_to, language]
    once(case.organization_id, "case_document_mail", idempotency_key, key, send)


def _mail(case: Case, by, template, language, facts, written, document: CaseDocument | None, send_to: str) -> Message:
    """The letter as a mail: its own text where the template is one of a mail, a few words over the document else."""
    if document is None:
        subject, paragraphs = mail_of(template, facts, language=language, written=written)
    else:
        with translation.override(language):
            subject = document.title
            paragraphs = [
                _("Madame, Monsieur,"),
                _("Vous trouverez ci-joint notre courrier « %(subject)s ».") % {"subject": document.title},
                by.user.name,
            ]
    return send_mail(
        organization_id=case.organization_id,
        to=send_to,
        subject=subject,
        paragraphs=paragraphs,
        language=language,
        nature=Message.Nature.LETTER,
        sender_name=f"{by.user.name} ({by.organization.name})",
        attachments=[document.file_id] if document is not None else [],
        subject_record=case,
        # Of a confidential case nothing stands on the client's file, and nobody but who wrote it reads it in the
        # outbox; the case lists it for those who see the case.
        client_id=None if case.is_confidential else case.client_id,
        user_id=by.user_id,
        is_personal=case.is_confidential,
    )
