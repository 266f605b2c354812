"""What a client may see of their conversations: the one reading that the portal, mails and exports to clients use.

`access` is whoever looks from the client's side: anything with `organization_id`, `client_id` (None: a person on their
own), `person_id` and `sees_colleagues`. What is not in the projection does not exist here.
"""

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from entregent.documents.models import StoredFile
from entregent.interactions.models import PublishedEntry, PublishedFile
from entregent.toolbox.errors import NotFound

# `files` of each entry that are still there, with name, size and type.
_FILES = Prefetch("files", PublishedFile.objects.filter(file__removed_at__isnull=True).select_related("file"))


def published_for(access) -> QuerySet[PublishedEntry]:
    """What was communicated to this client: all of it for who sees what colleagues write, else what is addressed to the
    client as a whole or to this person. A person without a client sees what is their own."""
    records = PublishedEntry.objects.filter(organization_id=access.organization_id).select_related("topic")
    if access.client_id is None:
        return records.filter(client_id__isnull=True, person_id=access.person_id)
    records = records.filter(client_id=access.client_id)
    if access.sees_colleagues:
        return records
    return records.filter(Q(person_id__isnull=True) | Q(person_id=access.person_id))


def conversations(access) -> QuerySet[PublishedEntry]:
    """The last entry of each conversation, the newest first: one row is one conversation."""
    mine = published_for(access)
    # Asked of each entry, from the newest on: whoever reads one page does not go through all that was ever written.
    later = mine.filter(interaction_id=OuterRef("interaction_id"), seq__gt=OuterRef("seq")).order_by()
    return mine.filter(~Exists(later)).order_by("-published_at", "-entry_id")


def thread(access, number: int) -> list[PublishedEntry]:
    """One conversation in its order. NotFound when nothing of it is this reader's."""
    entries = list(published_for(access).filter(number=number).order_by("seq").prefetch_related(_FILES))
    if not entries:
        raise NotFound
    return entries


def everything(access) -> QuerySet[PublishedEntry]:
    """All that was ever communicated to this reader, conversation by conversation, with its files: their export."""
    return published_for(access).order_by("number", "seq").prefetch_related(_FILES)


def published_file(access, number: int, attachment_id: int) -> StoredFile:
    """A file of a conversation of this reader's. NotFound for any other."""
    entries = published_for(access).filter(number=number)
    found = (
        PublishedFile.objects.filter(pk=attachment_id, entry__in=entries.values("pk"), file__removed_at__isnull=True)
        .select_related("file")
        .first()
    )
    if found is None:
        raise NotFound
    return found.file


def published_files(access) -> QuerySet[PublishedFile]:
    """Every file that was communicated to this reader, the newest first."""
    files = PublishedFile.objects.filter(entry__in=published_for(access).values("pk"), file__removed_at__isnull=True)
    return files.select_related("file", "entry").order_by("-attachment_id")
