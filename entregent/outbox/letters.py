"""How a mail looks: text and HTML drawn from one layout, in the reader's language, with nothing loaded from outside."""

import re
from functools import cache
from typing import cast

import css_inline
from django.conf import settings
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.utils import translation

from entregent.outbox.extension_points import Letterhead

_LINK = re.compile(r"https?://[^\s<>\"']+")


def compose(
    *, subject: str, paragraphs: list[str], button: tuple[str, str] | None, letterhead: Letterhead | None, language: str
) -> tuple[str, str]:
    """(text, HTML) of a mail. `button` is (label, address); its address stands in the text under its label."""
    with translation.override(language):
        signature = letterhead.signature(language).strip() if letterhead is not None else ""
        parts = list(paragraphs)
        if button is not None:
            label, address = button
            parts.append(f"{label}\n{address}")
        text = "\n\n".join(parts) + "\n"
        if signature:
            text += f"\n-- \n{signature}\n"
        drawn = cast(Jinja2, engines["jinja2"]).env.get_template("outbox/mail.html").render(
            lang=language,
            subject=subject,
            name=letterhead.name if letterhead is not None else "Entregent",
            paragraphs=[with_links(paragraph) for paragraph in paragraphs],
            button=button,
            signature=signature,
        )  # fmt: skip
    return text, _inliner().inline(drawn)


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of a plain text: what blank lines part."""
    return [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")) if part.strip()]


def with_links(text: str) -> list[tuple[str, bool]]:
    """(piece, is it a link) of a plain text. Only links to this very instance are made to click."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces.append((text[end : found.start()], False))
        pieces.append((found.group(), found.group().startswith(f"{settings.PUBLIC_URL}/")))
        end = found.end()
    return [*pieces, (text[end:], False)]


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
