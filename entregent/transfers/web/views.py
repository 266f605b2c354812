"""Pages of transfers for members: list, one of them, sending, asking, and what can be done with it."""

from uuid import uuid4

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.actions import update_person
from entregent.clients.models import Client, Person
from entregent.documents import scanner
from entregent.documents.actions import MEGABYTE, keep_file, largest_of
from entregent.documents.web import uploads
from entregent.documents.web.answers import file_answer
from entregent.interactions.portal_access import promote_access
from entregent.interactions.portal_models import PortalAccess
from entregent.listing import pages
from entregent.listing.lists import lists
from entregent.organizations.models import Module
from entregent.toolbox.dates import thirty_days_ago
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.transfers import actions
from entregent.transfers.actions.common import sent_among
from entregent.transfers.models import FileTransfer, Signature, deleted_transfer
from entregent.transfers.web.forms import TransferForm
from entregent.transfers.web.portlets import newest
from entregent.ui.pages import add_refusal, render, see

MODULE = Module.FILE_TRANSFER
PURPOSE = "transfers"
PAGE = 50


def at(name: str, member, **kwargs) -> str:
    return reverse(f"transfers:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def with_portal(member) -> None:
    """Transfers need the portal, which may be off."""
    if not member.organization.has_module(Module.PORTAL):
        raise ModuleOff


@require_safe
@requires(Right.TRANSFER_VIEW, module=MODULE)
def transfer_list(request) -> HttpResponse:
    """All transfers in reach, newest first; the same boxes as on « Gestion des clients »."""
    member = request.member
    with_portal(member)
    records = FileTransfer.objects.visible_to(member)
    client = None
    if number := request.GET.get("client", "").strip():
        client = Client.objects.get_visible(member, number=number)
        records = records.filter(client=client)
    only_recent, only_open = request.GET.get("jours") == "30", request.GET.get("ouverts") == "1"
    if only_recent:
        records = records.filter(created_at__gte=thirty_days_ago(member.organization.time_zone))
    if only_open:
        records = records.open()
    before = as_id(request.GET.get("avant", ""))
    if before is not None:
        records = records.filter(pk__lt=before)
    found = list(records.select_related("client", "person", "sender").order_by("-pk")[: PAGE + 1])
    asked = {"client": client.number if client else "", "jours": "30" * only_recent, "ouverts": "1" * only_open}
    asked = {name: value for name, value in asked.items() if value}
    following = f"?{urlencode(asked | {'avant': found[PAGE - 1].pk})}" if len(found) > PAGE else ""
    context = {
        "transfers": found[:PAGE],
        "client": client,
        "only_recent": only_recent,
        "only_open": only_open,
        "next_url": following,
        "may_send": member.can(Right.TRANSFER_SEND),
    }
    return render(request, "transfers/list.html", context)


@require_safe
@requires(Right.TRANSFER_VIEW, module=MODULE)
def client_transfers(request, number) -> HttpResponse:
    """« Transferts ouverts » on the client file."""
    with_portal(request.member)
    client = Client.objects.get_visible(request.member, number=number)
    context = {"client": client, "transfers": newest(request.member, client, only_open=True)}
    return render(request, "transfers/of_client.html", context, fragment="transfers")


@requires(Right.TRANSFER_VIEW, module=MODULE)
def transfer_detail(request, number) -> HttpResponse:
    """One transfer, to be read; asked for by htmx it is the dialog of R004-21."""
    return render(
        request, "transfers/detail.html", detail_context(request, open_transfer(request, number)), fragment="transfer"
    )


@requires(Right.TRANSFER_VIEW, module=MODULE)
def transfer_pane(request, number) -> HttpResponse:
    """The lower pane of « Gestion des clients »."""
    return render(
        request, "transfers/pane.html", detail_context(request, open_transfer(request, number)), fragment="pane"
    )


def open_transfer(request, number: int, right: Right = Right.TRANSFER_VIEW) -> FileTransfer:
    with_portal(request.member)
    records = FileTransfer.objects.visible_to(request.member, right)
    return records.select_related("client", "person", "sender", "created_by").found(number=number)


def detail_context(request, transfer: FileTransfer) -> dict:
    member = request.member
    items = list(transfer.files.select_related("file", "signature", "signature__evidence").order_by("pk"))
    access = (
        PortalAccess.objects.open()
        .filter(organization_id=member.organization_id, person_id=transfer.person_id, client_id=transfer.client_id)
        .first()
    )
    may_act, may_delete = (
        member.can(right) and FileTransfer.objects.visible_to(member, right).filter(pk=transfer.pk).exists()
        for right in (Right.TRANSFER_SEND, Right.TRANSFER_DELETE)
    )
    return {
        "transfer": transfer,
        "items": items,
        "access": access,
        "scanner": scanner.is_configured(),
        "may_act": may_act,
        "may_delete": may_delete,
        "states": {"waiting": "warn", "ready": "info", "done": "ok", "expired": "neutral", "cancelled": "neutral"},
    }


# Sending and asking


@requires(Right.TRANSFER_SEND, module=MODULE)
def transfer_send(request) -> HttpResponse:
    return _compose(request, is_send=True)


@requires(Right.TRANSFER_SEND, module=MODULE)
def transfer_request(request) -> HttpResponse:
    return _compose(request, is_send=False)


def _compose(request, *, is_send: bool) -> HttpResponse:
    member = request.member
    with_portal(member)
    asked = request.GET
    client = person = None
    if number := asked.get("client", "").strip():
        client = Client.objects.get_visible(member, Right.TRANSFER_SEND, number=number)
    if (key := as_id(asked.get("personne", ""))) is not None:
        person = Person.objects.get_visible(member, Right.TRANSFER_SEND, pk=key)
    if client is None and person is None:
        return _whom(request, is_send=is_send)
    form = TransferForm(request.POST or None, member=member, client=client, person=person)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            made = _attempt(request, form, is_send=is_send)
            if isinstance(made, FileTransfer):
                return see(request, at("detail", member, number=made.number), toast=_sent(made))
            status = made
    owner = f"user:{member.user_id}"
    tokens = request.POST.getlist("uploads")
    uploaded = uploads.uploads_of(tokens, organization=member.organization, owner=owner, purpose=PURPOSE)
    sent = sent_among([one.file for one in uploaded if one.file is not None]) if uploaded else set()
    context = {
        "form": form,
        "is_send": is_send,
        "client": client,
        "person": person,
        "most": largest_of(member.organization_id) // MEGABYTE,
        "scanner": scanner.is_configured(),
        "uploaded": [one for one in uploaded if one.file_id not in sent],
        "key": request.POST.get("cle", "") or _fresh_key(),
        "here": request.get_full_path(),
    }
    response = render(request, "transfers/compose.html", context, status=status)
    # What came with a form that is refused belongs to nobody: its content is swept.
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


def _fresh_key() -> str:
    return uuid4().hex


def _attempt(request, form: TransferForm, *, is_send: bool) -> FileTransfer | int:
    """Does it; else the status of what was refused, which stands at the fields."""
    member = request.member
    try:
        details = form.details()
        person = details["person"]
        if person is None:
            raise Refusal("E-004-TO", _("Choisissez à qui."), field="person")
        if not person.emails and form.cleaned_data.get("email"):
            person = Person.objects.get_visible(member, Right.CLIENT_EDIT, pk=person.pk)
            details["person"] = update_person(
                person, by=member, version=person.version, emails=[form.cleaned_data["email"]]
            )
        key = request.POST.get("cle", "")[:80] or None
        if not is_send:
            return actions.request_files(by=member, idempotency_key=key, **details)
        owner = f"user:{member.user_id}"
        files = uploads.files_of(
            request.POST.getlist("uploads"), organization=member.organization, owner=owner, purpose=PURPOSE
        )
        files += [
            keep_file(organization=member.organization, name=one.name or "", content=one.chunks(), by=member)
            for one in request.FILES.getlist("files")
        ]
        return actions.send_files(by=member, files=files, idempotency_key=key, **details)
    except NotFound:
        raise
    except (Refusal, Refusals) as refused:
        add_refusal(form, refused)
        every = refused.refusals if isinstance(refused, Refusals) else [refused]
        return every[0].status


def _sent(transfer: FileTransfer) -> str:
    if transfer.is_request:
        return _("Demande envoyée à %(person)s.") % {"person": transfer.person.full_name}
    return _("Fichiers envoyés à %(person)s.") % {"person": transfer.person.full_name}


def _whom(request, *, is_send: bool) -> HttpResponse:
    """« À qui ? »: a person is looked for first."""
    member, text = request.member, request.GET.get("q", "").replace("\x00", "").strip()[:200]
    rows: list[dict] = []
    message = ""
    definition = lists(member).get("people")
    if text and definition is not None:
        try:
            rows = pages.page(definition, member, text=text, columns=["name", "clients", "email"], limit=20).rows
        except (Refusal, Refusals) as refused:
            every = refused.refusals if isinstance(refused, Refusals) else [refused]
            message = " ".join(str(one.message) for one in every)
    context = {"is_send": is_send, "text": text, "rows": rows, "message": message}
    return render(request, "transfers/whom.html", context)


# Files that come piece by piece


@require_POST
@requires(Right.TRANSFER_SEND, module=MODULE)
def upload_begin(request) -> HttpResponse:
    return uploads.begin(
        request, organization=request.member.organization, owner=f"user:{request.member.user_id}", purpose=PURPOSE
    )


@require_safe
@requires(Right.TRANSFER_SEND, module=MODULE)
def upload_state(request, token) -> HttpResponse:
    member = request.member
    return uploads.state(organization=member.organization, owner=f"user:{member.user_id}", purpose=PURPOSE, token=token)


@requires(Right.TRANSFER_SEND, module=MODULE)
def upload_piece(request, token, offset) -> HttpResponse:
    if request.method != "PUT":
        raise NotFound
    member = request.member
    return uploads.piece(
        request, organization=member.organization, owner=f"user:{member.user_id}", purpose=PURPOSE, token=token,
        offset=offset, by=member,
    )  # fmt: skip


# What can be done with one


@require_safe
@requires(Right.TRANSFER_VIEW, module=MODULE)
def file_download(request, number, pk) -> HttpResponseBase:
    item = open_transfer(request, number).files.filter(pk=pk).first()
    if item is None:
        raise NotFound
    return file_answer(actions.download(item, by=request.member).file)


@require_safe
@requires(Right.TRANSFER_VIEW, module=MODULE)
def evidence_download(request, number, pk) -> HttpResponseBase:
    transfer = open_transfer(request, number)
    signature = Signature.objects.filter(file__transfer=transfer, file_id=pk, evidence__isnull=False).first()
    if signature is None or signature.evidence is None:
        raise NotFound
    return file_answer(signature.evidence)


@require_POST
@requires(Right.TRANSFER_SEND, module=MODULE)
def transfer_remind(request, number) -> HttpResponse:
    transfer = actions.remind(open_transfer(request, number, Right.TRANSFER_SEND), by=request.member)
    toast = _("%(person)s a été relancé par courriel.") % {"person": transfer.person.full_name}
    return see(request, at("detail", request.member, number=number), toast=toast)


@require_POST
@requires(Right.TRANSFER_SEND, module=MODULE)
def transfer_cancel(request, number) -> HttpResponse:
    actions.cancel_transfer(open_transfer(request, number, Right.TRANSFER_SEND), by=request.member)
    return see(request, at("detail", request.member, number=number), toast=_("Transfert annulé."))


@require_POST
@requires(Right.TRANSFER_DELETE, module=MODULE)
def transfer_delete(request, number) -> HttpResponse:
    actions.delete_transfer(open_transfer(request, number, Right.TRANSFER_DELETE), by=request.member)
    undo = at("restore", request.member, number=number)
    return see(request, at("list", request.member), toast=_("Transfert supprimé."), undo_url=undo)


@require_POST
@requires(Right.TRANSFER_DELETE, module=MODULE)
def transfer_restore(request, number) -> HttpResponse:
    transfer = deleted_transfer(request.member, number)
    actions.restore_transfer(transfer, by=request.member)
    return see(request, at("detail", request.member, number=number), toast=_("Transfert rétabli."))


@require_POST
@requires(Right.TRANSFER_SEND, module=MODULE)
def access_promote(request, number) -> HttpResponse:
    """The temporary access of the recipient becomes a permanent one (R004-29)."""
    transfer = open_transfer(request, number, Right.TRANSFER_SEND)
    access = (
        PortalAccess.objects.open()
        .filter(
            organization_id=request.member.organization_id, person_id=transfer.person_id,
            client_id=transfer.client_id, kind=PortalAccess.Kind.TEMPORARY,
        )
        .first()
    )  # fmt: skip
    if access is None:
        raise NotFound
    promote_access(access, by=request.member)
    return see(request, at("detail", request.member, number=number), toast=_("L’accès au portail est permanent."))
