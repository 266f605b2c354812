"""Word documents and pictures for tests."""

import struct
import zipfile
import zlib
from io import BytesIO

from docx import Document

from entregent.documents.files import opened


def docx(text: str, more: dict[str, bytes] | None = None) -> bytes:
    """A Word document of one paragraph, and further parts."""
    document = Document()
    document.add_paragraph(text)
    out = BytesIO()
    document.save(out)
    if more:
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
            for name, content in more.items():
                parts.writestr(name, content)
    return out.getvalue()


def text_of(file) -> str:
    with opened(file) as content:
        return "\n".join(paragraph.text for paragraph in Document(BytesIO(content.read())).paragraphs)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Red, 8 × 4.
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 4, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress((b"\x00" + b"\xff\x00\x00" * 8) * 4))
    + _chunk(b"IEND", b"")
)
