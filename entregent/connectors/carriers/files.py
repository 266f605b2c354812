"""Files dropped for the other system: CSV or JSON, a batch in each, on this server's disk or by SFTP.

A file is written under another name and renamed when it is whole. Each row says its key, its operation and our number;
a receiver that meets a key again has it already. Who drops an acknowledgement beside them (`accuses/*.json` or `*.csv`
with the columns `key`, `external_id`, `error`) is read; where none is expected, a file that lies there counts as taken.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import Acknowledgement, Away, Carrier, Done, Item

ACKNOWLEDGEMENTS = "accuses"
MOST_READ = 4_000_000
MOST_FILES = 50


class Folder:
    """Where files are dropped: on disk here, elsewhere by SFTP. Names are ours, so none leads out of it."""

    def check(self) -> None:
        """Raises where nothing can be written there."""
        raise AssertionError("each place has its own")

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        raise AssertionError("each place has its own")

    def read_acknowledgements(self) -> list[tuple[str, bytes]]:
        raise AssertionError("each place has its own")

    def put_away(self, names: Sequence[str]) -> None:
        raise AssertionError("each place has its own")


class Disk(Folder):
    """Under the data of the instance: nobody who works in an organization names a path of the server."""

    def __init__(self, organization: str, name: str):
        self.path = folder_of(organization, name)

    def check(self) -> None:
        self._made()
        probe = self.path / ".essai"
        try:
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise Away(_("Le dossier ne peut pas être écrit : %(error)s.") % {"error": error.strerror}) from error

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._made()
        try:
            for name, content in files:
                part = self.path / f".{name}.part"
                part.write_bytes(content)
                part.replace(self.path / name)
        except OSError as error:
            raise Away(_("Le dossier ne peut pas être écrit : %(error)s.") % {"error": error.strerror}) from error

    def read_acknowledgements(self) -> list[tuple[str, bytes]]:
        folder = self.path / ACKNOWLEDGEMENTS
        names = sorted(one.name for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []
        return [(name, (folder / name).read_bytes()[:MOST_READ]) for name in names if is_told(name)][:MOST_FILES]

    def put_away(self, names: Sequence[str]) -> None:
        for name in names:
            (self.path / ACKNOWLEDGEMENTS / name).unlink(missing_ok=True)

    def _made(self) -> None:
        try:
            (self.path / ACKNOWLEDGEMENTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Away(_("Le dossier ne peut pas être écrit : %(error)s.") % {"error": error.strerror}) from error


def folder_of(organization: str, name: str) -> Path:
    return Path(cast(Any, settings).DATA_DIR) / "depots" / organization / (name or "clients")


class FileCarrier(Carrier):
    def __post_init__(self):
        self.batch = 1000
        self.read: list[str] = []

    def folder(self) -> Folder:
        return Disk(self.wiring.organization, self.wiring.settings.get("folder", ""))

    def test(self) -> str:
        self.folder().check()
        return _("Connexion réussie : le dossier est là et peut être écrit.")

    def push(self, items: Sequence[Item]) -> list[Done]:
        is_json = self.wiring.settings.get("format") == "json"
        first, last = items[0].sequence, items[-1].sequence
        name = f"clients-{first:012}-{last:012}.{'json' if is_json else 'csv'}"
        self.folder().write([(name, as_json(items) if is_json else as_csv(items))])
        waits = bool(self.wiring.settings.get("expects_acknowledgement"))
        told = _("Déposé : %(name)s") % {"name": name}
        return [Done(one.key, one.external_id, None, told, is_final=not waits) for one in items]

    def acknowledged(self) -> list[Acknowledgement]:
        if not self.wiring.settings.get("expects_acknowledgement"):
            return []
        found: list[Acknowledgement] = []
        for name, content in self.folder().read_acknowledgements():
            found += read_acknowledgement(name, content)
            self.read.append(name)
        return found

    def forget(self, acknowledgements: Sequence[Acknowledgement]) -> None:
        if self.read:
            self.folder().put_away(self.read)
            self.read = []


def as_json(items: Sequence[Item]) -> bytes:
    rows = [
        {
            "key": one.key, "sequence": one.sequence, "operation": one.operation, "number": one.number,
            "external_id": one.external_id or None, "client": None if one.is_withdrawal else one.record,
        }
        for one in items
    ]  # fmt: skip
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode()


def as_csv(items: Sequence[Item]) -> bytes:
    """For machines: as it is, without the apostrophes that spreadsheets need."""
    names: dict[str, None] = {}
    for one in items:
        names |= dict.fromkeys(one.record)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["key", "sequence", "operation", "number", "external_id", *names])
    for one in items:
        record = {} if one.is_withdrawal else one.record
        values = [_cell(record.get(name)) for name in names]
        writer.writerow([one.key, one.sequence, one.operation, one.number, one.external_id, *values])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " | ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def is_told(name: str) -> bool:
    return name.endswith((".json", ".csv")) and not name.startswith(".")


def read_acknowledgement(name: str, content: bytes) -> list[Acknowledgement]:
    text = content.decode("utf-8-sig", "replace").replace("\0", "")
    rows: list[dict] = []
    if name.endswith(".json"):
        try:
            read = json.loads(text)
        except ValueError:
            return []
        rows = [one for one in (read if isinstance(read, list) else [read]) if isinstance(one, dict)]
    else:
        first = text.partition("\n")[0]
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ","))
    return [
        Acknowledgement(
            str(row["key"]).strip(), str(row.get("external_id") or "").strip()[:200],
            str(row.get("error") or "").strip()[:500],
        )
        for row in rows
        if row.get("key")
    ]  # fmt: skip
