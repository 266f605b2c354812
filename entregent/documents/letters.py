"""Letters as PDF, drawn by Typst from data. What people write is data, never a program; nothing is loaded from outside.

Typst sees a folder of its own with at most the logo in it, the fonts that it brings along, and no package.
"""

import json
import re
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import typst
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.documents import markup, texts
from entregent.documents.files import opened
from entregent.documents.models import DocumentTemplate, Letterhead, StoredFile
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal

PROGRAM = Path(__file__).with_name("letter.typ").read_bytes()
# Several PDFs as one, page by page as they are.
_TOGETHER = b"""
#let pages = json(bytes(sys.inputs.pages))
#set page(margin: 0pt)
#for one in pages {
  page(width: one.width * 1pt, height: one.height * 1pt, image(one.file, page: one.page, width: 100%, alt: one.alt))
}
"""
# Of a preview, and how large its pages are drawn.
MOST_PREVIEWED, PREVIEW_PPI = 4, 84
# Of a logo as it is given: what it may unfold to. And the program that draws it at the size that letters need.
_MOST_PIXELS = 40_000_000
_LOGO = b"""
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#if sys.inputs.wide == "1" { image("logo", width: 70mm) } else { image("logo", height: 40mm) }
"""


def letterhead_of(organization: Organization) -> Letterhead:
    """The letterhead, or what stands for it until somebody fills it in."""
    found = Letterhead.objects.filter(organization=organization).select_related("logo").first()
    if found is not None:
        return found
    is_canadian = organization.country in ("CA", "US")
    window = Letterhead.Window.CANADIAN if is_canadian else Letterhead.Window.FRENCH
    return Letterhead(organization=organization, window=window)


def pdf_of(
    template: DocumentTemplate,
    facts: texts.Facts,
    *,
    language: str,
    organization: Organization,
    letterhead: Letterhead | None = None,
    written: tuple[str, str] | None = None,
) -> bytes:
    """The letter as PDF. A variable that is not there is a Refusal that names it (E-001-TEMPLATE)."""
    return drawn(
        data_of(template, facts, language=language, organization=organization, letterhead=letterhead, written=written)
    )


def pictures_of(
    template: DocumentTemplate,
    facts: texts.Facts,
    *,
    language: str,
    organization: Organization,
    letterhead: Letterhead | None = None,
    written: tuple[str, str] | None = None,
) -> list[bytes]:
    """The first pages of the letter as PNG, to be looked at while it is written."""
    data = data_of(
        template, facts, language=language, organization=organization, letterhead=letterhead, written=written
    )
    drawing = _compiled(data, output="png", ppi=PREVIEW_PPI)
    pages = [drawing] if isinstance(drawing, bytes) else list(drawing)
    return pages[:MOST_PREVIEWED]


def data_of(
    template: DocumentTemplate,
    facts: texts.Facts,
    *,
    language: str,
    organization: Organization,
    letterhead: Letterhead | None = None,
    written: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """All that the drawing of a letter needs: its texts filled in and cut into blocks, under the letterhead.

    `written` is (subject, text) as somebody has rewritten them for this one letter: markup, no variables any more.
    """
    head = letterhead if letterhead is not None else letterhead_of(organization)
    subject, blocks = said(template, facts, language=language, written=written)
    is_french = head.window == Letterhead.Window.FRENCH
    told = typographic if language == "fr" else str
    for block in blocks:
        for runs in (block.runs, *block.items, *(cell for row in block.rows for cell in row)):
            for run in runs:
                run.text = told(run.text)
    footer = head.footer_en if language == "en" else head.footer_fr
    with translation.override(language):
        client_label, subject_label = _("N° client :"), _("Objet :")
    client = facts.get("client") or {}
    number = str(client.get("number") or "")
    return {
        "window": head.window,
        "paper": "a4" if is_french else "us-letter",
        "language": language,
        "region": "CA" if not is_french else "FR" if language == "fr" else "GB",
        "colour": head.colour if re.fullmatch(r"#[0-9a-fA-F]{6}", head.colour or "") else "#333333",
        "sender": {"name": head.name or organization.name, "lines": _lines(head.address)},
        "logo": head.logo,
        "place": head.place,
        "day": str(facts.get("today") or ""),
        "address": [str(line) for line in client.get("address_block") or []][:8],
        "references": [[client_label, number]] if number else [],
        "subject_label": subject_label,
        "subject": told(subject),
        "blocks": [block.data() for block in blocks],
        "footer": _lines(footer)[:4],
    }


def said(
    template: DocumentTemplate, facts: texts.Facts, *, language: str, written: tuple[str, str] | None = None
) -> tuple[str, list[markup.Block]]:
    """(subject, blocks of the text) of a template with its variables filled in, or as it was rewritten."""
    if written is not None:
        return " ".join(written[0].split()), markup.blocks_of(written[1])
    subject = texts.render(template.subject_in(language), facts, where=_("Objet"), field=f"subject_{language}")
    body = texts.render(
        template.body_in(language), facts, where=_("Texte"), field=f"body_{language}", guard=markup.literal
    )
    return " ".join(subject.split()), markup.blocks_of(body)


def filled_in(template: DocumentTemplate, facts: texts.Facts, *, language: str) -> tuple[str, str]:
    """(subject, text in markup) with the variables filled in, for who rewrites them before the letter leaves."""
    subject = texts.render(template.subject_in(language), facts, where=_("Objet"), field=f"subject_{language}")
    body = texts.render(template.body_in(language), facts, where=_("Texte"), field=f"body_{language}")
    # A condition that left nothing leaves an empty line.
    return " ".join(subject.split()), re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", body).strip()


def mail_of(
    template: DocumentTemplate, facts: texts.Facts, *, language: str, written: tuple[str, str] | None = None
) -> tuple[str, list[str]]:
    """(subject, paragraphs) of a mail that says what the template says (`outbox.actions.send_mail`)."""
    subject, blocks = said(template, facts, language=language, written=written)
    return subject, [markup.plain([block]) for block in blocks if block.kind != "rule"]


def drawn(data: dict[str, Any]) -> bytes:
    """The PDF of what `data_of` gave."""
    return cast(bytes, _compiled(data, output="pdf"))


def _compiled(data: dict[str, Any], *, output: str, ppi: float | None = None) -> Any:
    with tempfile.TemporaryDirectory(prefix="letter-") as folder:
        logo = _logo(data["logo"])
        if logo:
            Path(folder, "logo.png").write_bytes(logo)
        told = data | {"logo": "logo.png" if logo else None}
        return _typeset(PROGRAM, folder, {"letter": _json(told)}, output=output, ppi=ppi)


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def _typeset(program: bytes, folder: str, inputs: dict[str, str], *, output: str, ppi: float | None = None) -> Any:
    compiler = typst.Compiler(
        program,
        root=folder,
        font_paths=_fonts(),
        # No package is asked for, and none would be found.
        package_path=folder,
        package_cache_path=folder,
    )
    return compiler.compile(program, format=cast(Any, output), ppi=ppi, sys_inputs=inputs)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


_BEFORE = re.compile(r" (?=[:;?!»%€])")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


def typographic(text: str) -> str:
    """French typography: no line begins with « : », and « l'eau » has the apostrophe of books."""
    return _APOSTROPHE.sub("’", _BEFORE.sub("\u00a0", text).replace("« ", "«\u00a0"))


# Logos


def _logo(file: StoredFile | None) -> bytes:
    """As PNG; b"" where it is gone. Drawn anew by ourselves when it was taken (`logo_png`)."""
    if file is None or file.removed_at is not None:
        return b""
    return _content(file.pk, file.key)


@lru_cache(maxsize=32)
def _content(pk: int, key: str) -> bytes:
    # A file's content never changes under its key.
    with opened(StoredFile(pk=pk, key=key)) as content:
        return content.read()


def logo_png(content: bytes) -> bytes:
    """What somebody gave as a logo (PNG or JPEG), drawn anew as a PNG of a sane size; else E-004-TYPE."""
    width, height = _measures(content)
    if not 0 < width * height <= _MOST_PIXELS:
        raise _no_picture()
    with tempfile.TemporaryDirectory(prefix="logo-") as folder:
        Path(folder, "logo").write_bytes(content)
        try:
            png = _typeset(_LOGO, folder, {"wide": "1" if width >= height else ""}, output="png", ppi=300)
        except typst.TypstError:
            raise _no_picture() from None
    return cast(bytes, png)


def _no_picture() -> Refusal:
    return Refusal("E-004-TYPE", _("Choisissez une image PNG ou JPEG."), field="logo", status=415)


def _measures(content: bytes) -> tuple[int, int]:
    """Width and height as the head of a PNG or a JPEG says; (0, 0) of anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if not content.startswith(b"\xff\xd8"):
        return 0, 0
    position = 2
    while position + 9 < len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(content[position + 5 : position + 7], "big")
            return int.from_bytes(content[position + 7 : position + 9], "big"), height
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return 0, 0


# Several letters in one PDF


_PAGES = re.compile(rb"/Type\s*/Pages\s*/Count\s+(\d+)")
_BOX = re.compile(rb"/MediaBox\s*\[\s*([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*\]")


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF of our own making has."""
    found = _PAGES.search(pdf)
    return int(found.group(1)) if found else 1


def batch_pdf(letters: Sequence[tuple[bytes, str]]) -> bytes:
    """One PDF of letters of our own making, (PDF, title) each, in their order and as they were kept."""
    with tempfile.TemporaryDirectory(prefix="letters-") as folder:
        pages = []
        for number, (pdf, title) in enumerate(letters):
            name = f"{number}.pdf"
            Path(folder, name).write_bytes(pdf)
            box = _BOX.search(pdf)
            width, height = (float(box.group(3)), float(box.group(4))) if box else (595.28, 841.89)
            pages += [
                {"file": name, "page": page, "width": width, "height": height, "alt": title}
                for page in range(1, pages_of(pdf) + 1)
            ]
        return cast(bytes, _typeset(_TOGETHER, folder, {"pages": _json(pages)}, output="pdf"))
