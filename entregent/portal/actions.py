"""What somebody at the client does in the portal. `access` stands in the place of a member: the journal tells them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO, NamedTuple, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.cases.publication import conversations_of, open_cases_of, published_case, put_into
from entregent.clients.actions import people
from entregent.clients.models import Person
from entregent.clients.validation import clean_person
from entregent.documents.actions import keep_file
from entregent.interactions.actions import receive_message
from entregent.interactions.models import PublishedEntry, Topic
from entregent.interactions.portal_models import PortalAccess, PortalSettings
from entregent.interactions.publication import conversations, thread
from entregent.organizations.idempotency import once
from entregent.portal.models import PortalThread
from entregent.processes.actions import client_answered
from entregent.toolbox.errors import Refusal, Refusals, required

FILES_AT_MOST = 10
MESSAGES_AN_HOUR = 60
NEW_REQUEST = 0


@transaction.atomic
def send_message(
    *,
    access: PortalAccess,
    text: str,
    number: int | None = None,
    subject: str = "",
    topic: Topic | None = None,
    files: Sequence[UploadedFile] = (),
    idempotency_key: str | None = None,
) -> int:
    """A message of the client: an answer in the conversation `number`, else a new request. Gives its number.

    A conversation of which nothing is published for this person is not found (E-003-PORTAL-WRITE); one that is closed
    opens again (R003-23). What an open case waits for may be an answer in its conversation. The same form sent twice
    makes one message.
    """
    if number is not None:
        answered = open_cases_of(access, thread(access, number)[0].interaction_id)
    elif not PortalSettings.of(access.organization_id).new_requests:
        raise Refusal("E-003-REQUESTS", _("Cette organisation ne prend pas de nouvelles demandes par le portail."))
    if not text.strip():
        raise required("text", _("Le message"))
    files = _checked(access, files)

    def receive() -> int:
        if number is not None and answered:
            client_answered(answered, organization=access.organization, files=len(files))
        return _receive(access, number, text=text, subject=subject, topic=topic, files=files)

    said = [access.pk, number, subject, text, [(file.name, file.size) for file in files]]
    interaction_id, _is_repeat = once(access.organization_id, "portal_message", idempotency_key, said, receive)
    PortalThread.objects.filter(access=access, interaction_id=NEW_REQUEST if number is None else interaction_id).update(
        draft="", draft_subject=""
    )
    return PublishedEntry.objects.filter(interaction_id=interaction_id).values_list("number", flat=True)[0]


@transaction.atomic
def answer_case(
    *,
    access: PortalAccess,
    number: int,
    text: str,
    files: Sequence[UploadedFile] = (),
    idempotency_key: str | None = None,
) -> int:
    """What the client answers on the page of a case: it stands in the conversation of the case that was written in
    last, else in a new one. Gives the number of the conversation. What waited for it goes on.

    A case that this person does not see is not found; one that is closed is refused. The same form sent twice makes
    one message.
    """
    case = published_case(access, number)
    if case.is_closed:
        raise Refusal("E-001-CASE-CLOSED", _("Ce dossier est terminé : écrivez-nous par une nouvelle demande."))
    if not text.strip():
        raise required("text", _("Le message"))
    files = _checked(access, files)

    def receive() -> int:
        client_answered([case.case_id], organization=access.organization, files=len(files))
        last = conversations(access).filter(interaction_id__in=conversations_of(case)).first()
        subject = "" if last is not None else case.shown_title
        into = last.number if last is not None else None
        made = _receive(access, into, text=text, subject=subject, topic=None, files=files)
        put_into(case, made)
        return made

    said = [access.pk, "case", number, text, [(file.name, file.size) for file in files]]
    interaction_id, _is_repeat = once(access.organization_id, "portal_case", idempotency_key, said, receive)
    return PublishedEntry.objects.filter(interaction_id=interaction_id).values_list("number", flat=True)[0]


def keep_draft(*, access: PortalAccess, interaction_id: int, text: str, subject: str = "") -> None:
    """What somebody has begun to write: it waits for them, on whatever device they come back with."""
    PortalThread.objects.update_or_create(
        access=access,
        interaction_id=interaction_id,
        defaults={
            "organization_id": access.organization_id, "draft": text[:20000], "draft_subject": subject[:200],
        },
    )  # fmt: skip


def mark_read(*, access: PortalAccess, interaction_id: int, until: datetime) -> None:
    PortalThread.objects.update_or_create(
        access=access,
        interaction_id=interaction_id,
        defaults={"organization_id": access.organization_id, "read_until": until},
    )


class Outcome(NamedTuple):
    """What became of a change of one's details: something was changed at once, something waits for the staff."""

    is_changed: bool = False
    is_proposed: bool = False


@transaction.atomic
def change_details(
    *, access: PortalAccess, version: int, values: Mapping, idempotency_key: str | None = None
) -> Outcome:
    """One's own details: changed at once or proposed to an agent, as the organization has set it.

    An e-mail address is always proposed: mail is filed by it, so that whoever could add an address of somebody else
    would read their mail. Either way the staff are told by a message that says what was and what is to be; colleagues
    at the client are not. Refuses what no record holds.
    """
    person = Person.objects.get(pk=access.person_id)
    cleaned, refusals = clean_person(values, country=access.organization.country, whole=False)
    if refusals:
        raise Refusals(refusals)
    changes = {field: value for field, value in cleaned.items() if getattr(person, field) != value}
    if not changes:
        return Outcome()
    is_applied = PortalSettings.of(access.organization_id).details == PortalSettings.Details.APPLIED
    proposed = {field: value for field, value in changes.items() if not is_applied or field == "emails"}
    changed = {field: value for field, value in changes.items() if field not in proposed}
    parts = []
    if changed:
        parts.append(_("J'ai modifié mes coordonnées :") + "\n" + _told(person, changed))
    if proposed:
        parts.append(_("Merci de modifier mes coordonnées :") + "\n" + _told(person, proposed))
        subject = _("Modification de coordonnées demandée")
    else:
        subject = _("Coordonnées modifiées par le portail")
    text = "\n\n".join(parts)
    if changed:
        people.update_person(person, by=access, version=version, **changed)  # type: ignore[arg-type]
    receive_message(
        organization=access.organization,
        client=access.client,
        person=access.person,
        text=text,
        subject=subject,
        channel="portal",
        published=False,
        idempotency_key=idempotency_key,
    )
    return Outcome(is_changed=bool(changed), is_proposed=bool(proposed))


@transaction.atomic
def renounce(*, access: PortalAccess) -> None:
    """Somebody gives up their access; the organization can invite them again."""
    record("renounce_portal_access", by=access, subject=access, client_id=access.client_id)
    access.state, access.digest = PortalAccess.State.CLOSED, ""
    access.save(update_fields=["state", "digest"])


def _receive(
    access: PortalAccess, number: int | None, *, text: str, subject: str, topic: Topic | None, files: list[UploadedFile]
) -> int:
    _not_too_many(access)
    kept = [
        keep_file(
            organization=access.organization,
            name=file.name or "",
            content=cast(BinaryIO, file.file),
            by_person_id=access.person_id,
        )
        for file in files
    ]
    interaction_id, _number = receive_message(
        organization=access.organization,
        client=access.client,
        person=access.person,
        text=text,
        subject=subject,
        channel="portal",
        interaction=number,
        topic=topic,
        files=kept,
    )
    return interaction_id


def _checked(access: PortalAccess, files: Sequence[UploadedFile]) -> list[UploadedFile]:
    files = [file for file in files if file]
    if files and not PortalSettings.of(access.organization_id).files_in_messages:
        message = _("Cette organisation ne prend pas de fichiers par message.")
        raise Refusal("E-003-FILES", message, field="files")
    if len(files) > FILES_AT_MOST:
        message = _("%(n)s fichiers au plus par message.") % {"n": FILES_AT_MOST}
        raise Refusal("E-003-FILES", message, field="files")
    return files


def _not_too_many(access: PortalAccess) -> None:
    since = timezone.now() - timedelta(hours=1)
    written = PublishedEntry.objects.filter(
        client_id=access.client_id, author_person_id=access.person_id, published_at__gt=since
    )
    if written[:MESSAGES_AN_HOUR].count() >= MESSAGES_AN_HOUR:
        message = _("Vous avez envoyé beaucoup de messages. Réessayez dans une heure.")
        raise Refusal("E-RATE", message, status=429)


def _told(person: Person, changes: Mapping) -> str:
    lines = []
    for field, value in changes.items():
        label = str(Person._meta.get_field(field).verbose_name).capitalize()  # type: ignore[union-attr]
        lines.append(f"{label} : {_plain(getattr(person, field))} → {_plain(value)}")
    return "\n".join(lines)


def _plain(value) -> str:
    if isinstance(value, list):
        value = ", ".join(one.get("number", "") if isinstance(one, dict) else str(one) for one in value)
    return str(value or "—")
