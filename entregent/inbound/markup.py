"""The HTML of mails: made into text, or cleaned for a page that shows it and does nothing."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

# More is no letter: the rest is in the raw mail.
MOST_CHARACTERS = 2_000_000

_TAGS = frozenset(
    """
    a abbr b blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins
    kbd li ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr u ul
    """.split()  # noqa: SIM905
)
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "valign", "width", "height", "bgcolor", "color"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "table": {"border", "cellpadding", "cellspacing"},
    "font": {"color", "size"},
    "ol": {"start", "type"},
}
# With what they hold: it is no text.
_DROPPED = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}


_OPENED_OR_CLOSED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
# They are closed by what follows them, or hold nothing.
_NOT_NESTED = {
    "br",
    "img",
    "hr",
    "p",
    "li",
    "td",
    "th",
    "tr",
    "meta",
    "link",
    "input",
    "col",
    "dd",
    "dt",
    "option",
    "wbr",
}
_DEEPEST = 400
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")


def _bounded(html: str) -> str:
    """`html`, without its tags where they are nested deeper than anybody writes: reading those takes quadratic time."""
    html = html[:MOST_CHARACTERS]
    depth = 0
    for found in _OPENED_OR_CLOSED.finditer(html):
        if found.group(2).lower() in _NOT_NESTED:
            continue
        depth = max(0, depth - 1) if found.group(1) else depth + 1
        if depth > _DEEPEST:
            return _ANY_TAG.sub(" ", html).replace("<", " ")
    return html


def cleaned(html: str, *, images: dict[str, str], remote: bool = False) -> tuple[str, int]:
    """(`html` without anything that acts or calls out, how many remote images it asks for).

    `images` gives an address of ours for the Content-ID of a picture that came with the mail. Remote pictures are left
    out unless `remote`.
    """
    asked = 0

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal asked
        if tag == "img" and name == "src":
            scheme = value.strip().partition(":")[0].lower()
            if scheme == "cid":
                return images.get(value.strip()[4:].strip("<>"))
            if scheme in ("http", "https"):
                asked += 1
                return value if remote else None
            return value if value.startswith("data:image/") and not value.startswith("data:image/svg") else None
        if name == "href":
            try:
                return value if urlsplit(value.strip()).scheme.lower() in _LINK_SCHEMES else None
            except ValueError:
                return None
        return value

    clean = nh3.clean(
        _bounded(html),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        clean_content_tags=_DROPPED,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        attribute_filter=attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return clean, asked


_BLOCKS = {
    "address", "blockquote", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "table", "tr", "ul",
}  # fmt: skip
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_BLANK_LINES = re.compile(r"\n{3,}")


class _Text(HTMLParser):
    """Reads HTML that was cleaned: well formed, without scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.links: list[str] = []
        self.preformatted = 0

    def handle_starttag(self, tag, attributes):
        if tag == "br":
            self._end_line(keep_blank=True)
        elif tag in _BLOCKS:
            self._end_line()
            if tag == "p" and self.lines and self.lines[-1].strip("> "):
                self.lines.append("> " * self.depth)
            if tag == "li":
                self.line.append("- ")
        elif tag in ("td", "th") and self.line:
            self.line.append(" ")
        elif tag == "img":
            alt = dict(attributes).get("alt") or ""
            if alt.strip():
                self.line.append(f"[{alt.strip()}]")
        if tag == "blockquote":
            self.depth = min(self.depth + 1, 9)
        elif tag == "pre":
            self.preformatted += 1
        elif tag == "a":
            self.links.append(dict(attributes).get("href") or "")

    def handle_endtag(self, tag):
        if tag == "a" and self.links:
            address = self.links.pop()
            told = "".join(self.line)
            if address.startswith(("http://", "https://")) and len(address) <= 300 and address not in told:
                self.line.append(f" <{address}>")
        if tag in _BLOCKS:
            self._end_line()
        if tag == "blockquote":
            self.depth = max(0, self.depth - 1)
        elif tag == "pre":
            self.preformatted = max(0, self.preformatted - 1)

    def handle_data(self, data):
        if self.preformatted:
            for number, piece in enumerate(data.split("\n")):
                if number:
                    self._end_line(keep_blank=True)
                self.line.append(piece)
        else:
            self.line.append(_SPACES.sub(" ", data))

    def _end_line(self, *, keep_blank: bool = False) -> None:
        told = "".join(self.line)
        told = told.rstrip() if self.preformatted else _SPACES.sub(" ", told).strip()
        self.line.clear()
        if told or keep_blank:
            self.lines.append("> " * self.depth + told)

    def text(self) -> str:
        self._end_line()
        return _BLANK_LINES.sub("\n\n", "\n".join(self.lines)).strip()


def as_text(html: str) -> str:
    """What a reader would read: lines, lists as lines, quotations with « > », addresses behind links."""
    clean = nh3.clean(
        _bounded(html), tags=set(_TAGS), attributes={"a": {"href"}, "img": {"alt"}}, clean_content_tags=_DROPPED,
        link_rel=None,
    )  # fmt: skip
    reader = _Text()
    reader.feed(clean)
    reader.close()
    return reader.text()
