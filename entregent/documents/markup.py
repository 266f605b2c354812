"""The small closed markup of letters and mails. What it does not know is plain text.

    # Titre            a title of a part, alone on its line
    **gras**  *italique*
    - ligne            a list; « 1. ligne » a numbered one
    | a | b |          a row of a table; a row of dashes below the first makes it the head, « --: » aligns to the right
    ---                a rule
    >> Directrice      lines on the right: signature
    a line that ends with two spaces, or « \\ », is broken there

A blank line parts paragraphs. Lines of a paragraph are joined, as in a mail program that wraps. What variables give is
no markup: `literal` hides its marks (`documents.texts.render(…, guard=literal)`) and they stand again in what is drawn.
"""

import re
from dataclasses import dataclass, field

# The marks, one to one, as characters for private use: hidden while the text is cut, then put back.
_MARKS = "*#-•|>\\.)\n"
_HIDE = {ord(mark): 0xE100 + number for number, mark in enumerate(_MARKS)}
_SHOW = {hidden: mark for mark, hidden in _HIDE.items()}
# Of what people type these would be taken for hidden marks.
_PRIVATE = dict.fromkeys(range(0xE100, 0xE100 + len(_MARKS)))

_STRONG = re.compile(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*|\*(?=\S)([^*]+)(?<=\S)\*")
_ITEM, _NUMBERED = re.compile(r"[-•]\s+(.*)"), re.compile(r"\d{1,3}[.)]\s+(.*)")
_RULES = re.compile(r"\|?[\s:|-]*-[\s:|-]*\|?")


def literal(text: str) -> str:
    """What a variable gives, with its marks hidden; line breaks stay line breaks."""
    return text.translate(_PRIVATE).replace("\r\n", "\n").translate(_HIDE)


def _shown(text: str) -> str:
    return text.translate(_SHOW)


@dataclass
class Run:
    """A piece of a line in one style: "" | "b" | "i"; a line break is the text "\\n"."""

    text: str
    style: str = ""


@dataclass
class Block:
    """kind: p (paragraph) · h (title) · ul · ol · table · rule · right. `rows` hold runs: items, or cells of a row."""

    kind: str
    runs: list[Run] = field(default_factory=list)
    items: list[list[Run]] = field(default_factory=list)
    rows: list[list[list[Run]]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)
    has_head: bool = False

    def data(self) -> dict:
        """As JSON holds it, for the program that draws letters."""

        def told(runs):
            return [[run.text, run.style] for run in runs]

        return {
            "kind": self.kind,
            "runs": told(self.runs),
            "items": [told(item) for item in self.items],
            "rows": [[told(cell) for cell in row] for row in self.rows],
            "aligns": self.aligns,
            "head": self.has_head,
        }


def blocks_of(text: str) -> list[Block]:
    """The blocks of a text whose variables have been filled in."""
    blocks: list[Block] = []
    lines = text.replace("\r\n", "\n").split("\n")
    position = 0
    while position < len(lines):
        line = lines[position].strip()
        if not line:
            position += 1
        elif line.startswith("# "):
            blocks.append(Block("h", _runs(line[2:])))
            position += 1
        elif re.fullmatch(r"-{3,}", line):
            blocks.append(Block("rule"))
            position += 1
        elif line.startswith("|"):
            rows, position = _taken(lines, position, lambda one: one.startswith("|"))
            blocks.append(_table(rows))
        elif _ITEM.fullmatch(line) or _NUMBERED.fullmatch(line):
            pattern = _ITEM if _ITEM.fullmatch(line) else _NUMBERED
            items, position = _taken(lines, position, lambda one, pattern=pattern: pattern.fullmatch(one) is not None)
            kind = "ul" if pattern is _ITEM else "ol"
            blocks.append(Block(kind, items=[_runs(_inner(pattern, item)) for item in items]))
        elif line.startswith(">>"):
            said, position = _taken(lines, position, lambda one: one.startswith(">>"))
            blocks.append(Block("right", _joined([one[2:].strip() for one in said], broken=True)))
        else:
            start = position
            while position < len(lines) and _is_plain(lines[position].strip()):
                position += 1
            position = max(position, start + 1)
            blocks.append(Block("p", _joined(lines[start:position])))
    return [block for block in blocks if not _is_empty(block)]


def plain(blocks: list[Block]) -> str:
    """As a mail without HTML says it: paragraphs parted by blank lines."""
    said = []
    for block in blocks:
        if block.kind in ("ul", "ol"):
            marks = [f"{n}. " if block.kind == "ol" else "- " for n in range(1, len(block.items) + 1)]
            said.append("\n".join(mark + _words(item) for mark, item in zip(marks, block.items, strict=True)))
        elif block.kind == "table":
            said.append("\n".join(" | ".join(_words(cell) for cell in row) for row in block.rows))
        elif block.kind != "rule":
            said.append(_words(block.runs))
    return "\n\n".join(said)


def _words(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def _is_plain(line: str) -> bool:
    """Does this line go on with a paragraph?"""
    if not line or line.startswith(("# ", "|", ">>")) or re.fullmatch(r"-{3,}", line):
        return False
    return not (_ITEM.fullmatch(line) or _NUMBERED.fullmatch(line))


def _taken(lines: list[str], position: int, wanted) -> tuple[list[str], int]:
    found = []
    while position < len(lines) and wanted(lines[position].strip()):
        found.append(lines[position].strip())
        position += 1
    return found, position


def _inner(pattern: re.Pattern, line: str) -> str:
    found = pattern.fullmatch(line)
    return found.group(1) if found else line


def _table(lines: list[str]) -> Block:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    block = Block("table")
    if len(rows) > 1 and _RULES.fullmatch(lines[1]):
        block.has_head = True
        block.aligns = ["right" if cell.endswith(":") and cell[:1] != ":" else "left" for cell in rows.pop(1)]
    width = max(len(row) for row in rows)
    block.aligns = (block.aligns + ["left"] * width)[:width]
    block.rows = [[_runs(cell) for cell in row + [""] * (width - len(row))] for row in rows]
    return block


def _joined(lines: list[str], *, broken: bool = False) -> list[Run]:
    """The lines of a paragraph as runs: joined by a space, or broken where the writer says so."""
    text = ""
    for line in lines:
        ends = broken or line.endswith(("  ", "\\"))
        text += line.strip().removesuffix("\\").rstrip() + ("\n" if ends else " ")
    return _runs(text.strip())


def _runs(text: str) -> list[Run]:
    runs, end = [], 0
    for found in _STRONG.finditer(text):
        runs.append(Run(text[end : found.start()]))
        runs.append(Run(found.group(1) or found.group(2), "b" if found.group(1) else "i"))
        end = found.end()
    runs.append(Run(text[end:]))
    return [Run(_shown(run.text), run.style) for run in runs if run.text]


def _is_empty(block: Block) -> bool:
    """A paragraph of which a condition left nothing."""
    return block.kind in ("p", "h", "right") and not "".join(run.text for run in block.runs).strip()
