"""What areas add to mails, which know neither organizations nor files."""

from collections.abc import Callable
from dataclasses import dataclass

from entregent.toolbox.extension_points import ExtensionPoint


@dataclass(frozen=True)
class Letterhead:
    """How the mails of an organization present themselves."""

    name: str
    sender_name: str = ""
    sender_address: str = ""
    reply_address: str = ""
    replies_by_mail: bool = False
    signature_fr: str = ""
    signature_en: str = ""

    def signature(self, language: str) -> str:
        """In the reader's language, else in the other: a signature in a foreign tongue is better than none."""
        return (
            (self.signature_en or self.signature_fr) if language == "en" else (self.signature_fr or self.signature_en)
        )


@dataclass(frozen=True)
class Attachment:
    """A kept file as a mail carries it; `content()` reads it when the mail leaves."""

    name: str
    media_type: str
    content: Callable[[], bytes]


@dataclass(frozen=True)
class Subject:
    """What a mail is about, as a page names it."""

    label: str
    url: str


# Contributions: find(member, subject_type, ids) -> {id: Subject} of those within the member's reach; {} for types of
# others.
subject_finders = ExtensionPoint("outbox.subject_finders", doc="The records that mails are about, to link to them.")
# Filled by `organizations`: letterhead(organization_id) -> Letterhead or None, called inside the wall.
letterheads = ExtensionPoint("outbox.letterheads", doc="Name, sender and signature of an organization's mails.")
# Filled by `documents`: attachments(organization_id, ids) -> list[Attachment] in that order, called inside the wall;
# raises LookupError when one is no more.
attachment_readers = ExtensionPoint("outbox.attachment_readers", doc="The kept files that a mail carries.")
# Contributions: failed(message), inside the wall, after a mail has failed for good or has come back.
mail_failures = ExtensionPoint("outbox.mail_failures", doc="Who is told that a mail could not be delivered.")
# Contributions: settled(post, answer), inside the wall and in the transaction that settles the message: it left
# (`answer` is what the other system said, {} where that was no JSON object), or it has failed (None).
post_outcomes = ExtensionPoint("outbox.post_outcomes", doc="What becomes of a record whose HTTP message has left.")
# Contributions: stopped(endpoint), inside the wall and in the transaction that switches it off: it answered 410.
endpoint_stops = ExtensionPoint("outbox.endpoint_stops", doc="Who is told that a system wants no more messages.")
