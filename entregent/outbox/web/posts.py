"""« Messages transmis »: the HTTP messages that left for other systems or wait, beside the mails of the outbox."""

import json
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.outbox.endpoints import MOST_RETRIED, SENT, posts_visible_to, retry_posts
from entregent.outbox.models import Post
from entregent.outbox.reading import Cursor, after, subjects_of
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see

PAGE = 100
_LISTED = (
    "id", "event", "label", "state", "tries", "reason", "status", "created_at", "next_try_at", "client_id",
    "subject_type", "subject_id",
)  # fmt: skip


@require_GET
@requires(Right.OUTBOX_VIEW)
def post_list(request: MemberRequest) -> HttpResponse:
    """Everything that left for another system or waits, within reach, newest first."""
    state = _state(request.GET)
    cursor = Cursor.read(request.GET.get("apres", ""))
    rows = list(after(_of_state(posts_visible_to(request.member), state), cursor).only(*_LISTED)[: PAGE + 1])
    shown = rows[:PAGE]
    more = {"etat": state} if state else {}
    if len(rows) > PAGE:
        more["apres"] = str(Cursor(shown[-1].created_at, shown[-1].pk))
    context = {
        "posts": shown,
        "subjects": subjects_of(request.member, shown),
        "next": urlencode(more) if len(rows) > PAGE else None,
        "state": state,
        "states": [("", _("Tous les états")), *((value, str(label)) for value, label in Post.State.choices)],
    }
    return render(request, "outbox/post_list.html", context)


@require_GET
@requires(Right.OUTBOX_VIEW)
def post_detail(request: MemberRequest, post_id: int) -> HttpResponse:
    post = _post(request.member, post_id)
    found = subjects_of(request.member, [post])
    context = {
        "post": post,
        "body": json.dumps(json.loads(post.body), ensure_ascii=False, indent=2),
        "subject": found.get((post.subject_type, post.subject_id or 0)),
        "client": found.get(("clients.client", post.client_id or 0)),
    }
    return render(request, "outbox/post_detail.html", context)


@require_POST
@requires(Right.OUTBOX_VIEW)
def retry_create(request: MemberRequest, post_id: int) -> HttpResponse:
    post = _post(request.member, post_id)
    retry_posts(Post.objects.filter(pk=post.pk), by=request.member)
    return see(request, _list_url(request), toast=_("Le message est remis en file d’envoi."))


@require_POST
@requires(Right.OUTBOX_VIEW)
def retry_all_create(request: MemberRequest) -> HttpResponse:
    """Sends again what failed."""
    failed = posts_visible_to(request.member).filter(~SENT, state=Post.State.FAILED)
    count = retry_posts(failed, by=request.member)
    told = ngettext(
        "%(n)d message est remis en file d’envoi.", "%(n)d messages sont remis en file d’envoi.", count
    ) % {"n": count}  # fmt: skip
    if count == MOST_RETRIED:
        told = _("%(told)s Recommencez pour les suivants.") % {"told": told}
    return see(request, _list_url(request), toast=told if count else _("Aucun message échoué à envoyer de nouveau."))


def _of_state(posts, state: str):
    if not state:
        return posts
    # The partial index of what has not been sent says it in these words.
    return posts.filter(SENT) if state == Post.State.SENT else posts.filter(~SENT, state=state)


def _state(query) -> str:
    state = query.get("etat", "")
    return state if state in Post.State.values else ""


def _post(member, post_id: int) -> Post:
    post = posts_visible_to(member).filter(pk=post_id).first()
    if post is None:
        raise NotFound
    return post


def _list_url(request: MemberRequest) -> str:
    url = reverse("outbox:posts", args=[request.member.organization.slug])
    state = _state(request.POST)
    return f"{url}?{urlencode({'etat': state})}" if state else url
