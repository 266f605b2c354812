"""Other systems that are sent HTTP messages: their address, the secret that signs, the messages themselves."""

import base64
import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from entregent.access.rights import Right
from entregent.access.scope import clients_in_reach
from entregent.audit.actions import record
from entregent.outbox.models import Endpoint, EndpointState, Post
from entregent.toolbox import outgoing
from entregent.toolbox.errors import NotFound, Refusal, Stale, required
from entregent.toolbox.queue import ask
from entregent.toolbox.sealing import seal, unseal

PURPOSE = "outbox.endpoint"
# As the partial indexes say it.
SENT = Q(state=Post.State.SENT)
# How long messages are signed with the former secret too.
OLD_SECRET_FOR = timedelta(days=1)
TIMEOUT_SECONDS = 10
TRIAL_SECONDS = 6
MOST_RETRIED = 20_000


def may_loop() -> bool:
    """http to this machine itself: where the product is tried out or developed, never in earnest."""
    return settings.DEBUG or settings.DEMO


def endpoint_of(organization_id: int, purpose: str) -> Endpoint | None:
    return Endpoint.objects.select_related("state").filter(organization_id=organization_id, purpose=purpose).first()


@transaction.atomic
def set_endpoint(*, by, purpose: str, url: str, is_on: bool, version: int | None = None) -> tuple[Endpoint, str]:
    """Sets where the messages go and whether they go. Given back: the endpoint, and its secret where it is new — the
    only time that it is shown. Refuses an address that is not admitted, and a stale version."""
    known = Endpoint.objects.select_for_update().filter(organization_id=by.organization_id, purpose=purpose).first()
    if not url.strip():
        raise required("url", _("Adresse"))
    url = outgoing.check_url(url, may_loop=may_loop(), field="url")
    record("set_endpoint", by=by, subject=known, url=url, is_on=is_on, purpose=purpose)
    if known is None:
        made = Endpoint.objects.create(organization_id=by.organization_id, purpose=purpose, url=url, is_on=is_on)
        secret = new_secret()
        EndpointState.objects.create(
            organization_id=by.organization_id, endpoint=made, secret=seal(secret, purpose=PURPOSE)
        )
        return made, secret
    if version is not None and known.version != version:
        raise Stale(who=_("un autre membre"), when="", current=known)
    known.url, known.is_on, known.version = url, is_on, known.version + 1
    known.save()
    # It may be another system: nothing is held against it.
    EndpointState.objects.filter(endpoint=known).update(paused_until=None, away=0, error="")
    if is_on:
        _wake()
    return known, ""


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, by) -> str:
    """Gives a new secret. For a day messages are signed with both, so that the other side can follow."""
    record("rotate_endpoint_secret", by=by, subject=endpoint)
    state = (
        EndpointState.objects.select_for_update()
        .filter(endpoint_id=endpoint.pk, organization_id=by.organization_id)
        .first()
    )
    if state is None:
        raise NotFound
    secret = new_secret()
    state.old_secret, state.old_secret_until = state.secret, timezone.now() + OLD_SECRET_FOR
    state.secret = seal(secret, purpose=PURPOSE)
    state.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return secret


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def signed(state: EndpointState, webhook_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks, signed with each secret that holds."""
    moment = now.astimezone(UTC)
    held = [state.secret]
    if state.old_secret and state.old_secret_until is not None and state.old_secret_until > now:
        held.append(state.old_secret)
    signatures = [Webhook(unseal(one, purpose=PURPOSE)).sign(webhook_id, moment, body) for one in held]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Entregent",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def message_body(event: str, data: dict, at: datetime) -> str:
    told = {"type": event, "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds"), "data": data}
    return json.dumps(told, ensure_ascii=False, default=str)


def try_endpoint(endpoint: Endpoint, *, by) -> outgoing.Answer:
    """Sends a signed « ping » at once and keeps nothing: what the other side answered. Refuses with what went wrong."""
    state = EndpointState.objects.filter(endpoint=endpoint, organization_id=by.organization_id).first()
    if state is None:
        raise NotFound
    now = timezone.now()
    body = message_body("ping", {}, now)
    headers = signed(state, _new_id(), body, now)
    try:
        answer = outgoing.post(
            endpoint.url, body=body.encode(), headers=headers, seconds=TRIAL_SECONDS, may_loop=may_loop()
        )
    except outgoing.Late:
        raise Refusal("E-ENDPOINT-TRY", str(Post.Reason.LATE.label), field="url") from None
    except outgoing.TROUBLES as error:
        message = _("L’autre système ne répond pas : %(error)s.") % {"error": str(error)[:200] or type(error).__name__}
        raise Refusal("E-ENDPOINT-TRY", message, field="url") from None
    if not 200 <= answer.status < 300:
        message = _("L’autre système a répondu par le code %(status)s.") % {"status": answer.status}
        raise Refusal("E-ENDPOINT-TRY", message, field="url")
    return answer


@dataclass(frozen=True)
class Writing:
    """One message that is to leave, about a record; about (type, id) where the record itself is not at hand."""

    data: dict
    subject_record: Any
    label: str = ""
    client_id: int | None = None
    is_confidential: bool = False
    # Where not the same for all: what happened, and when.
    event: str = ""
    at: datetime | None = None

    @property
    def subject(self) -> tuple[str, int]:
        if isinstance(self.subject_record, tuple):
            return self.subject_record
        return self.subject_record._meta.label_lower, self.subject_record.pk


def write_posts(endpoint: Endpoint, event: str, writings: Iterable[Writing]) -> list[Post]:
    """Puts messages into the outbox: rows of the caller's transaction, sent after its commit, at least once."""
    now = timezone.now()
    posts = Post.objects.bulk_create(
        [
            Post(
                organization_id=endpoint.organization_id,
                endpoint=endpoint,
                webhook_id=_new_id(),
                event=one.event or event,
                body=message_body(one.event or event, one.data, one.at or now),
                subject_type=one.subject[0],
                subject_id=one.subject[1],
                label=one.label[:200],
                client_id=one.client_id,
                is_confidential=one.is_confidential,
            )
            for one in writings
        ],
        batch_size=1000,
    )
    if posts:
        _wake()
    return posts


def posts_about(subject_record):
    return Post.objects.filter(
        organization_id=subject_record.organization_id,
        subject_type=subject_record._meta.label_lower,
        subject_id=subject_record.pk,
    )


def posts_visible_to(member):
    """What names a client is read by whoever sees the client, the rest by who sees all; what is confidential by those
    of them who see what is confidential."""
    posts = Post.objects.filter(organization_id=member.organization_id)
    if not member.reach.is_whole(Right.CASE_CONFIDENTIAL):
        posts = posts.filter(is_confidential=False)
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return posts
    return posts.filter(client_id__in=clients_in_reach(member))


@transaction.atomic
def retry_posts(posts, *, by) -> int:
    """Sends again what failed or waits of `posts` (a queryset within the reach of `by`); says how many."""
    record("retry_posts", by=by)
    unsent = posts.exclude(state=Post.State.SENT).order_by().values("pk")[:MOST_RETRIED]
    now = timezone.now()
    found = Post.objects.filter(organization_id=by.organization_id, pk__in=unsent)
    endpoints: Iterable[int] = list(found.order_by().values_list("endpoint_id", flat=True).distinct())
    count = found.update(state=Post.State.PENDING, tries=0, next_try_at=now, leased_until=None)
    if count:
        EndpointState.objects.filter(endpoint_id__in=endpoints).update(paused_until=None, away=0)
        _wake()
    return count


def mark_posts_about(subject_record, *, is_confidential: bool, client_id: int | None, data: dict) -> None:
    """The record became confidential, or is so no longer: who reads its messages, and what those that wait say."""
    posts = posts_about(subject_record)
    posts.update(is_confidential=is_confidential, client_id=client_id)
    for post in posts.exclude(state=Post.State.SENT):
        body = json.loads(post.body)
        body["data"] = data | {"state": body["data"].get("state", data.get("state"))}
        Post.objects.filter(pk=post.pk).exclude(state=Post.State.SENT).update(body=json.dumps(body, ensure_ascii=False))


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


def _wake() -> None:
    """In the same transaction, once."""
    if any(waiting[1] is _woken for waiting in connection.run_on_commit):
        return
    ask("entregent.outbox.post_due")
    transaction.on_commit(_woken)


def _woken() -> None:
    """The mark that this transaction has woken the sender."""
