"""Handing HTTP messages over to other systems: at least once, the same id and body each time, later and later.

As with mails (`delivery`) a sender leases a few, and no transaction is open while the other side is spoken to. While a
system is away nothing is held against its messages: all of them wait, and it is asked again later and later, at most an
hour apart.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from entregent.access.wall import in_organization, outside
from entregent.audit.actions import record
from entregent.outbox.endpoints import TIMEOUT_SECONDS, may_loop, signed
from entregent.outbox.extension_points import endpoint_stops, post_outcomes
from entregent.outbox.models import Endpoint, EndpointState, Post
from entregent.toolbox import outgoing
from entregent.toolbox.errors import Refusal

log = logging.getLogger("entregent.outbox")

# Minutes before the second, third… try of a message that the other side could not take.
PAUSES = (1, 5, 30, 120, 360, 720, 1440)
MOST_TRIES = len(PAUSES) + 1
# Minutes before a system that does not answer is asked again.
AWAY = (1, 2, 5, 15, 60)
LONGEST_WAIT = timedelta(days=1)
BATCH = 10
LEASE = timedelta(minutes=4)
KEPT = 4000


def post_due(*, most: int = 500, lease: timedelta = LEASE) -> int:
    """Sends what is due, at most so many; says how many were tried."""
    tried = 0
    while tried < most:
        batch = _take(min(BATCH, most - tried), lease)
        if not batch:
            break
        begun = time.monotonic()
        resting: set[int] = set()
        for post in batch:
            if post.endpoint_id in resting or time.monotonic() - begun > lease.total_seconds() / 2:
                _release(post)
                continue
            try:
                if not _post(post):
                    resting.add(post.endpoint_id)
            except Exception as error:  # One message with a fault of ours in it keeps no other from leaving.
                log.exception("post %s", post.pk)
                _try_later(post, Post.Reason.FAULT, f"{type(error).__name__}: {error}"[:500])
            tried += 1
    return tried


def _post(post: Post) -> bool:
    """One try, and how it ended; False where its endpoint wants to be left alone for now."""
    with in_organization(post.organization_id):
        endpoint = Endpoint.objects.select_related("state").filter(pk=post.endpoint_id, is_on=True).first()
    if endpoint is None:
        _release(post)
        return False
    try:
        headers = signed(endpoint.state, post.webhook_id, post.body, timezone.now())
        answer = outgoing.post(
            endpoint.url, body=post.body.encode(), headers=headers, seconds=TIMEOUT_SECONDS, may_loop=may_loop()
        )
    except Refusal as refusal:
        _fail(post, Post.Reason.ADDRESS, refusal.message)
        return True
    except outgoing.TROUBLES as error:
        is_late = isinstance(error, outgoing.Late | TimeoutError)
        reason = Post.Reason.LATE if is_late else Post.Reason.AWAY
        _wait_for(post, endpoint.state, reason, f"{type(error).__name__}: {error}"[:500])
        return False
    return _read(post, endpoint, answer)


def _read(post: Post, endpoint: Endpoint, answer: outgoing.Answer) -> bool:
    told = answer.body.decode("utf-8", "replace").replace("\0", "")[:KEPT]
    said = f"HTTP {answer.status} {' '.join(told.split())[:400]}".strip()
    if 200 <= answer.status < 300:
        _sent(post, answer, told)
    elif answer.status == 410:
        _fail(post, Post.Reason.GONE, said, answer.status, told, turn_off=True)
    elif 300 <= answer.status < 400:
        # No redirect is followed. Whoever keeps a webhook mends it within days; the mirror of cases waits for a person.
        end = _try_later if endpoint.is_webhook else _fail
        end(post, Post.Reason.REDIRECT, said, answer.status, told)
    elif answer.status == 429 or (answer.status == 503 and "retry-after" in answer.headers):
        wait = _asked_to_wait(answer.headers.get("retry-after", ""))
        _wait_for(post, endpoint.state, Post.Reason.BUSY, said, wait)
        return False
    elif answer.status >= 500 or answer.status in (408, 425) or endpoint.is_webhook:
        reason = Post.Reason.TROUBLE if answer.status >= 500 or answer.status in (408, 425) else Post.Reason.REFUSED
        _try_later(post, reason, said, answer.status, told)
    else:
        _fail(post, Post.Reason.REFUSED, said, answer.status, told)
    return True


def _sent(post: Post, answer: outgoing.Answer, told: str) -> None:
    try:
        read = json.loads(answer.body)
    except ValueError:
        read = {}
    with _settling(post):
        now = timezone.now()
        _tell(post, read if isinstance(read, dict) else {})
        _write(
            post, state=Post.State.SENT, tries=post.tries + 1, reason="", error="", status=answer.status, answer=told,
            sent_at=now,
        )  # fmt: skip
        EndpointState.objects.filter(endpoint_id=post.endpoint_id).update(
            answered_at=now, away=0, error="", paused_until=None, failing_since=None
        )


def _fail(
    post: Post, reason: str, error: str, status: int | None = None, told: str = "", *, turn_off: bool = False
) -> None:
    with _settling(post):
        _tell(post, None)
        _write(
            post, state=Post.State.FAILED, tries=post.tries + 1, reason=str(reason), error=error, status=status,
            answer=told,
        )  # fmt: skip
        _note_failure(post, error=error)
        if turn_off:
            record("endpoint_gone", organization_id=post.organization_id)
            Endpoint.objects.filter(pk=post.endpoint_id).update(is_on=False, version=F("version") + 1)
            for stopped in endpoint_stops:
                stopped(post.endpoint)


def _try_later(post: Post, reason: str, error: str, status: int | None = None, told: str = "") -> None:
    if post.tries + 1 >= MOST_TRIES:
        _fail(post, reason, error, status, told)
        return
    with _settling(post):
        _write(
            post, tries=post.tries + 1, reason=str(reason), error=error, status=status, answer=told,
            next_try_at=timezone.now() + timedelta(minutes=PAUSES[post.tries]),
        )  # fmt: skip
        _note_failure(post, error=error)


def _wait_for(post: Post, state: EndpointState, reason: str, error: str, wait: timedelta | None = None) -> None:
    """The endpoint rests, and with it all that goes there; the message is not nearer to failing."""
    with _settling(post):
        until = timezone.now() + (wait or timedelta(minutes=AWAY[min(state.away, len(AWAY) - 1)]))
        _write(post, reason=str(reason), error=error, next_try_at=until)
        _note_failure(post, error=error, paused_until=until, away=state.away + 1)


def _note_failure(post: Post, **values) -> None:
    """How the endpoint does since its last answer."""
    EndpointState.objects.filter(endpoint_id=post.endpoint_id).update(
        failing_since=Coalesce("failing_since", timezone.now()), **values
    )


def _asked_to_wait(told: str) -> timedelta:
    seconds = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 60
    return min(max(timedelta(seconds=seconds), timedelta(seconds=5)), LONGEST_WAIT)


def _tell(post: Post, answer: dict | None) -> None:
    for settled in post_outcomes:
        settled(post, answer)


class _NotOurs(Exception):
    """The lease had ended: another sender has the message in hand, or has settled it."""


@contextmanager
def _settling(post: Post) -> Iterator[None]:
    """Inside the wall, in one transaction, which changes nothing where the message is ours no longer. What the message
    is about is locked before the message, as whoever changes a record does."""
    try:
        with in_organization(post.organization_id):
            yield
    except _NotOurs:
        log.info("post %s was settled by another sender", post.pk)


def _write(post: Post, **values) -> None:
    ours = Post.objects.filter(pk=post.pk, state=Post.State.PENDING, leased_until=post.leased_until)
    if not ours.update(leased_until=None, **values):
        raise _NotOurs
    for name, value in values.items():
        setattr(post, name, value)


def _take(most: int, lease: timedelta) -> list[Post]:
    with outside():
        return list(Post.objects.raw("SELECT * FROM outbox_lease_posts(%s, %s)", [most, lease]))


def _release(post: Post) -> None:
    with in_organization(post.organization_id):
        Post.objects.filter(pk=post.pk, state=Post.State.PENDING, leased_until=post.leased_until).update(
            leased_until=None
        )
