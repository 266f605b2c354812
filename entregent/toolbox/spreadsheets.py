"""Rows as CSV for spreadsheets: UTF-8 with its mark, semicolons.

No cell is ever a formula: what begins like one gets an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value) -> str:
    """The text of a cell that no spreadsheet calculates. Numbers keep their sign; « +33 2… » gets its apostrophe."""
    text = "" if value is None else str(value)
    if text.lstrip(" \u00a0").startswith(_RISKY) and not _is_number(text):
        return f"'{text}"
    return text


def csv_pieces(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    yield b"\xef\xbb\xbf"
    writer.writerow([safe_cell(cell) for cell in header])
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        if text.tell() > 64_000:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    # « +33261910042 » is a phone, not a figure.
    return not text.startswith("+") and text[1:2].isdigit()
