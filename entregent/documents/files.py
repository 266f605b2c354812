"""Where the content of files stands: a folder or an S3 bucket (`ENTREGENT_STORAGE_URL`), behind Django's storages."""

from collections.abc import Iterator
from typing import BinaryIO, cast

from django.core.files.storage import Storage, storages

from entregent.documents.models import StoredFile
from entregent.toolbox.errors import NotFound

PIECE = 256 * 1024


def storage() -> Storage:
    return storages["documents"]


def opened(file: StoredFile) -> BinaryIO:
    """The content, to be read and closed. What was removed is found by nobody."""
    if file.removed_at is not None:
        raise NotFound
    try:
        return cast(BinaryIO, storage().open(file.key, "rb"))
    except FileNotFoundError as gone:
        raise NotFound from gone


def pieces_of(file: StoredFile) -> Iterator[bytes]:
    """The content, a quarter of a megabyte at a time."""
    with opened(file) as content:
        while piece := content.read(PIECE):
            yield piece
