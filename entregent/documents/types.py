"""What a file is, told by its content and never by its name; and what is taken from nobody.

Programs and scripts are refused whatever they are called (E-004-TYPE), and so is what a computer would run by its name
alone. Nothing is ever unpacked here.
"""

import puremagic

from entregent.documents.names import extension_of

# How much of a file is looked at.
HEAD = 64 * 1024
UNKNOWN = "application/octet-stream"

_PROGRAMS = (
    # Windows, Linux, macOS, Java
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe",
    b"\0asm", b"dex\n", b"#!",
    b"L\0\0\0\x01\x14\x02\0",  # a Windows shortcut
    b"ITSF",  # compiled help
)  # fmt: skip
# Where they stand in the head: PHP runs whatever comes before it, « polyglots » hide there.
_SCRIPTS = (b"<?php", b"__halt_compiler", b"<%@ page", b"<%@page", b"<job>", b"<hta:application")
_RUN_BY_NAME = frozenset(
    """
    ade adp apk app appx bat cgi chm class cmd com command cpl dll dmg elf exe fxp gadget hta htaccess inf ins isp jar
    jnlp js jse jsp ksh lib lnk mde msc msi msix msp mst phar php php3 php4 php5 php7 phps pht phtml pif pkg pl prg ps1
    ps1xml ps2 psc1 psd1 psm1 py pyc pyo pyw rb reg rpm run scf scpt scr sct sh shb shs sys tcl url vb vbe vbs vxd wasm
    workflow ws wsc wsf wsh xbap xll zsh asp aspx ashx asmx deb desktop so dylib
    """.split()  # noqa: SIM905
)
# A package of programs by what its first entries are called.
_PACKED_PROGRAMS = (b"META-INF/MANIFEST.MF", b"AndroidManifest.xml", b"classes.dex")
# The root of an installer stands in its compound file.
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")

_STARTS = (
    (b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"), (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"), (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"), (b"Rar!\x1a\x07", "application/vnd.rar"),
)  # fmt: skip
_IN_ZIP = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.presentation",
    ),
    (b"mimetypeapplication/epub+zip", "application/epub+zip"),
)
_IN_COMPOUND = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__substg1.0_", "application/vnd.ms-outlook"),
)


def is_program(name: str, head: bytes) -> bool:
    """Is this a program or a script, or would a computer run it for its name?"""
    if extension_of(name) in _RUN_BY_NAME or head.startswith(_PROGRAMS):
        return True
    lowered = head.lower()
    if any(mark in lowered for mark in _SCRIPTS):
        return True
    if head.startswith(b"PK\x03\x04"):
        return any(mark in head for mark in _PACKED_PROGRAMS)
    return head.startswith(b"\xd0\xcf\x11\xe0") and _INSTALLER in head


def media_type_of(head: bytes) -> str:
    """« application/pdf »; what nobody knows is `application/octet-stream`."""
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    if head.startswith(b"PK\x03\x04"):
        return next((media_type for mark, media_type in _IN_ZIP if mark in head), "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        wide = ((mark.encode("utf-16-le"), media_type) for mark, media_type in _IN_COMPOUND)
        return next((media_type for mark, media_type in wide if mark in head), "application/x-ole-storage")
    text = _as_text(head)
    if text is not None:
        return _type_of_text(text)
    return _guessed(head)


def _as_text(head: bytes) -> str | None:
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    for cut in range(4):  # The head may end within a character.
        try:
            text = head[: len(head) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if sum(not (c.isprintable() or c.isspace()) for c in text) <= len(text) // 100 else None
    printable = sum(32 <= octet < 127 or octet in (9, 10, 13) or octet >= 160 for octet in head)
    return head.decode("latin-1") if printable == len(head) else None


def _type_of_text(text: str) -> str:
    start = text.lstrip("\ufeff \t\r\n").lower()
    # A browser looks for these itself when nobody forbids it.
    if "<svg" in start:
        return "image/svg+xml"
    if any(mark in start[:2000] for mark in ("<!doctype html", "<html", "<script", "<body", "<iframe", "<head")):
        return "text/html"
    if start.startswith("<?xml"):
        return "text/xml"
    if start.startswith("begin:vcard"):
        return "text/vcard"
    if start.startswith("begin:vcalendar"):
        return "text/calendar"
    return "text/plain"


def _guessed(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError, IndexError):
        return UNKNOWN
    sure = [match for match in found if match.mime_type and match.confidence >= 0.7]
    guess = sure[0].mime_type if sure else UNKNOWN
    # Nothing that a browser would run is guessed.
    return UNKNOWN if any(word in guess for word in ("html", "xml", "script", "flash")) else guess[:120]
