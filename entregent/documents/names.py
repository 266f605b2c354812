"""The name of a file as people may see it, of whatever a browser, a mail or an attacker gave."""

import unicodedata

MOST = 200
# Characters that change the direction of what follows (an « exe » read as « pdf »), or that nobody sees.
_HIDDEN = frozenset("\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff") | {
    chr(code) for start, end in ((0x202A, 0x202F), (0x2066, 0x206A)) for code in range(start, end)
}
# What a file system or a shell would take for something else.
_FORBIDDEN = frozenset('<>:"|?*')


def clean_name(name: str) -> str:
    """Without its folders, control and direction characters; at most 200 characters, the extension kept."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        " " if c.isspace() else "_" if c in _FORBIDDEN else c
        for c in name
        if (c.isspace() or c.isprintable()) and c not in _HIDDEN
    )
    name = " ".join(kept.split()).strip(". ")
    if not name:
        return "fichier"
    if len(name) > MOST:
        stem, dot, extension = name.rpartition(".")
        if dot and 0 < len(extension) <= 10:
            name = f"{stem[: MOST - len(extension) - 1].rstrip()}.{extension}"
        else:
            name = name[:MOST].rstrip()
    return name


def extension_of(name: str) -> str:
    """« pdf » of « Bail.PDF »; "" where there is none."""
    return name.rpartition(".")[2].casefold() if "." in name else ""
