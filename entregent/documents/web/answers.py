"""How a file is given out: as a download that no browser runs. Who may have it was settled before."""

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from entregent.documents.files import opened, pieces_of
from entregent.documents.models import StoredFile
from entregent.toolbox.errors import NotFound

# What a page may show in place; everything else is only ever downloaded.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# Given out under their own type; a page, a drawing or a script is given out as mere octets.
_HARMLESS = SHOWN | {
    "application/pdf", "application/zip", "application/rtf", "text/plain", "text/vcard", "text/calendar",
    "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "image/tiff", "image/heic",
}  # fmt: skip


def file_answer(file: StoredFile, *, inline: bool = False) -> HttpResponseBase:
    """The content as an attachment (`inline` for pictures), streamed. What is infected is given to nobody."""
    if file.scan == StoredFile.Scan.INFECTED:
        raise NotFound
    opened(file).close()  # Gone is said before anything is sent.
    is_known = file.media_type in _HARMLESS or "openxmlformats" in file.media_type or "opendocument" in file.media_type
    answer = StreamingHttpResponse(
        pieces_of(file), content_type=file.media_type if is_known else "application/octet-stream"
    )
    is_attachment = not (inline and file.media_type in SHOWN)
    answer.headers["Content-Disposition"] = content_disposition_header(is_attachment, file.name) or "inline"
    answer.headers["Content-Length"] = str(file.size)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
