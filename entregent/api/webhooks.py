"""Webhooks out: addresses that are told of events, their secrets, the log of their messages."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, one_of, tag, unchanged, version_asked
from entregent.api.schemas import Given, Nothing, Page
from entregent.organizations.models import Membership
from entregent.outbox.endpoints import posts_visible_to
from entregent.toolbox.errors import Refusal
from entregent.webhooks import actions
from entregent.webhooks.models import Webhook

router = Router(tags=["webhooks"])


class WebhookIn(Given):
    name: str = Field(max_length=80, examples=["Facturation"])
    url: str = Field(max_length=600, examples=["https://si.exemple.fr/entregent"])
    events: list[str] = Field(max_length=100, examples=[["client.created", "client.updated"]])
    is_on: bool = True


class WebhookPatch(Given):
    """Only what is given is changed."""

    name: str | None = Field(None, max_length=80)
    url: str | None = Field(None, max_length=600)
    events: list[str] | None = Field(None, max_length=100)
    is_on: bool | None = None


class WebhookOut(Schema):
    id: int
    name: str
    url: str = Field(examples=["https://si.exemple.fr/entregent"])
    events: list[str]
    is_on: bool
    stopped: str = Field(description="Why the product has switched it off: gone, failing; empty: it has not.")
    created_at: datetime
    version: int

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookOut":
        own = {name: getattr(webhook, name) for name in ("name", "events", "stopped", "created_at", "version")}
        return cls(id=webhook.pk, url=webhook.endpoint.url, is_on=webhook.endpoint.is_on, **own)


class WebhookMade(WebhookOut):
    secret: str | None = Field(description="Signs the messages. Shown once: null when the request is repeated.")


class SecretOut(Schema):
    secret: str | None = Field(description="Shown once: null when the request is repeated.")


class WebhookPage(Page):
    items: list[WebhookOut]


class PostOut(Schema):
    id: int
    webhook_id: str = Field(description="The same for all tries: the receiver keeps each once.")
    event: str
    label: str
    state: Literal["pending", "sent", "failed"]
    tries: int
    status: int | None = Field(description="What the other side answered last.")
    reason: str
    created_at: datetime
    sent_at: datetime | None


class PostPage(Page):
    items: list[PostOut]


class ReplayOut(Schema):
    sent_again: int


def _webhook(member: Membership, webhook_id: int) -> Webhook:
    return one_of(actions.webhooks_of(member), webhook_id)


def _told(member: Membership, response: HttpResponse, webhook_id: int) -> WebhookOut:
    webhook = _webhook(member, webhook_id)
    tag(response, webhook.version)
    return WebhookOut.of(webhook)


@router.get("/webhooks", response=WebhookPage, summary="List webhooks")
@operation(Right.WEBHOOKS)
def list_webhooks(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    items, following = page(actions.webhooks_of(request.member), order=["id"], cursor=cursor, limit=limit)
    return WebhookPage(items=[WebhookOut.of(one) for one in items], next=following)


@router.post("/webhooks", response={201: WebhookMade}, summary="Add a webhook")
@operation(Right.WEBHOOKS)
def post_webhook(request: MemberRequest, response: HttpResponse, payload: WebhookIn):
    """Messages follow the Standard Webhooks specification; the secret is in this answer and nowhere else."""
    member = request.member
    secrets: list[str] = []

    def make() -> Webhook:
        webhook, secret = actions.create_webhook(by=member, **payload.model_dump())
        secrets.append(secret)
        return webhook

    shown = _told(member, response, created_once(request, payload, make))
    return Status(201, WebhookMade(**shown.model_dump(), secret=secrets[0] if secrets else None))


@router.get("/webhooks/{int:webhook_id}", response=WebhookOut, summary="One webhook")
@operation(Right.WEBHOOKS)
def get_webhook(request: MemberRequest, response: HttpResponse, webhook_id: int):
    return _told(request.member, response, webhook_id)


@router.patch("/webhooks/{int:webhook_id}", response=WebhookOut, summary="Change a webhook, or switch it on or off")
@operation(Right.WEBHOOKS)
def patch_webhook(request: MemberRequest, response: HttpResponse, webhook_id: int, payload: WebhookPatch):
    version = version_asked(request)
    webhook = _webhook(request.member, webhook_id)
    standing: dict[str, Any] = {
        "name": webhook.name, "url": webhook.endpoint.url, "events": webhook.events, "is_on": webhook.endpoint.is_on,
    }  # fmt: skip
    given = {name: value for name, value in payload.model_dump().items() if value is not None}
    actions.update_webhook(webhook, by=request.member, version=version, **(standing | given))
    return _told(request.member, response, webhook_id)


@router.delete("/webhooks/{int:webhook_id}", response={204: None}, summary="Remove a webhook with its messages")
@operation(Right.WEBHOOKS)
def delete_webhook(request: MemberRequest, webhook_id: int):
    webhook = _webhook(request.member, webhook_id)
    unchanged(request, webhook)
    actions.delete_webhook(webhook, by=request.member)
    return Status(204, None)


@router.post("/webhooks/{int:webhook_id}/secret", response={201: SecretOut}, summary="Change the secret of a webhook")
@operation(Right.WEBHOOKS)
def post_secret(request: MemberRequest, webhook_id: int, payload: Nothing):
    """The former one signs for a day longer."""
    webhook = _webhook(request.member, webhook_id)
    secrets: list[str] = []

    def make() -> Webhook:
        secrets.append(actions.rotate_webhook_secret(webhook, by=request.member))
        return webhook

    created_once(request, payload, make)
    return Status(201, SecretOut(secret=secrets[0] if secrets else None))


@router.get("/webhooks/{int:webhook_id}/messages", response=PostPage, summary="Read the log of a webhook, newest first")
@operation(Right.WEBHOOKS)
def list_messages(
    request: MemberRequest,
    webhook_id: int,
    state: Literal["pending", "sent", "failed"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    webhook = _webhook(request.member, webhook_id)
    posts = posts_visible_to(request.member).filter(endpoint_id=webhook.endpoint_id).defer("body", "answer")
    if state is not None:
        posts = posts.filter(state=state)
    items, following = page(posts, order=["-created_at", "-id"], cursor=cursor, limit=limit)
    told = [PostOut(**{name: getattr(one, name) for name in PostOut.model_fields}) for one in items]
    return PostPage(items=told, next=following)


@router.post("/webhooks/{int:webhook_id}/replay", response=ReplayOut, summary="Send again what has failed or waits")
@operation(Right.WEBHOOKS)
def post_replay(request: MemberRequest, webhook_id: int, payload: Nothing):
    webhook = _webhook(request.member, webhook_id)
    if not webhook.endpoint.is_on:
        raise Refusal("E-WEBHOOK-OFF", _("Ce webhook est arrêté : remettez-le en marche d’abord."), status=409)
    # As many as were sent again are told once more when the request is repeated.
    count = created_once(request, payload, lambda: actions.replay_webhook(webhook, by=request.member))
    return ReplayOut(sent_again=count)
