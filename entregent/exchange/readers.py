"""Reading tables from files that people send: CSV in any usual writing, XLSX, vCards. Nothing is believed.

Encoding and delimiter are detected; rows come one by one, so that memory stays flat. A file that is no table is refused
with a sentence; what is wrong with one row stays with that row.
"""

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from django.utils.translation import gettext as _

from entregent.exchange import vcards
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import one_line, search_key

DELIMITERS = ",;\t|"
MOST_COLUMNS = 300
MOST_LINE = 1_000_000  # characters of one line or one field
MOST_UNPACKED = 200 * 1024 * 1024  # bytes of an XLSX once unpacked
MOST_FORMULAS = 100_000
MOST_CELLS = 10_000_000  # of the rectangle that the cells of a sheet span: the reader keeps all of it in memory

_BOMS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]
# What a text file does not hold: control characters other than tab, line ends, form feed and end of file.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f]")
_PLACE = re.compile(r"([A-Za-z]{1,12})([0-9]{1,12})")
_FORMULA_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="[A-Z]{1,3}(\d+)"[^>]*>\s*<(?:\w+:)?f[\s>/]')


@dataclass(frozen=True)
class Row:
    """One row: where it begins, its cells as texts, and what is wrong with the row as such ("" if nothing)."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass(frozen=True)
class Form:
    """How a file is written, so that its rejects can be given back the same way."""

    kind: str  # csv, xlsx or vcf
    encoding: str = ""
    delimiter: str = ""
    line_end: str = "\r\n"
    about: int = 0  # about how many rows, for the progress

    def as_dict(self) -> dict:
        return {
            "kind": self.kind,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "line_end": self.line_end,
            "about": self.about,
        }

    @property
    def words(self) -> str:
        """« CSV, Windows-1252, point-virgule »."""
        if self.kind in ("xlsx", "vcf"):
            return {"xlsx": "XLSX", "vcf": "vCard"}[self.kind]
        encodings = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}
        delimiters = {",": _("virgule"), ";": _("point-virgule"), "\t": _("tabulation"), "|": _("barre verticale")}
        return f"CSV, {encodings[self.encoding]}, {delimiters[self.delimiter]}"


class Table:
    """An opened file: `form`, `header`, and `rows()`, which may be called again and begins anew."""

    def __init__(self, path: Path, form: Form, header: list[str]):
        self.path = path
        self.form = form
        self.header = header

    def rows(self) -> Iterator[Row]:
        if self.form.kind == "xlsx":
            return _xlsx_rows(self.path, len(self.header))
        if self.form.kind == "vcf":
            return (Row(line, cells, fault) for line, cells, fault in vcards.rows(self.path))
        return _csv_rows(self.path, self.form, len(self.header))


def refused(message: str) -> Refusal:
    return Refusal("E-FILE", message, field="file")


def open_table(path: Path) -> Table:
    """Looks into the file, whatever its name says. Refuses what is no table with one sentence."""
    if path.stat().st_size == 0:
        raise refused(_("Le fichier est vide."))
    with path.open("rb") as file:
        start = file.read(64)
    if vcards.is_vcard(start):
        # Rejected cards are given back as a table, which can be mended and brought in again.
        about = vcards.count(path)
        return Table(path, Form("vcf", "utf-8-sig", ";", about=about), vcards.header())
    if start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        _check_size(path)
        _check_extent(path)
        form = Form("xlsx", about=0)
        first = next(_xlsx_cells(path), None)
        cells = first[1] if first else []
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise refused(_("Ce classeur est d’un ancien format : enregistrez-le en XLSX ou en CSV."))
    else:
        form = _csv_form(path)
        cells = next(_csv_records(path, form), (0, []))[1]
    return Table(path, form, _header(cells))


def table_from(path: Path, form: dict, header: list[str]) -> Table:
    """The same file again, as `open_table` understood it."""
    return Table(path, Form(**form), header)


def _header(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    if not cells:
        raise refused(_("La première ligne doit porter les noms des colonnes."))
    if len(cells) > MOST_COLUMNS:
        raise refused(_("Le fichier a %(n)s colonnes : %(most)s au maximum.") % {"n": len(cells), "most": MOST_COLUMNS})
    names = [
        one_line(cell.replace("\x00", ""))[:200] or _("colonne %(n)s") % {"n": n} for n, cell in enumerate(cells, 1)
    ]
    twice = [name for name, times in Counter(search_key(name) or name for name in names).items() if times > 1]
    if twice:
        shown = next(name for name in names if (search_key(name) or name) == twice[0])
        raise refused(_("La colonne « %(name)s » figure deux fois.") % {"name": shown[:60]})
    return names


# CSV


def _csv_form(path: Path) -> Form:
    encoding, lines, line_end = _encoding(path)
    with path.open("r", encoding=encoding, newline="") as file:
        sample = file.read(64_000)
    if len(sample) == 64_000 and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    return Form("csv", encoding, _delimiter(sample), line_end, max(lines - 1, 0))


def _encoding(path: Path) -> tuple[str, int, str]:
    """The encoding of the whole file, its number of lines and how they end. Refuses binaries and mixed encodings."""
    with path.open("rb") as file:
        start = file.read(4)
    for bom, encoding in _BOMS:
        if start.startswith(bom) and not start.startswith(codecs.BOM_UTF16_LE + b"\x00\x00"):
            return _checked(path, encoding)
    lines = utf8 = other = 0
    first_other = first_undefined = None
    line_end = "\n"
    with path.open("rb") as file:
        while line := file.readline(MOST_LINE * 4 + 1):
            lines += 1
            if len(line) > MOST_LINE * 4:
                raise _line_too_long(lines)
            if lines == 1 and line.endswith(b"\r\n"):
                line_end = "\r\n"
            if lines <= 2000 and _CONTROL.search(line.replace(b"\x00", b"") if lines > 1 else line):
                raise refused(_("Ce fichier n’est ni un CSV, ni un XLSX, ni une vCard."))
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8 += 1
            except UnicodeDecodeError:
                other += 1
                first_other = first_other or lines
                if first_undefined is None and not _is_windows_1252(line):
                    first_undefined = lines
    if not other:
        return "utf-8", lines, line_end
    if utf8 and other:
        raise refused(
            _("Le fichier mêle deux encodages : la ligne %(line)s n’est pas en UTF-8 comme les autres.")
            % {"line": first_other}
        )
    if first_undefined:
        raise refused(_("L’encodage de la ligne %(line)s n’est pas reconnu.") % {"line": first_undefined})
    return "cp1252", lines, line_end


def _checked(path: Path, encoding: str) -> tuple[str, int, str]:
    line = 0
    line_end = "\n"
    try:
        with path.open("r", encoding=encoding, newline="") as file:
            while text := file.readline(MOST_LINE + 1):
                line += 1
                if len(text) > MOST_LINE:
                    raise _line_too_long(line)
                if line == 1 and text.endswith("\r\n"):
                    line_end = "\r\n"
    except UnicodeError:
        raise refused(
            _("Le fichier mêle deux encodages : la ligne %(line)s n’est pas en %(encoding)s comme les autres.")
            % {"line": line + 1, "encoding": encoding.upper().removesuffix("-SIG")}
        ) from None
    return encoding, line, line_end


def _is_windows_1252(line: bytes) -> bool:
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _line_too_long(line: int) -> Refusal:
    return refused(_("La ligne %(line)s est trop longue pour un tableau.") % {"line": line})


def _delimiter(sample: str) -> str:
    """The one that cuts the first lines into the most columns, and into the same number of them."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            records = [
                r
                for _n, r in zip(
                    range(50), csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), strict=False
                )
            ]
        except csv.Error:
            continue
        records = [record for record in records if record]
        if not records:
            continue
        columns = len(records[0])
        even = sum(len(record) == columns for record in records) / len(records)
        if columns > 1 and (even, columns) > best_score:
            best, best_score = delimiter, (even, columns)
    return best


def _csv_records(path: Path, form: Form) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MOST_LINE)
    with path.open("r", encoding=form.encoding, newline="") as file:
        lines = _limited(file)
        reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field larger" in str(error):
                    raise refused(
                        _("Un guillemet ouvert à la ligne %(line)s n’est pas refermé.") % {"line": line}
                    ) from None
                raise refused(_("La ligne %(line)s n’est pas du CSV : guillemet mal placé.") % {"line": line}) from None
            yield line, cells
            line = reader.line_num + 1


def _limited(file) -> Iterator[str]:
    number = 0
    while text := file.readline(MOST_LINE + 1):
        number += 1
        if len(text) > MOST_LINE:
            raise _line_too_long(number)
        if text.endswith("\r"):
            text += "\n"
        yield text


def _csv_rows(path: Path, form: Form, width: int) -> Iterator[Row]:
    records = _csv_records(path, form)
    next(records, None)
    for line, cells in records:
        if cells and any(cells):
            yield _row(line, cells, width)


def _row(line: int, cells: list[str], width: int) -> Row:
    fault = ""
    if len(cells) != width:
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        else:
            fault = _("%(found)s colonnes au lieu de %(expected)s.") % {"found": len(cells), "expected": width}
    for cell in cells:
        if "\x00" in cell:
            cells = [one.replace("\x00", "\ufffd") for one in cells]
            fault = fault or _("La ligne contient un caractère nul.")
            break
    return Row(line, cells[: MOST_COLUMNS + 1], fault)


# XLSX


def _xlsx_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    _check_size(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        if not workbook.sheet_names:
            raise refused(_("Le classeur n’a pas de feuille."))
        sheet = workbook.get_sheet_by_index(0)
        top = sheet.start[0] if sheet.start else 0
        for number, cells in enumerate(sheet.iter_rows(), top + 1):
            yield number, [_cell_text(cell) for cell in cells]
    except Refusal:
        raise
    except (CalamineError, OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error
    except BaseException as error:
        # The reader is written in Rust: a panic arrives as an exception that is no Exception.
        if type(error).__name__ == "PanicException":
            raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error
        raise


def _check_size(path: Path) -> None:
    """Before it is opened: a file of 200 kB may unpack to gigabytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error
    if not any(info.filename == "xl/workbook.xml" for info in infos):
        raise refused(_("Ce fichier n’est ni un CSV, ni un XLSX, ni une vCard."))
    if sum(info.file_size for info in infos) > MOST_UNPACKED or len(infos) > 10_000:
        raise refused(_("Le classeur est trop gros une fois déplié : enregistrez-le en CSV."))


def _check_extent(path: Path) -> None:
    """Two cells in opposite corners make a sheet of 16 thousand million cells: the reader would take the process down.

    Every part is looked at, since the workbook may call any of them its sheet.
    """
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            extent, seen, unpacked = _Extent(), b"", 0
            try:
                with archive.open(info) as part:
                    while piece := part.read(1 << 20):
                        unpacked += len(piece)
                        if unpacked > MOST_UNPACKED:
                            raise extent.too_big()
                        seen = seen[-16:] + piece
                        extent.holds_sheet = extent.holds_sheet or b"sheetData" in seen
                        extent.parser.Parse(piece, False)
                    extent.parser.Parse(b"", True)
            except expat.ExpatError as error:
                if extent.holds_sheet:
                    raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error
            except Refusal:
                raise
            except Exception as error:
                # Whatever a mangled archive makes zlib or zipfile raise, the sentence is the same.
                raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error


class _Extent:
    """How far the cells with a value reach down and to the right in a part of a workbook."""

    def __init__(self):
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begin
        self.holds_sheet = False
        self._row = self._column = self._lowest = self._rightmost = 0

    def too_big(self) -> Refusal:
        return refused(_("Le classeur est trop gros une fois déplié : enregistrez-le en CSV."))

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "row":
            text = attributes.get("r", "")
            self._row = int(text) if text.isdecimal() and len(text) < 12 else self._row + 1
            self._column = 0
        elif name == "c":
            place = _PLACE.fullmatch(attributes.get("r", ""))
            if place is None:
                self._column += 1
            else:
                self._column = 0
                for letter in place[1].upper():
                    self._column = self._column * 26 + ord(letter) - 64
                self._row = int(place[2])
        elif name in ("v", "is") and (self._row > self._lowest or self._column > self._rightmost):
            self._lowest, self._rightmost = max(self._lowest, self._row), max(self._rightmost, self._column)
            if self._lowest * self._rightmost > MOST_CELLS:
                raise self.too_big()


def _cell_text(value) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _xlsx_rows(path: Path, width: int) -> Iterator[Row]:
    formulas = _rows_with_formulas(path)
    records = _xlsx_cells(path)
    next(records, None)
    for number, cells in records:
        if not any(cells):
            continue
        row = _row(number, [*cells, *[""] * (width - len(cells))], width)
        if number in formulas and not row.fault:
            row = Row(row.line, row.cells, _("La ligne contient une formule : collez ses valeurs."))
        yield row


def _rows_with_formulas(path: Path) -> set[int]:
    """Rows of the first sheet that hold formulas: what was last calculated there is not what stands in the file."""
    rows: set[int] = set()
    try:
        with zipfile.ZipFile(path) as archive:
            name = _first_sheet(archive)
            with archive.open(name) as sheet:
                rest, unpacked = b"", 0
                while piece := sheet.read(1 << 20):
                    unpacked += len(piece)
                    if unpacked > MOST_UNPACKED:
                        raise refused(_("Le classeur est trop gros une fois déplié : enregistrez-le en CSV."))
                    text = rest + piece
                    rows.update(int(found) for found in _FORMULA_CELL.findall(text))
                    if len(rows) > MOST_FORMULAS:
                        raise refused(_("Le classeur est fait de formules : enregistrez-le en CSV."))
                    rest = text[-4096:]
    except Refusal:
        raise
    except Exception as error:
        # Whatever a mangled archive makes zlib, zipfile or expat raise, the sentence is the same.
        raise refused(_("Le classeur est abîmé et ne se lit pas.")) from error
    return rows


def _first_sheet(archive: zipfile.ZipFile) -> str:
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    link = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (size checked; expat limits entities)
    sheet = workbook.find(f"{space}sheets/{space}sheet")
    names = archive.namelist()
    if sheet is not None and sheet.get(link) and "xl/_rels/workbook.xml.rels" in names:
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        for relation in relations:
            if relation.get("Id") == sheet.get(link):
                target = (relation.get("Target") or "").lstrip("/")
                name = target if target.startswith("xl/") else f"xl/{target}"
                if name in names:
                    return name
    return "xl/worksheets/sheet1.xml"
