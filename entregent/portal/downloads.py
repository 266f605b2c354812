"""« Télécharger mes échanges »: all that was published for somebody, as one archive: a table, and the files beside it.

Read from the projection alone. The archive is written as it is sent, so that its size costs no memory.
"""

import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, cast
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.access.wall import acting
from entregent.audit.actions import record
from entregent.documents.files import pieces_of
from entregent.documents.models import StoredFile
from entregent.interactions.models import PublishedEntry
from entregent.interactions.portal_models import PortalAccess
from entregent.interactions.publication import everything
from entregent.portal.reading import state_words
from entregent.toolbox.errors import NotFound
from entregent.toolbox.spreadsheets import csv_pieces


def archive_of(access: PortalAccess) -> Iterator[bytes]:
    """The archive, piece by piece. What it holds is read now; the files' contents, as it is sent."""
    entries = list(everything(access))
    with acting():
        record("download_exchanges", by=access, subject=access, client_id=access.client_id, n=len(entries))
    last = {entry.number: entry for entry in entries}
    states = {number: state_words(entry) for number, entry in last.items()}
    zone, house = ZoneInfo(access.organization.time_zone), access.organization.name
    files: list[tuple[str, StoredFile]] = []
    rows: list[list[str]] = []
    for entry in entries:
        placed = [(_place(entry, at, file.name), file) for at, file in enumerate(_files(entry), start=1)]
        files += placed
        rows.append(_row(entry, states[entry.number], [place for place, _file in placed], house, zone))
    table = _("mes-echanges") + ".csv"
    return _zipped([(table, csv_pieces(_header(), iter(rows))), *((place, _content(file)) for place, file in files)])


def file_name() -> str:
    name = _("mes-echanges")
    return f"{name}-{timezone.localdate():%Y-%m-%d}.zip"


def _header() -> list[str]:
    return [
        _("Numéro"), _("Objet"), pgettext("portal", "État"), _("Date"), _("De"), _("Nom"), _("Message"), _("Fichiers"),
    ]  # fmt: skip


def _row(entry: PublishedEntry, state: str, places: list[str], house: str, zone: ZoneInfo) -> list[str]:
    return [
        str(entry.number),
        entry.subject or entry.topic_label,
        state,
        timezone.localtime(entry.published_at, zone).strftime("%Y-%m-%d %H:%M"),
        pgettext("portal", "Vous") if entry.is_incoming else house,
        entry.shown_name,
        entry.text,
        "\n".join(places),
    ]


def _files(entry: PublishedEntry) -> list[StoredFile]:
    """Those that are given out: what is infected is given to nobody."""
    return [one.file for one in entry.files.all() if one.file.scan != StoredFile.Scan.INFECTED]


def _place(entry: PublishedEntry, at: int, name: str) -> str:
    """Where a file stands in the archive: under the number of its conversation, no two under one name."""
    folder = _("fichiers")
    return f"{folder}/{entry.number}/{entry.seq}-{at}-{name}"


def _content(file: StoredFile) -> Iterator[bytes]:
    """Nothing, where the file went between the reading and the sending."""
    try:
        yield from pieces_of(file)
    except NotFound:
        return


class _Sink:
    """What is written to it waits to be sent. It cannot go back, and `zipfile` does not need it to."""

    def __init__(self):
        self._waiting: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._waiting.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        taken, self._waiting = b"".join(self._waiting), []
        return taken


def _zipped(parts: Iterable[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    sink = _Sink()
    now = timezone.localtime().timetuple()[:6]
    with zipfile.ZipFile(cast(IO[bytes], sink), "w") as archive:
        for name, pieces in parts:
            told = zipfile.ZipInfo(name, date_time=now)  # type: ignore[arg-type]
            # Files are compressed already, most of them.
            told.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".csv") else zipfile.ZIP_STORED
            with archive.open(told, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    if waiting := sink.taken():
                        yield waiting
    yield sink.taken()
