"""Transfers of files as the person at the client sees them: what waits, taking, handing over, signing."""

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entregent.access.wall import acting
from entregent.documents.actions import MEGABYTE, keep_file, largest_of
from entregent.documents.web import uploads
from entregent.documents.web.answers import file_answer
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import Module, Organization
from entregent.organizations.sign_in import client_ip
from entregent.portal.guard import PortalRequest, PortalVisitor, not_while_watching, portal_page
from entregent.portal.web.pages import render
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.transfers import actions
from entregent.transfers.actions.common import closed
from entregent.transfers.models import (
    FileTransfer,
    FileTransferQuerySet,
    Signature,
    TransferFile,
    transfers_of,
)
from entregent.transfers.words import consent_text
from entregent.ui.pages import see

SHOWN = 50


def has_transfers(organization: Organization) -> bool:
    return organization.has_module(Module.FILE_TRANSFER)


def awaited(visitor: PortalVisitor, *, most: int) -> list[FileTransfer]:
    """What waits for the person, for the home page of the portal."""
    if not has_transfers(visitor.organization):
        return []
    is_theirs = Q(state=FileTransfer.State.WAITING) | Q(direction=FileTransfer.Direction.SEND)
    found = _seen(visitor, visitor.access).open().filter(is_theirs)
    return list(found.select_related("sender").order_by("expires_at", "pk")[:most])


def _seen(visitor: PortalVisitor, access: PortalAccess) -> FileTransferQuerySet:
    """Those of somebody at the client; to a member who looks on, what they may see of them."""
    found = transfers_of(access)
    member = visitor.watched_by
    if member is None:
        return found
    return found.filter(pk__in=FileTransfer.objects.visible_to(member).values("pk"))


@portal_page
@require_safe
def transfers(request: PortalRequest) -> HttpResponse:
    """Those of the person, for the client for whom they are here; what waits first."""
    visitor = request.visitor
    if not has_transfers(visitor.organization):
        raise NotFound
    every = _seen(visitor, visitor.access)
    before = {name: as_id(request.GET.get(name, "")) for name in ("encours", "passes")}
    # A further page of one half is that half alone.
    context: dict = {"here": "transfers"}
    for name, records in (("encours", every.open()), ("passes", every.exclude(pk__in=every.open().values("pk")))):
        if any(before.values()) and before[name] is None:
            found = []
        else:
            if before[name] is not None:
                records = records.filter(pk__lt=before[name])
            found = list(records.select_related("sender").order_by("-pk")[: SHOWN + 1])
        context[name] = found[:SHOWN]
        context[f"{name}_next"] = found[SHOWN - 1].pk if len(found) > SHOWN else None
    context["is_first"] = not any(before.values())
    return render(request, "portal/transfers.html", context)


@portal_page
@require_safe
def transfer(request: PortalRequest, number: int) -> HttpResponse:
    return _page(request, *_found(request, number))


def _found(request: PortalRequest, number: int) -> tuple[FileTransfer, PortalAccess]:
    """The transfer of that number, if it is this person's and may still be read; one that is over is gone (410)."""
    visitor = request.visitor
    if not has_transfers(visitor.organization):
        raise NotFound
    for access in visitor.accesses:
        found = _seen(visitor, access).select_related("sender", "organization", "person", "client")
        one = found.filter(number=number).first()
        if one is not None:
            if one.is_over or one.state in (FileTransfer.State.EXPIRED, FileTransfer.State.CANCELLED):
                raise closed()
            return one, access
    raise NotFound


def _item(found: FileTransfer, pk: int) -> TransferFile:
    item = found.files.select_related("file", "transfer").filter(pk=pk).first()
    if item is None:
        raise NotFound
    item.transfer = found
    return item


def _page(
    request: PortalRequest, found: FileTransfer, access: PortalAccess, *, refused: str = "", status: int = 200,
    typed: dict | None = None,
) -> HttpResponse:  # fmt: skip
    organization = request.visitor.organization
    items = list(found.files.select_related("file", "signature", "signature__evidence").order_by("pk"))
    owner, purpose = _mark(found, access)
    tokens = request.POST.getlist("uploads")
    context = {
        "here": "transfers",
        "transfer": found,
        "items": items,
        "refused": refused,
        "typed": typed or {},
        "consent": consent_text(),
        "most": largest_of(organization.pk) // MEGABYTE,
        "uploaded": uploads.uploads_of(tokens, organization=organization, owner=owner, purpose=purpose),
        "takes_files": found.is_open and found.state == FileTransfer.State.WAITING,
    }
    return render(request, "portal/transfer.html", context, status=status)


def _mark(found: FileTransfer, access: PortalAccess) -> tuple[str, str]:
    return f"access:{access.pk}", f"transfer:{found.pk}"


def _refused(request, found, access, refusal: Refusal | Refusals, typed: dict | None = None) -> HttpResponse:
    """The page once more, with why; what was typed stays."""
    every = refusal.refusals if isinstance(refusal, Refusals) else [refusal]
    if every[0].status in (404, 410):
        raise every[0]
    told = " ".join(str(one.message) for one in every)
    answer = _page(request, found, access, refused=told, status=every[0].status, typed=typed)
    answer.rolls_back = True  # type: ignore[attr-defined]
    return answer


@portal_page
@require_safe
def transfer_file(request: PortalRequest, number: int, pk: int) -> HttpResponseBase:
    """A file that was sent to the person, or that they handed over themselves."""
    found, access = _found(request, number)
    item = _item(found, pk)
    if request.visitor.watched_by is None and not found.is_request:
        with acting():
            item = actions.download(item, access=access)
    return file_answer(item.file)


@portal_page
@require_safe
def transfer_evidence(request: PortalRequest, number: int, pk: int) -> HttpResponseBase:
    found, _access = _found(request, number)
    signature = Signature.objects.filter(file=_item(found, pk)).select_related("evidence").first()
    if signature is None or signature.evidence is None:
        raise NotFound
    return file_answer(signature.evidence)


@portal_page
@require_POST
def transfer_add(request: PortalRequest, number: int) -> HttpResponse:
    """Files for a request: those that came piece by piece, and those of the plain form."""
    not_while_watching(request.visitor)
    found, access = _found(request, number)
    organization = request.visitor.organization
    owner, purpose = _mark(found, access)
    try:
        with acting():
            files = uploads.files_of(
                request.POST.getlist("uploads"), organization=organization, owner=owner, purpose=purpose
            )
            files += [
                keep_file(
                    organization=organization, name=one.name or "", content=one.chunks(), by_person_id=access.person_id
                )
                for one in request.FILES.getlist("files")
            ]
            known = set(found.files.values_list("file_id", flat=True))
            for file in files:
                if file.pk not in known:
                    actions.add_file(found, access=access, file=file)
    except (Refusal, Refusals) as refusal:
        return _refused(request, found, access, refusal)
    return see(request, request.visitor.url("transfer", number=number))


@portal_page
@require_POST
def transfer_remove(request: PortalRequest, number: int, pk: int) -> HttpResponse:
    not_while_watching(request.visitor)
    found, access = _found(request, number)
    item = _item(found, pk)
    with acting():
        actions.remove_file(item, access=access)
    return see(request, request.visitor.url("transfer", number=number), toast=_("Fichier retiré."))


@portal_page
@require_POST
def transfer_complete(request: PortalRequest, number: int) -> HttpResponse:
    """« Terminer »: the files are handed over, signed where that was asked."""
    not_while_watching(request.visitor)
    found, access = _found(request, number)
    typed = _typed(request)
    try:
        with acting():
            actions.complete_request(found, access=access, address=_address(request), **typed)
    except (Refusal, Refusals) as refusal:
        return _refused(request, found, access, refusal, typed)
    toast = _("Vos fichiers ont été remis. Merci.")
    return see(request, request.visitor.url("transfer", number=number), toast=toast)


@portal_page
@require_POST
def transfer_sign(request: PortalRequest, number: int, pk: int) -> HttpResponse:
    """« Signer » or « Rejeter » one file."""
    not_while_watching(request.visitor)
    found, access = _found(request, number)
    item, typed = _item(found, pk), _typed(request)
    rejects = request.POST.get("decision") == "rejeter"
    try:
        with acting():
            if rejects:
                actions.reject(item, access=access, reason=request.POST.get("reason", "").replace("\x00", ""))
            else:
                actions.sign(item, access=access, address=_address(request), **typed)
    except (Refusal, Refusals) as refusal:
        return _refused(request, found, access, refusal, typed)
    toast = _("Votre refus a été transmis.") if rejects else _("Document signé. Merci.")
    return see(request, request.visitor.url("transfer", number=number), toast=toast)


def _typed(request: PortalRequest) -> dict:
    return {
        "name": request.POST.get("name", "").replace("\x00", ""),
        "consents": request.POST.get("consents") == "on",
    }


def _address(request: PortalRequest) -> str:
    """Whose signature it is: that of the browser, also where a proxy of this machine stands before."""
    return client_ip(request)


@portal_page
@require_POST
def upload_begin(request: PortalRequest, number: int) -> HttpResponse:
    not_while_watching(request.visitor)
    found, access = _taking(request, number)
    owner, purpose = _mark(found, access)
    with acting():
        return uploads.begin(request, organization=request.visitor.organization, owner=owner, purpose=purpose)


@portal_page
@require_safe
def upload_state(request: PortalRequest, number: int, token: str) -> HttpResponse:
    found, access = _taking(request, number)
    owner, purpose = _mark(found, access)
    return uploads.state(organization=request.visitor.organization, owner=owner, purpose=purpose, token=token)


@portal_page
@require_http_methods(["PUT"])
def upload_piece(request: PortalRequest, number: int, token: str, offset: int) -> HttpResponse:
    not_while_watching(request.visitor)
    found, access = _taking(request, number)
    owner, purpose = _mark(found, access)
    with acting():
        return uploads.piece(
            request, organization=request.visitor.organization, owner=owner, purpose=purpose, token=token,
            offset=offset, by_person_id=access.person_id,
        )  # fmt: skip


def _taking(request: PortalRequest, number: int) -> tuple[FileTransfer, PortalAccess]:
    found, access = _found(request, number)
    if found.state != FileTransfer.State.WAITING:
        raise closed()
    return found, access
