"""Mails: those that came in and are to be attached, and those that leave, with their further tries."""

from datetime import date, datetime
from typing import Literal

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once
from entregent.api.schemas import Given, Nothing, Page
from entregent.clients.merging import by_number
from entregent.clients.models import Client
from entregent.inbound import actions as inbound
from entregent.inbound import mails
from entregent.inbound.models import RawMail
from entregent.inbound.reach import interactions_behind
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership
from entregent.outbox import actions as outbox
from entregent.outbox.models import Message
from entregent.outbox.reading import CLIENT, MailFilter, of_record, visible_to, without_secrets
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["mails"])

ReceivedState = Literal["to_attach", "quarantined", "ignored", "filed"]
SentState = Literal["pending", "sent", "failed"]


class ReceivedOut(Schema):
    id: int
    state: str = Field(examples=["to_attach"], description="received, to_attach, quarantined, ignored, filed")
    reason: str = Field(description="Why it waits or was set aside, as a code: unknown_sender, several_clients…")
    sender: str
    sender_name: str
    recipients: list[str]
    subject: str
    preview: str
    has_files: bool
    client: str | None = Field(description="Number of the client whose it is, within reach.")
    received_at: datetime
    sent_at: datetime | None


class ReceivedDetail(ReceivedOut):
    text: str | None = Field(description="null: it cannot be read.")
    guesses: list[str] = Field(description="Numbers of the clients whose it may be, within reach.")
    interactions: list[int] = Field(description="Numbers of the interactions behind which it stands, within reach.")


class ReceivedPage(Page):
    items: list[ReceivedOut]


class AttachIn(Given):
    """A client, of whom a new interaction is made, or the interaction that it is an entry of."""

    client: str | None = Field(None, max_length=40, description="Number of a client.")
    interaction: int | None = Field(None, ge=1, le=2**62, description="Number of an interaction.")
    visible: bool = Field(
        False, description="The client may read it, though its sender is not known to be on the client's side."
    )


class AttachedOut(Schema):
    interaction: int = Field(description="Number of the interaction.")


class ReceivedStateOut(Schema):
    id: int
    state: str = Field(examples=["to_attach"])


class ChosenMailsIn(Given):
    mails: list[int] = Field(min_length=1, max_length=inbound.MOST_AT_ONCE, description="Ids.")


class ChangedOut(Schema):
    changed: int = Field(description="How many were in the state from which they change.")


class SentOut(Schema):
    id: int
    recipients: list[str]
    subject: str
    state: SentState
    tries: int
    reason: str = Field(description="Why the last try did not succeed, as a code: address, sender, refused, busy…")
    client: str | None = Field(description="Number of the client that it names, within reach.")
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None = Field(description="null: it is not tried again by itself.")


class SentDetail(SentOut):
    text: str = Field(description="Links that would let in whoever follows them are cut.")


class SentPage(Page):
    items: list[SentOut]


class RetryIn(Given):
    """Of those that have failed: all within reach, or those that these narrow down to."""

    q: str = Field("", max_length=200, description="Words of the subject, or an address.")
    client: str = Field("", max_length=40, description="Number of a client.")
    since: date | None = None
    until: date | None = None


class RetriedOut(Schema):
    sent_again: int


# ——— Mails that came in ———


def _mail(member: Membership, mail_id: int) -> RawMail:
    whole = RawMail.objects.visible_to(member).select_related("organization", "mailbox__topic", "file", "client")
    return whole.found(pk=mail_id)


def _numbers(member: Membership, ids: set[int]) -> dict[int, str]:
    return dict(Client.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number"))


def _received(mail: RawMail, numbers: dict[int, str]) -> dict:
    names = set(ReceivedOut.model_fields) - {"client"}
    return {name: getattr(mail, name) for name in names} | {"client": numbers.get(mail.client_id or 0)}


@router.get("/received-mails", response=ReceivedPage, summary="List mails that came in, newest first")
@operation(Right.INBOUND_ATTACH)
def list_received(
    request: MemberRequest,
    state: ReceivedState = "to_attach",
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """Those of clients within reach, or that may be theirs; of nobody known, for who reaches the whole."""
    member = request.member
    records = RawMail.objects.visible_to(member).filter(state=state)
    items, following = page(records, order=["-received_at", "-id"], cursor=cursor, limit=limit)
    numbers = _numbers(member, {one.client_id for one in items if one.client_id is not None})
    return ReceivedPage(items=[ReceivedOut(**_received(one, numbers)) for one in items], next=following)


@router.get("/received-mails/{int:mail_id}", response=ReceivedDetail, summary="One mail that came in")
@operation(Right.INBOUND_ATTACH)
def get_received(request: MemberRequest, mail_id: int):
    member = request.member
    mail = _mail(member, mail_id)
    try:
        text = mails.read(inbound.content_of(mail)).text
    except (mails.Unreadable, NotFound):
        text = None
    numbers = _numbers(member, {*mail.guesses, mail.client_id or 0})
    return ReceivedDetail(
        **_received(mail, numbers), text=text,
        guesses=sorted(number for pk, number in numbers.items() if pk in mail.guesses),
        interactions=sorted(one.number for one in interactions_behind(member, mail)),
    )  # fmt: skip


@router.post("/received-mails/{int:mail_id}/attach", response=AttachedOut, summary="Say whose a mail is")
@operation(Right.INBOUND_ATTACH)
def post_attach(request: MemberRequest, mail_id: int, payload: AttachIn):
    """To a prospect who is not there yet: `POST /clients` first. A mail that somebody has dealt with is refused (409,
    `E-003-MAIL`)."""
    member = request.member
    if (payload.client is None) == (payload.interaction is None):
        raise Refusal("E-REQUIRED", _("Indiquez un client ou une interaction."), field="client")

    def make() -> Interaction:
        mail = _mail(member, mail_id)
        if payload.interaction is None:
            client = client_of(member, payload.client, Right.INTERACTION_LOG)
            return inbound.attach_mail(mail, by=member, client=client, visible=payload.visible)
        logged = Interaction.objects.visible_to(member, Right.INTERACTION_LOG)
        interaction = logged.filter(number=payload.interaction).first()
        if interaction is None:
            raise Refusal("E-003-INTERACTION", _("Interaction inconnue."), field="interaction")
        return inbound.attach_mail(mail, by=member, interaction=interaction, visible=payload.visible)

    made = Interaction.objects.visible_to(member).found(pk=created_once(request, payload, make))
    return AttachedOut(interaction=made.number)


@router.post("/received-mails/{int:mail_id}/detach", response=ReceivedStateOut, summary="Take an attachment back")
@operation(Right.INBOUND_ATTACH)
def post_detach(request: MemberRequest, mail_id: int, payload: Nothing):
    """The entry goes, and the interaction with it where nothing else stands in it; the mail waits again."""
    member = request.member
    made = created_once(request, payload, lambda: inbound.detach_mail(_mail(member, mail_id), by=member))
    return ReceivedStateOut(id=made, state=RawMail.State.TO_ATTACH)


@router.post("/received-mails/{int:mail_id}/read-again", response=ReceivedStateOut, summary="Read a mail again")
@operation(Right.INBOUND_ATTACH)
def post_read_again(request: MemberRequest, mail_id: int, payload: Nothing):
    """One that could not be read (`quarantined`): what stood in the way may be gone. The worker reads it."""
    member = request.member
    made = created_once(request, payload, lambda: inbound.retry_mail(_mail(member, mail_id), by=member))
    return ReceivedStateOut(id=made, state=RawMail.State.RECEIVED)


def _several(member: Membership, payload: ChosenMailsIn) -> QuerySet[RawMail]:
    return RawMail.objects.visible_to(member).filter(pk__in=payload.mails).only("pk")


@router.post("/received-mails/ignore", response=ChangedOut, summary="Set mails aside that are no client's")
@operation(Right.INBOUND_ATTACH)
def post_ignore(request: MemberRequest, payload: ChosenMailsIn):
    """They leave the list and stay kept. Those that do not wait, or are out of reach, stay as they are."""
    member = request.member
    make = lambda: len(inbound.ignore_mails(_several(member, payload), by=member))  # noqa: E731
    return ChangedOut(changed=created_once(request, payload, make))


@router.post("/received-mails/take-back", response=ChangedOut, summary="Let ignored mails wait again")
@operation(Right.INBOUND_ATTACH)
def post_take_back(request: MemberRequest, payload: ChosenMailsIn):
    member = request.member
    make = lambda: len(inbound.take_back_mails(_several(member, payload), by=member))  # noqa: E731
    return ChangedOut(changed=created_once(request, payload, make))


# ——— Mails that leave ———


def _sent(message: Message, numbers: dict[int, str]) -> dict:
    told = {name: getattr(message, name) for name in set(SentOut.model_fields) - {"client", "next_try_at"}}
    is_due = message.state == Message.State.PENDING
    return told | {
        "client": numbers.get(message.client_id or 0),
        "next_try_at": message.next_try_at if is_due else None,
    }


def _sent_page(member: Membership, records: QuerySet[Message], cursor: str | None, limit: int) -> SentPage:
    records = records.defer("text", "html", "words", "error")
    items, following = page(records, order=["-created_at", "-id"], cursor=cursor, limit=limit)
    numbers = _numbers(member, {one.client_id for one in items if one.client_id is not None})
    return SentPage(items=[SentOut(**_sent(one, numbers)) for one in items], next=following)


def _told(member: Membership, message_id: int) -> SentDetail:
    message = _message(visible_to(member), message_id)
    numbers = _numbers(member, {message.client_id or 0})
    return SentDetail(**_sent(message, numbers), text=without_secrets(message.text))


def _message(records: QuerySet[Message], message_id: int) -> Message:
    found = records.filter(pk=message_id).first()
    if found is None:
        raise NotFound
    return found


@router.get("/sent-mails", response=SentPage, summary="List mails that left or wait, newest first")
@operation(Right.OUTBOX_VIEW)
def list_sent(
    request: MemberRequest,
    state: SentState | None = None,
    q: str = Query("", max_length=200, description="Words of the subject, or an address."),
    client: str = Query("", max_length=40, description="Number of a client."),
    since: date | None = None,
    until: date | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    chosen = _filter(member, state=state or "", q=q, client=client, since=since, until=until)
    return _sent_page(member, chosen.apply(visible_to(member)), cursor, limit)


@router.get("/sent-mails/{int:message_id}", response=SentDetail, summary="One mail that left or waits")
@operation(Right.OUTBOX_VIEW)
def get_sent(request: MemberRequest, message_id: int):
    return _told(request.member, message_id)


@router.post("/sent-mails/{int:message_id}/retry", response=SentDetail, summary="Send a mail again")
@operation(Right.OUTBOX_VIEW)
def post_retry(request: MemberRequest, message_id: int, payload: Nothing):
    """One that failed or waits for its next try; one that has left stays as it is."""
    member = request.member
    message = _message(visible_to(member), message_id)
    created_once(request, payload, lambda: outbox.retry_message(message, by=member))
    return _told(member, message_id)


@router.post("/sent-mails/retry", response=RetriedOut, summary="Send again what has failed")
@operation(Right.OUTBOX_VIEW)
def post_retries(request: MemberRequest, payload: RetryIn):
    """20,000 at most at a time: ask again while as many are told."""
    member = request.member
    chosen = _filter(member, state=Message.State.FAILED, **payload.model_dump())
    make = lambda: outbox.retry_messages(chosen.apply(visible_to(member)), by=member)  # noqa: E731
    return RetriedOut(sent_again=created_once(request, payload, make))


@router.get("/clients/{number}/mails", response=SentPage, summary="List the mails about a client, newest first")
@operation(Right.CLIENT_VIEW)
def list_client_mails(
    request: MemberRequest, number: str, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    member = request.member
    client = by_number(Client.objects.visible_to(member), number)
    return _sent_page(member, of_record(member, CLIENT, client.pk), cursor, limit)


@router.post("/clients/{number}/mails/{int:message_id}/retry", response=SentOut, summary="Send a client's mail again")
@operation(Right.INTERACTION_LOG)
def post_client_retry(request: MemberRequest, number: str, message_id: int, payload: Nothing):
    """By who works on the client, without the right to see all that leaves."""
    member = request.member
    client = by_number(Client.objects.visible_to(member, Right.INTERACTION_LOG), number)
    message = _message(of_record(member, CLIENT, client.pk), message_id)
    created_once(request, payload, lambda: outbox.retry_message(message, by=member))
    message.refresh_from_db()
    return SentOut(**_sent(message, {client.pk: client.number}))


def _filter(
    member: Membership, *, state: str, q: str, client: str, since: date | None, until: date | None
) -> MailFilter:
    """The filter of the page, by its own names."""
    given = {
        "etat": state, "q": q, "client": client, "du": since.isoformat() if since else "",
        "au": until.isoformat() if until else "",
    }  # fmt: skip
    return MailFilter(given, member)
