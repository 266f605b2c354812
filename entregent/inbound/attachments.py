"""Files that came with a mail, kept one by one. One that is refused does not hold up the mail: it is named instead."""

from django.utils.translation import gettext as _

from entregent.clients.models import Person
from entregent.documents.actions import keep_file
from entregent.documents.models import StoredFile
from entregent.inbound import mails
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal, Refusals


def keep_attachments(
    organization: Organization, mail: mails.Mail, *, person: Person | None = None
) -> tuple[list[StoredFile], str]:
    """(the files, what is said of those that were not kept). All of them stay in the original mail."""
    kept: list[StoredFile] = []
    missing: list[str] = []
    for attached in mail.files:
        try:
            kept.append(
                keep_file(
                    organization=organization,
                    name=attached.name,
                    content=attached.content,
                    by_person_id=person.pk if person is not None else None,
                )
            )
        except (Refusal, Refusals) as refused:
            missing.append(f"[{attached.name} : {_told(refused)}]")
    if mail.left_out:
        missing.append(_("[D’autres pièces jointes sont dans le courriel d’origine.]"))
    return kept, "\n".join(missing)


def _told(refused: Refusal | Refusals) -> str:
    refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
    return " ".join(str(one.message) for one in refusals)
