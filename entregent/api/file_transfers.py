"""File transfers: send files to people at clients, ask them for files, and see what became of it."""

from datetime import datetime
from typing import Literal

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.contract import FILE
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, member_user, tag
from entregent.api.schemas import Given, Nothing, Text
from entregent.clients.models import Person
from entregent.documents.actions import begin_upload
from entregent.documents.models import Upload
from entregent.documents.web import uploads
from entregent.documents.web.answers import file_answer
from entregent.interactions.portal_access import promote_access
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import Module
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal
from entregent.transfers import actions
from entregent.transfers.models import FileTransfer, FileTransferQuerySet, Signature, TransferFile, deleted_transfer

router = Router(tags=["file transfers"])

MODULE = Module.FILE_TRANSFER
State = FileTransfer.State
# The same as on the pages: what was uploaded here can be sent there.
PURPOSE = "transfers"


class UploadIn(Given):
    name: str = Field(max_length=255, examples=["Bail.pdf"])
    size: int = Field(ge=1, le=2**40, description="In octets.")


class UploadOut(Schema):
    token: str
    name: str
    size: int
    received: int = Field(description="Go on at this offset.")
    kept: bool = Field(description="All of it came and was taken: the token can be given to a transfer.")


class TransferIn(Given):
    direction: Literal["send", "request"]
    person: int = Field(description="Id of the person at the client.")
    client: str | None = Field(None, description="Number of the client whom the person stands for.")
    subject: str = Field(max_length=200)
    message: Text = ""
    secure_message: bool = Field(False, description="The message stands on the portal alone, not in the mail.")
    with_signature: bool = False
    sender: str | None = Field(
        None, description="E-mail address of the member in whose name it goes; yours by default."
    )
    files: list[str] = Field([], max_length=100, description="Tokens of uploads, for `send`.")


class SignatureOut(Schema):
    state: str
    name: str
    reason: str
    at: datetime | None


class TransferFileOut(Schema):
    id: int
    name: str
    size: int
    media_type: str
    sha256: str
    state: str
    downloaded_at: datetime | None
    signature: SignatureOut | None


class TransferOut(Schema):
    number: int
    direction: str
    state: str
    client: str | None
    person: int
    sender: str
    email: str
    subject: str
    message: str
    secure_message: bool
    with_signature: bool
    files: list[TransferFileOut]
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None
    closed_at: datetime | None
    reminders: int
    version: int

    @classmethod
    def of(cls, transfer: FileTransfer) -> "TransferOut":
        """`transfer` with client, sender and files at hand (`_transfers`)."""
        return cls(
            **{
                name: getattr(transfer, name)
                for name in (
                    "number", "direction", "email", "subject", "message", "secure_message", "with_signature",
                    "created_at", "expires_at", "completed_at", "closed_at", "reminders", "version",
                )
            },
            state=str(transfer.state_now),
            client=transfer.client.number if transfer.client else None,
            person=transfer.person_id,
            sender=transfer.sender.email,
            files=[_file_out(item) for item in transfer.files.all()],
        )  # fmt: skip


class TransferPage(Schema):
    items: list[TransferOut]
    next: str | None


def _file_out(item: TransferFile) -> TransferFileOut:
    signature = getattr(item, "signature", None)
    return TransferFileOut(
        id=item.pk,
        name=item.file.name,
        size=item.file.size,
        media_type=item.file.media_type,
        sha256=item.file.sha256,
        state=str(item.state),
        downloaded_at=item.downloaded_at,
        signature=SignatureOut(
            state=str(signature.state), name=signature.name, reason=signature.reason, at=signature.at
        )
        if signature is not None
        else None,
    )


def _transfers(member, right: Right = Right.TRANSFER_VIEW) -> FileTransferQuerySet:
    """Those within reach; the module needs the portal."""
    if not member.organization.has_module(Module.PORTAL):
        raise ModuleOff
    return (
        FileTransfer.objects.visible_to(member, right)
        .select_related("client", "person", "sender")
        .prefetch_related("files__file", "files__signature")
    )


def _one(member, response: HttpResponse, **lookup) -> TransferOut:
    transfer = _transfers(member).found(**lookup)
    tag(response, transfer.version)
    return TransferOut.of(transfer)


def _owner(member) -> str:
    return f"user:{member.user_id}"


@router.get("", response=TransferPage, summary="List file transfers, newest first")
@operation(Right.TRANSFER_VIEW, module=MODULE)
def list_transfers(
    request: MemberRequest,
    client: str | None = None,
    person: int | None = Query(None, ge=1, le=2**62),
    direction: Literal["send", "request"] | None = None,
    state: Literal["waiting", "ready", "done", "expired", "cancelled"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _transfers(request.member)
    for name, value in {"client__number": client, "person_id": person, "direction": direction}.items():
        if value is not None:
            records = records.filter(**{name: value})
    if state is not None:
        is_over = Q(state__in=FileTransfer.OPEN, expires_at__lte=timezone.now())
        named = Q(state=state)
        records = records.filter(named | is_over if state == State.EXPIRED else named & ~is_over)
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return TransferPage(items=[TransferOut.of(item) for item in items], next=following)


@router.post("", response={201: TransferOut}, summary="Send files, or ask for them")
@operation(Right.TRANSFER_SEND, module=MODULE)
def post_transfer(request: MemberRequest, response: HttpResponse, payload: TransferIn):
    """The person is told by mail, with an invitation to the portal where they have none yet."""
    member = request.member
    _transfers(member, Right.TRANSFER_SEND)

    def make():
        person = Person.objects.visible_to(member, Right.TRANSFER_SEND).filter(pk=payload.person).first()
        if person is None:
            raise Refusal("E-001-PERSON", _("Personne-ressource inconnue."), field="person")
        details = payload.model_dump(include={"subject", "message", "secure_message", "with_signature"})
        details |= {
            "by": member,
            "person": person,
            "client": client_of(member, payload.client, Right.TRANSFER_SEND),
            "sender": member_user(member, payload.sender, field="sender"),
        }
        if payload.direction == "request":
            if payload.files:
                raise Refusal("E-004-FILES", _("Une demande ne porte pas de fichiers."), field="files")
            return actions.request_files(**details)
        try:
            files = uploads.files_of(
                payload.files, organization=member.organization, owner=_owner(member), purpose=PURPOSE
            )
        except NotFound as absent:
            raise Refusal("E-004-FILES", _("Un de ces fichiers n’a pas été téléversé."), field="files") from absent
        return actions.send_files(files=files, **details)

    return Status(201, _one(member, response, pk=created_once(request, payload, make)))


@router.post("/uploads", response={201: UploadOut}, summary="Begin the upload of a file")
@operation(Right.TRANSFER_SEND, module=MODULE)
def post_upload(request: MemberRequest, payload: UploadIn):
    """Its pieces (16 MiB at most each) follow by PUT at their offset; after a break, GET tells where to go on."""
    member = request.member

    def make():
        return begin_upload(
            organization=member.organization, owner=_owner(member), purpose=PURPOSE, **payload.model_dump()
        )

    key = created_once(request, payload, make)
    upload = Upload.objects.filter(organization_id=member.organization_id, owner=_owner(member), pk=key).first()
    if upload is None:  # Begun with this key, given up and swept since.
        raise NotFound
    return uploads.told(upload, status=201)


@router.get("/uploads/{token}", response=UploadOut, summary="How much of a file has come")
@operation(Right.TRANSFER_SEND, module=MODULE)
def get_upload(request: MemberRequest, token: str):
    member = request.member
    return uploads.state(organization=member.organization, owner=_owner(member), purpose=PURPOSE, token=token)


@router.put("/uploads/{token}/{int:offset}", response=UploadOut, summary="Send a piece of a file")
@operation(Right.TRANSFER_SEND, module=MODULE)
def put_piece(request: MemberRequest, token: str, offset: int):
    """The body is the piece itself (`application/octet-stream`). A piece that had come already is passed over."""
    member = request.member
    return uploads.piece(
        request, organization=member.organization, owner=_owner(member), purpose=PURPOSE, token=token, offset=offset,
        by=member,
    )  # fmt: skip


@router.get("/{int:number}", response=TransferOut, summary="One file transfer")
@operation(Right.TRANSFER_VIEW, module=MODULE)
def get_transfer(request: MemberRequest, response: HttpResponse, number: int):
    return _one(request.member, response, number=number)


@router.get("/{int:number}/files/{int:file_id}", summary="Download a file of a transfer", openapi_extra=FILE)
@operation(Right.TRANSFER_VIEW, module=MODULE)
def get_file(request: MemberRequest, number: int, file_id: int) -> HttpResponseBase:
    """The file itself. The last one that is taken of a request ends the transfer."""
    item = _transfers(request.member).found(number=number).files.filter(pk=file_id).first()
    if item is None:
        raise NotFound
    return file_answer(actions.download(item, by=request.member).file)


@router.get(
    "/{int:number}/files/{int:file_id}/evidence",
    summary="Download the evidence of a signature (PDF)",
    openapi_extra=FILE,
)
@operation(Right.TRANSFER_VIEW, module=MODULE)
def get_evidence(request: MemberRequest, number: int, file_id: int) -> HttpResponseBase:
    transfer = _transfers(request.member).found(number=number)
    signature = Signature.objects.filter(file__transfer=transfer, file_id=file_id, evidence__isnull=False).first()
    if signature is None or signature.evidence is None:
        raise NotFound
    return file_answer(signature.evidence)


@router.post("/{int:number}/reminders", response={201: TransferOut}, summary="Remind the recipient by mail")
@operation(Right.TRANSFER_SEND, module=MODULE)
def post_reminder(request: MemberRequest, response: HttpResponse, number: int):
    member = request.member
    transfer = _transfers(member, Right.TRANSFER_SEND).found(number=number)
    created_once(request, Given(), lambda: actions.remind(transfer, by=member))
    return Status(201, _one(member, response, number=number))


@router.post("/{int:number}/cancellation", response={201: TransferOut}, summary="Take an open transfer back")
@operation(Right.TRANSFER_SEND, module=MODULE)
def post_cancellation(request: MemberRequest, response: HttpResponse, number: int):
    member = request.member
    transfer = _transfers(member, Right.TRANSFER_SEND).found(number=number)
    created_once(request, Given(), lambda: actions.cancel_transfer(transfer, by=member))
    return Status(201, _one(member, response, number=number))


@router.delete("/{int:number}", response={204: None}, summary="Delete a file transfer")
@operation(Right.TRANSFER_DELETE, module=MODULE)
def remove_transfer(request: MemberRequest, number: int):
    member = request.member
    transfer = _transfers(member, Right.TRANSFER_DELETE).found(number=number)
    actions.delete_transfer(transfer, by=member)
    return Status(204, None)


@router.post("/{int:number}/restoration", response=TransferOut, summary="Take the deletion of a transfer back")
@operation(Right.TRANSFER_DELETE, module=MODULE)
def post_restoration(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    """As it had ended: one that was open when it was deleted is cancelled."""
    member = request.member
    _transfers(member)
    make = lambda: actions.restore_transfer(deleted_transfer(member, number), by=member)  # noqa: E731
    return _one(member, response, pk=created_once(request, payload, make))


@router.post(
    "/{int:number}/permanent-access", response=TransferOut, summary="Make the recipient's portal access permanent"
)
@operation(Right.TRANSFER_SEND, module=MODULE)
def post_permanent_access(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    """The access that the transfer gave them for a time; 404 where they have none such."""
    member = request.member
    transfer = _transfers(member, Right.TRANSFER_SEND).found(number=number)

    def make() -> PortalAccess:
        temporary = PortalAccess.objects.open().filter(
            organization_id=member.organization_id, person_id=transfer.person_id, client_id=transfer.client_id,
            kind=PortalAccess.Kind.TEMPORARY,
        )  # fmt: skip
        access = temporary.first()
        if access is None:
            raise NotFound
        return promote_access(access, by=member)

    created_once(request, payload, make)
    return _one(member, response, number=number)
