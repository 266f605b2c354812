"""The kept files that a mail carries (`outbox.attachment_readers`)."""

from functools import partial

from entregent.documents.files import opened
from entregent.documents.models import StoredFile
from entregent.outbox.extension_points import Attachment


def attachments(organization_id: int, ids: list[int]) -> list[Attachment]:
    """The files in the order of `ids`; LookupError where one is no more."""
    files = StoredFile.objects.filter(organization_id=organization_id, removed_at__isnull=True).in_bulk(ids)
    return [
        Attachment(name=files[one].name, media_type=files[one].media_type, content=partial(_content, files[one]))
        for one in ids
    ]


def _content(file: StoredFile) -> bytes:
    with opened(file) as content:
        return content.read()
