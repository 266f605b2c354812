"""Files as people send them: right ones are read, wrong ones refused with a sentence, none with a traceback."""

import io
import zipfile
from datetime import date, datetime
from functools import cache

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entregent.exchange.readers import open_table
from entregent.toolbox.errors import Refusal

TEXT = "numéro;nom;ville\nA1;Lefèvre;Évry\nA2;Noël « œ »;Nîmes\n"


def write(tmp_path, content, name="fichier"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@cache
def small_workbook() -> bytes:
    """The same bytes each time."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        sheet = book.add_worksheet()
        for number, row in enumerate([["n", "nom"], ["1", "Été"], ["2", "Noël"]]):
            sheet.write_row(number, 0, row)
    return written.getvalue()


@pytest.mark.parametrize(
    ("encoding", "mark", "named"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_the_encoding_is_found(tmp_path, encoding, mark, named):
    table = open_table(write(tmp_path, mark + TEXT.encode(encoding)))
    assert (table.form.encoding, table.form.delimiter) == (named, ";")
    assert table.header == ["numéro", "nom", "ville"]
    assert [row.cells for row in table.rows()] == [["A1", "Lefèvre", "Évry"], ["A2", "Noël « œ »", "Nîmes"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_even_with_the_others_in_the_texts(tmp_path, delimiter):
    line = delimiter.join(["1", '"a,b;c|d\te"', "f"])
    table = open_table(write(tmp_path, delimiter.join(["n", "texte", "x"]) + f"\n{line}\n{line}\n"))
    assert table.form.delimiter == delimiter
    assert [row.cells for row in table.rows()] == [["1", "a,b;c|d\te", "f"]] * 2


def test_one_column_is_a_table_and_lines_may_end_in_any_way(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        table = open_table(write(tmp_path, end.join(["nom", "Moreau", "Dupont", ""])))
        assert (table.header, [row.cells for row in table.rows()]) == (["nom"], [["Moreau"], ["Dupont"]])


def test_a_quoted_cell_may_hold_lines_and_its_row_is_named_by_the_first(tmp_path):
    table = open_table(write(tmp_path, 'n;notes\n1;"un\ndeux"\n2;trois\n'))
    assert [(row.line, row.cells) for row in table.rows()] == [(2, ["1", "un\ndeux"]), (4, ["2", "trois"])]


def test_rows_that_are_too_short_or_too_long_or_hold_a_null_are_at_fault_alone(tmp_path):
    table = open_table(write(tmp_path, b"a;b\n1\n1;2\n1;2;3\n1;2;;\n1;x\x00y\n"))
    assert [(row.line, bool(row.fault)) for row in table.rows()] == [
        (2, True),
        (3, False),
        (4, True),
        (5, False),
        (6, True),
    ]


def test_a_workbook_is_read_as_texts(tmp_path):
    path = tmp_path / "classeur.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "nom", "montant", "jour"])
        sheet.write_row(1, 0, [1001, "Été", 12.5])
        sheet.write_datetime(1, 3, datetime.combine(date(2026, 11, 21), datetime.min.time()), day)
    (row,) = open_table(path).rows()
    assert row.cells == ["1001", "Été", "12.5", "2026-11-21"]


def test_a_row_with_a_formula_is_at_fault_alone(tmp_path):
    path = tmp_path / "classeur.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "nom"])
        sheet.write_row(1, 0, ["1", "Moreau"])
        sheet.write_string(2, 0, "2")
        sheet.write_formula(2, 1, "=1+1", None, 2)
    assert [bool(row.fault) for row in open_table(path).rows()] == [False, True]


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 250_000_000)
    return packed.getvalue()


def other_zip():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("photo.jpg", b"x")
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b";;;\n1;2;3\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10,
        b"%PDF-1.7\n\x00\x01\x02\x03",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
        b"PK\x03\x04",
        other_zip(),
        b"nom;Nom \n1;2\n",
        b";".join(b"c%d" % n for n in range(301)) + b"\n",
        b"c," * 1_000_000 + b"\n",
        ("nom\nÉté\n".encode() + "Été\n".encode("cp1252")),
        b"nom\n\x81\x8d\x8f\n",
        b"\xff\xfe" + "nom\nÉté".encode("utf-16-le") + b"\x00\xd8\x41\x00",
        b'nom;ville\n1;"ouvert\n2;x\n',
        b'nom;ville\n1;"a"b\n',
        b"nom\n" + b"x" * 5_000_000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path, content):
    with pytest.raises(Refusal) as refused:
        list(open_table(write(tmp_path, content)).rows())
    assert refused.value.code == "E-FILE"


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path):
    content = bomb()
    assert len(content) < 300_000
    with pytest.raises(Refusal, match="E-FILE"):
        open_table(write(tmp_path, content))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    read_or_refuse(write(tmp_path, content))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=6), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_any_table_is_read_or_refused(tmp_path, rows, encoding):
    text = "\n".join(";".join(row) for row in rows)
    read_or_refuse(write(tmp_path, text.encode(encoding, "replace")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mangled_workbook_is_read_or_refused(tmp_path, data):
    content = bytearray(small_workbook())
    for _change in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(write(tmp_path, bytes(content[: data.draw(st.integers(1, len(content)))])))


def read_or_refuse(path):
    try:
        rows = list(open_table(path).rows())
    except Refusal:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row.cells)


@pytest.mark.parametrize("far", ['<c r="XFD1048576"><v>1</v></c>', '<c r="a1"/><c r="zzzzzzz9"><is><t>x</t></is></c>'])
def test_two_cells_in_opposite_corners_do_not_take_the_process_down(tmp_path, far):
    small = write(tmp_path, small_workbook(), "petit.xlsx")
    path = tmp_path / "vaste.xlsx"
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", f'<row r="1048576">{far}</row></sheetData>'.encode())
            target.writestr(info.filename, content)
    with pytest.raises(Refusal) as refused:
        open_table(path)
    assert refused.value.code == "E-FILE"


def test_a_sheet_of_which_far_cells_are_only_coloured_is_read(tmp_path):
    path = tmp_path / "classeur.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "nom"])
        sheet.write_row(1, 0, ["1", "Été"])
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bg_color": "#ff0000"}))
    assert [row.cells for row in open_table(path).rows()] == [["1", "Été"]]
