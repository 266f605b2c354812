"""Keeping files and letting them go. Who may do so is said by who links to them."""

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from uuid import uuid4

from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.documents import letters, scanner, texts, types, word
from entregent.documents.files import PIECE, opened, storage
from entregent.documents.models import (
    FIRST_LIMIT,
    LARGEST_LIMIT,
    MEGABYTE,
    SMALLEST_LIMIT,
    DocumentTemplate,
    FileSettings,
    Letter,
    StoredFile,
    Upload,
)
from entregent.documents.names import clean_name
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import NotFound, Refusal

# What stays in memory while a file is looked at; the rest goes to a temporary file.
IN_MEMORY = 1024 * 1024
# Of a file that comes piece by piece; the browser sends pieces of 4 MB.
LARGEST_PIECE = 16 * 1024 * 1024
# Of one person in a day: files begun whose pieces have not all come, and files for which no form has come.
MOST_UNFINISHED, MOST_NOT_TAKEN = 50, 200


def largest_of(organization_id: int) -> int:
    """The most octets that one file of this organization may have."""
    found = FileSettings.objects.filter(organization_id=organization_id).values_list("largest", flat=True).first()
    return (found or FIRST_LIMIT) * MEGABYTE


def no_files() -> Refusal:
    return Refusal("E-004-NOFILES", _("Ajoutez au moins un fichier."), field="files")


def too_large(most: int) -> Refusal:
    return Refusal(
        "E-004-SIZE",
        _("Fichier trop volumineux : %(n)s Mo au plus.") % {"n": f"{most / MEGABYTE:.0f}"},
        field="files",
        status=413,
    )


def wrong_type(name: str) -> Refusal:
    return Refusal(
        "E-004-TYPE", _("Type de fichier non autorisé : « %(name)s ».") % {"name": name}, field="files", status=415
    )


def infected(name: str) -> Refusal:
    return Refusal(
        "E-004-VIRUS", _("Un virus a été trouvé dans « %(name)s ».") % {"name": name}, field="files", status=422
    )


def taken_out(name: str) -> Refusal:
    message = _("Ce fichier a été retiré : « %(name)s ». Ajoutez-le de nouveau.") % {"name": name}
    return Refusal("E-004-REMOVED", message, field="files", status=409)


def not_scanned_now() -> Refusal:
    return Refusal(
        "E-004-SCANNER",
        _("L’analyse antivirus ne répond pas. Recommencez dans un instant."),
        field="files",
        status=503,
    )


def keep_file(
    *,
    organization: Organization,
    name: str,
    content: bytes | BinaryIO | Iterable[bytes],
    by: Membership | None = None,
    by_person_id: int | None = None,
    most: int | None = None,
    refuse: bool = True,
) -> StoredFile:
    """Keeps a file and gives its row. Read as it comes, never whole in memory.

    Refuses what is empty (E-004-NOFILES), over `most` octets, by default the organization's limit (E-004-SIZE), a
    program or a script (E-004-TYPE), infected (E-004-VIRUS). With `refuse=False`, for what may not be lost (a raw
    mail), only the size is looked at: the type is told and an infected file is kept as such, and served to nobody.
    """
    most = largest_of(organization.pk) if most is None else most
    name = clean_name(name)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as whole:
        digest, size, head = hashlib.sha256(), 0, b""
        for piece in _pieces(content):
            size += len(piece)
            if size > most:
                raise too_large(most)
            if len(head) < types.HEAD:
                head += piece[: types.HEAD - len(head)]
            digest.update(piece)
            whole.write(piece)
        if refuse and not size:
            raise no_files()
        if refuse and types.is_program(name, head):
            raise wrong_type(name)
        whole.seek(0)
        state = _scanned(whole, name, refuse=refuse)
        whole.seek(0)
        key = f"documents/{organization.pk}/{datetime.now(UTC):%Y-%m-%d}/{uuid4().hex}"
        # Before its row: a row without content would be a promise broken, content without a row is swept.
        storage().save(key, File(whole, name=key))
    with transaction.atomic():
        record(
            "keep_file",
            by=by,
            **({} if by is not None else {"organization_id": organization.pk}),
            name_of_file=name,
            size=size,
        )
        return StoredFile.objects.create(
            organization_id=organization.pk,
            key=key,
            name=name,
            media_type=types.media_type_of(head) if size else types.UNKNOWN,
            size=size,
            sha256=digest.hexdigest(),
            scan=state,
            created_by_id=by.user_id if by is not None else None,
            created_by_person_id=by_person_id,
        )


def _pieces(content: bytes | BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(content, (bytes, bytearray, memoryview)):
        yield bytes(content)
    elif hasattr(content, "read"):
        while piece := content.read(PIECE):
            yield piece
    else:
        yield from content


def _scanned(whole, name: str, *, refuse: bool) -> str:
    try:
        state = scanner.scan(whole)
    except scanner.ScannerUnavailable:
        if refuse:
            raise not_scanned_now() from None
        return StoredFile.Scan.NOT_SCANNED
    if refuse and state == StoredFile.Scan.INFECTED:
        raise infected(name)
    return state


@transaction.atomic
def remove_content(file: StoredFile) -> None:
    """The content goes for good once the transaction is through; the row stays and says so."""
    if StoredFile.objects.filter(pk=file.pk, removed_at__isnull=True).update(removed_at=Now()):
        record("remove_content", organization_id=file.organization_id, subject=file, name_of_file=file.name)
        key = file.key
        transaction.on_commit(lambda: storage().delete(key))
    file.removed_at = timezone.now()


@transaction.atomic
def set_file_limit(organization: Organization, *, by: Membership, megabytes: int) -> FileSettings:
    """How large one file may be, in megabytes: 1 to 1,024."""
    if not SMALLEST_LIMIT <= megabytes <= LARGEST_LIMIT:
        raise Refusal(
            "E-CHOICE",
            _("Un nombre entre %(least)s et %(most)s.") % {"least": SMALLEST_LIMIT, "most": LARGEST_LIMIT},
            field="largest",
        )
    record("set_file_limit", by=by, megabytes=megabytes)
    settings, _is_new = FileSettings.objects.update_or_create(
        organization_id=organization.pk, defaults={"largest": megabytes}
    )
    return settings


# A file that comes piece by piece


def begin_upload(*, organization: Organization, owner: str, purpose: str, name: str, size: int) -> Upload:
    """A place for a file of `size` octets, which its pieces fill one after the other (`add_piece`)."""
    if size <= 0:
        raise no_files()
    most = largest_of(organization.pk)
    if size > most:
        raise too_large(most)
    name = clean_name(name)
    if types.is_program(name, b""):
        raise wrong_type(name)
    _refuse_flood(organization.pk, owner)
    return Upload.objects.create(
        organization_id=organization.pk,
        token=secrets.token_urlsafe(32),
        owner=owner,
        purpose=purpose,
        name=name,
        size=size,
    )


def _refuse_flood(organization_id: int, owner: str) -> None:
    """What one has begun in a day and not handed in stands on the disk until it is swept: there is an end to it."""
    with connection.cursor() as cursor:  # One after the other: many begun at once are counted too.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"uploads:{owner}", organization_id])
    lately = Upload.objects.filter(
        organization_id=organization_id, owner=owner, is_taken=False, last_at__gt=timezone.now() - timedelta(days=1)
    )
    counts = lately.aggregate(unfinished=Count("pk", filter=Q(file__isnull=True)), all=Count("pk"))
    if counts["unfinished"] >= MOST_UNFINISHED or counts["all"] >= MOST_NOT_TAKEN:
        message = _("Trop de fichiers sont en cours d’envoi. Terminez ces envois, ou recommencez demain.")
        raise Refusal("E-004-UPLOADS", message, field="files", status=409)


def found_upload(*, organization_id: int, owner: str, purpose: str, token: str) -> Upload:
    """The upload of this owner, or NotFound: a token of somebody else's is of no use."""
    upload = Upload.objects.filter(organization_id=organization_id, owner=owner, purpose=purpose, token=token).first()
    if upload is None:
        raise NotFound
    return upload


def add_piece(upload: Upload, *, offset: int, content: BinaryIO, length: int) -> Upload:
    """Adds what comes at `offset`. A piece that had come already is passed over; one too early is refused (409).

    Safe to repeat after a break: whoever asks learns in `received` where to go on.
    """
    if offset < 0 or offset + length > upload.size or not 0 < length <= LARGEST_PIECE:
        raise Refusal("E-004-PIECE", _("Cette partie du fichier ne convient pas."), status=422)
    with transaction.atomic():
        locked = Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)
        if offset + length <= locked.received:
            return locked
        if offset != locked.received:
            raise Refusal("E-004-PIECE", _("Cette partie du fichier ne convient pas."), status=409)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as piece:
            if _taken(content, length, piece) != length:
                raise Refusal("E-004-PIECE", _("Cette partie du fichier ne convient pas."), status=422)
            piece.seek(0)
            key = _piece_key(locked, offset)
            storage().delete(key)  # Of a try that was broken off.
            storage().save(key, File(piece, name=key))
        locked.received = offset + length
        locked.pieces = [*locked.pieces, offset]
        locked.last_at = timezone.now()
        locked.save(update_fields=["received", "pieces", "last_at"])
    return locked


def finish_upload(
    upload: Upload, *, by: Membership | None = None, by_person_id: int | None = None, organization: Organization
) -> StoredFile:
    """Makes the file of its pieces, once. Refused by `keep_file`, nothing of it stays."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update(no_key=True, of=("self",)).select_related("file").get(pk=upload.pk)
        if locked.file is not None:
            return locked.file
        if locked.received != locked.size:
            raise Refusal("E-004-PIECE", _("Le fichier n’est pas arrivé en entier."), status=409)
        locked.file = keep_file(
            organization=organization,
            name=locked.name,
            content=_joined(locked),
            by=by,
            by_person_id=by_person_id,
        )
        locked.save(update_fields=["file"])
        _forget_pieces(locked)
        return locked.file


def take_upload(upload: Upload) -> None:
    """Its file belongs to somebody from now on, and is not swept with it."""
    Upload.objects.filter(pk=upload.pk).update(is_taken=True)


def forget_upload(upload: Upload) -> None:
    """What was begun and is given up, or was refused; also the file for which no form ever came."""
    with transaction.atomic():
        if upload.file is not None and not upload.is_taken:
            remove_content(upload.file)
        _forget_pieces(upload)
        Upload.objects.filter(pk=upload.pk).delete()


def _piece_key(upload: Upload, offset: int) -> str:
    return f"uploads/{upload.organization_id}/{upload.pk}-{offset:013d}"


def _joined(upload: Upload) -> Iterator[bytes]:
    for offset in upload.pieces:
        with storage().open(_piece_key(upload, offset), "rb") as piece:
            while content := piece.read(PIECE):
                yield content


def _forget_pieces(upload: Upload) -> None:
    # One more may stand there, of a piece with which the whole was refused.
    keys = [_piece_key(upload, offset) for offset in {*upload.pieces, upload.received}]

    def forget() -> None:
        for key in keys:
            storage().delete(key)

    transaction.on_commit(forget)


def _taken(content: BinaryIO, length: int, into) -> int:
    """Copies at most `length` octets of a request: a browser that left gives fewer than it announced."""
    left = length
    while left and (piece := content.read(min(PIECE, left))):
        into.write(piece)
        left -= len(piece)
    return length - left


# Documents made of a template


def find_template(organization: Organization, template: DocumentTemplate | str) -> DocumentTemplate:
    """The template of this organization, or of this code; E-001-TEMPLATE where there is none."""
    if isinstance(template, DocumentTemplate):
        if template.organization_id != organization.pk:
            raise NotFound
        return template
    found = DocumentTemplate.objects.filter(organization=organization, code=template).first()
    if found is None:
        message = _("Le modèle de document « %(code)s » n’existe pas.") % {"code": template}
        raise Refusal("E-001-TEMPLATE", message, field="template")
    return found


@transaction.atomic
def generate_document(
    *,
    organization: Organization,
    by: Membership | None,
    template: DocumentTemplate | str,
    facts: texts.Facts,
    language: str,
    client: Client | None = None,
    is_confidential: bool = False,
    written: tuple[str, str] | None = None,
    by_post: bool = False,
) -> StoredFile:
    """A letter (PDF) or a Word document of a template, kept; whoever asked ties the file to where it belongs.

    `by=None`: the product itself (a plan). With a `client` a letter waits for the next printing as well
    (`Letter`); `is_confidential` keeps it from those who may not see the dossier, and out of the client's history.
    `written` is (subject, text) of a letter as somebody has rewritten them. What the texts ask for and the facts
    lack is refused by its name (E-001-TEMPLATE). `by_post` makes a letter of the text of a mail too.
    """
    template = find_template(organization, template)
    record(
        "generate_document",
        by=by,
        **({} if by is not None else {"organization_id": organization.pk}),
        **({"client_id": client.pk} if client is not None and not is_confidential else {}),
        template=template.code,
    )
    facts = with_agent(facts, by)
    owner = str((facts.get("client") or {}).get("number") or "")
    # « Relance 1 : rappel » is no name of a file.
    called = re.sub(r"\s*:\s*", " - ", template.name_in(language))
    name = " ".join(part for part in (called, owner) if part)
    if template.kind == DocumentTemplate.Kind.WORD:
        content, name = _word(template, facts), f"{name}.docx"
    elif template.kind == DocumentTemplate.Kind.LETTER or by_post:
        name = f"{name}.pdf"
        content = letters.pdf_of(template, facts, language=language, organization=organization, written=written)
    else:
        raise Refusal("E-001-TEMPLATE", _("Ce modèle est celui d’un courriel."), field="template")
    file = keep_file(organization=organization, name=name, content=content, by=by)
    if client is not None and template.kind != DocumentTemplate.Kind.WORD:
        Letter.objects.create(
            organization=organization,
            file=file,
            client=client,
            title=template.name_in(language),
            pages=letters.pages_of(content),
            is_confidential=is_confidential,
            created_by_id=by.user_id if by is not None else None,
        )
    return file


def with_agent(facts: texts.Facts, by: Membership | None) -> dict:
    """The facts, and who writes; nobody where the product itself does."""
    agent = {"name": by.user.name, "email": by.user.email} if by is not None else {"name": "", "email": ""}
    return {"agent": agent, **facts}


def _word(template: DocumentTemplate, facts: dict) -> bytes:
    if template.file is None or template.file.removed_at is not None:
        raise Refusal("E-001-TEMPLATE", _("Ce modèle n’a pas de document Word."), field="template")
    with opened(template.file) as content:
        return word.filled_in(content.read(), facts)
