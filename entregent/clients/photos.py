"""What is taken for a photo: the kinds of picture that every browser shows, told by their first octets."""

from django.utils.translation import gettext as _

from entregent.toolbox.errors import Refusal

# Kept as they came: nothing here draws pictures smaller.
MOST = 500_000
_STARTS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}


def media_type_of(content: bytes) -> str | None:
    """The kind of picture, whatever its name says; None for what is none of those."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for start, media_type in _STARTS.items() if content.startswith(start)), None)


def too_heavy() -> Refusal:
    return Refusal("E-PHOTO", _("Cette photo est trop lourde : 500 ko au plus."), field="photo")


def checked(content: bytes) -> str:
    """The kind of picture; refuses what is too heavy, empty or no picture."""
    if len(content) > MOST:
        raise too_heavy()
    media_type = media_type_of(content)
    if media_type is None:
        raise Refusal("E-PHOTO", _("Ce fichier n’est pas une photo JPEG, PNG, GIF ou WebP."), field="photo")
    return media_type
