"""Two clients side by side, their merge, the list of merges, and taking one back."""

from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.duplicate_models import Merge
from entregent.clients.duplicates import compare, look_alikes, reasons_in_words
from entregent.clients.merging import (
    UndoPlan,
    by_number,
    compare_for_merge,
    made_since,
    plan_undo,
    subject_of,
)
from entregent.clients.models import Client
from entregent.clients.web.panes import open_file, reaches
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
from entregent.ui.pages import render, see

PAGE = 50


class Party(NamedTuple):
    """One of the two, client or person, as the pages of a merge name it. `reference` stands beside the name (a number,
    a title); `short` is how choices name it; `key` is what `?avec=` holds."""

    name: str
    reference: str
    url: str
    key: str
    version: int
    short: str


@requires(Right.CLIENT_VIEW)
def client_merge(request, number) -> HttpResponse:
    """Compares the client with that of `?avec=` and merges the other into it. Without `avec`: asks with whom."""
    member = request.member
    winner = open_file(request, number)
    asked = (request.POST.get("avec") or request.GET.get("avec", "")).strip()[:40]
    if not asked:
        return _ask_with_whom(request, winner)
    try:
        loser = by_number(Client.objects.visible_to(member).select_related("sector", "responsible"), asked)
    except NotFound:
        if request.method == "POST":
            raise
        return _ask_with_whom(request, winner, asked)
    if loser.pk == winner.pk and asked != winner.number:
        sentence = _("La fiche n° %(number)s fait déjà partie de celle-ci.")
        return see(request, _file_url(request, winner), toast=sentence % {"number": asked})
    refusal = None
    if request.method == "POST":
        if not member.can(Right.CLIENT_MERGE):
            raise RightMissing
        try:
            return _merge(request, winner, loser)
        except (Stale, Refusals, Refusal) as refused:
            if isinstance(refused, NotFound):
                raise
            refusal = refused
    elif loser.pk == winner.pk:
        refusal = Refusal("E-MERGE-SELF", _("Une fiche ne se fusionne pas avec elle-même."))
    score, reasons = compare(winner, loser)
    context = {
        "winner": _party(winner, member.organization.slug),
        "loser": _party(loser, member.organization.slug),
        "score": score,
        "reasons": reasons_in_words(reasons),
        "comparison": compare_for_merge(member, winner, loser) if winner.pk != loser.pk else None,
        "refusal": refusal,
        "may_merge": all(reaches(member, Right.CLIENT_MERGE, client) for client in (winner, loser)),
        "may_dismiss": all(reaches(member, Right.CLIENT_EDIT, client) for client in (winner, loser)),
        "merge_url": reverse("clients:merge", args=[member.organization.slug, winner.number]),
        "swapped_url": _merge_url(request, loser, winner),
        "dismiss_url": reverse("clients:pair_dismiss", args=[member.organization.slug]),
        "remark": _(
            "La seconde adresse principale devient « Autre ». Le n° %(number)s reste un alias : il mène à la fiche "
            "conservée. La fusion peut être annulée plus tard."
        )
        % {"number": loser.number},
        "posted": request.POST if request.method == "POST" else None,
    }
    status = getattr(refusal, "status", 200) if refusal is not None else 200
    return render(request, "clients/merge.html", context, fragment="content", status=status)


@requires(Right.CLIENT_VIEW)
def merge_list(request) -> HttpResponse:
    """Who merged what, the newest first; further ones by `?apres=`."""
    after = request.GET.get("apres", "")
    merges = _told_of(request.member).select_related("winner", "loser", "merged_by", "undone_by")
    if after.isdecimal() and len(after) < 19:
        merges = merges.filter(pk__lt=int(after))
    shown = list(merges.order_by("-id")[: PAGE + 1])
    slug = request.member.organization.slug
    address = reverse("clients:merges", args=[slug])
    context = {
        "merges": [(merge, _party(merge.winner, slug), _party(merge.loser, slug)) for merge in shown[:PAGE]],
        "next_url": f"{address}?{urlencode({'apres': shown[PAGE - 1].pk})}" if len(shown) > PAGE else "",
        "may_undo": request.member.can(Right.CLIENT_MERGE),
        "is_of_people": False,
    }
    return render(request, "clients/merges.html", context, fragment="merges" if after else "content")


@requires(Right.CLIENT_MERGE)
def merge_undo(request, pk) -> HttpResponse:
    """Shows what undoing a merge does, with whatever was edited since; undoes it."""
    merge = _merge_in_reach(request.member, pk)
    refusal = None
    if request.method == "POST":
        # « Annuler » right after the merge says no more than that: where there is something to choose, it is shown.
        token = request.POST.get("token") or plan_undo(request.member, merge).token_without_conflicts
        if token is None:
            return see(request, request.path)
        try:
            actions.undo_merge(merge, by=request.member, answers=answers_of(request), token=token)
        except Refusal as refused:
            if isinstance(refused, NotFound):
                raise
            refusal = refused
        else:
            toast = _("La fusion est annulée : %(name)s (n° %(number)s) est de nouveau une fiche à part.")
            words = {"name": merge.loser.display_name, "number": merge.loser.number}
            return see(request, _file_url(request, merge.loser), toast=toast % words)
        merge = _merge_in_reach(request.member, pk)
    plan = plan_undo(request.member, merge) if merge.undone_at is None else None
    slug = request.member.organization.slug
    context = {
        "merge": merge,
        "winner": _party(merge.winner, slug),
        "loser": _party(merge.loser, slug),
        "plan": plan,
        "refusal": refusal,
        **made_context(request, merge, plan),
    }
    return render(
        request,
        "clients/merge_undo.html",
        context,
        fragment="made" if "table" in request.GET else "content",
        status=refusal.status if refusal else 200,
    )


def made_context(request, merge, plan: UndoPlan | None) -> dict[str, Any]:
    """Rows that came since the merge: those of the plan, or with `?table=` and `?apres=` the next ones of a table."""
    mover = next((one for one in subject_of(merge.winner).movers if one.key == request.GET.get("table")), None)
    if plan is None or mover is None:
        return {"made": plan.made if plan else [], "more": plan.more if plan else []}
    after = request.GET.get("apres", "")
    after_row = int(after) if after.isdecimal() and len(after) < 19 else 0
    made, more = made_since(request.member, merge, mover, after=after_row)
    return {"made": made, "more": more}


def answers_of(request) -> dict[str, str]:
    """What was chosen for each conflict, by its key."""
    kinds = ("field", "row", "made")
    return {key: value for key, value in request.POST.items() if key.partition(":")[0] in kinds}


def _party(client: Client, slug: str) -> Party:
    address = reverse("workspace:client", args=[slug, client.number])
    return Party(client.display_name, client.number, address, client.number, client.version, client.number)


def _merge(request, winner: Client, loser: Client) -> HttpResponse:
    member = request.member
    for client in (winner, loser):
        if not reaches(member, Right.CLIENT_MERGE, client):
            raise NotFound
    typed = request.POST
    choices = {key.removeprefix("choice."): value for key, value in typed.items() if key.startswith("choice.")}
    gathered = [name for name in ("emails", "phones", "tags") if f"has.{name}" in typed]
    merge = actions.merge_clients(
        winner,
        loser,
        by=member,
        choices=choices,
        lists={name: typed.getlist(f"list.{name}") for name in gathered},
        versions=(number_of(typed.get("winner_version", "")), number_of(typed.get("loser_version", ""))),
    )
    undo_url = reverse("clients:merge_undo", args=[member.organization.slug, merge.pk])
    toast = _("%(name)s (n° %(number)s) fait maintenant partie de cette fiche.")
    words = {"name": loser.display_name, "number": loser.number}
    return see(request, f"{_file_url(request, winner)}?fusion={merge.pk}", toast=toast % words, undo_url=undo_url)


def _ask_with_whom(request, winner: Client, asked: str = "") -> HttpResponse:
    context = {
        "winner": winner,
        "alikes": look_alikes(request.member, winner),
        "asked": asked,
        "merge_url": lambda other: _merge_url(request, winner, other),
    }
    return render(request, "clients/merge_with.html", context, fragment="content", status=404 if asked else 200)


def _told_of(member) -> QuerySet[Merge]:
    """Merges of clients in reach. The one that was merged is a part of it; after the undoing it must be in reach
    itself. Asked row by row: a list of all clients would be read first otherwise."""
    loser = Client.objects.visible_to(member).filter(pk=OuterRef("loser_id")).order_by().values("pk")[:1]
    return Merge.objects.visible_to(member).filter(Q(undone_at__isnull=True) | Q(IsNull(Subquery(loser), False)))


def _merge_in_reach(member, pk: int) -> Merge:
    """A merge whose both clients the member may merge: the one that remained, and the one that has gone."""
    merge = (
        Merge.objects.visible_to(member, Right.CLIENT_MERGE)
        .select_related("winner", "loser", "merged_by", "undone_by")
        .filter(pk=pk)
        .first()
    )
    if merge is None:
        raise NotFound
    gone = Client.objects.visible_to(member, Right.CLIENT_MERGE, deleted=merge.loser.deleted_at is not None)
    if not gone.filter(pk=merge.loser_id).exists():
        raise NotFound
    return merge


def _file_url(request, client: Client) -> str:
    return reverse("workspace:client", args=[request.member.organization.slug, client.number])


def _merge_url(request, winner: Client, loser: Client) -> str:
    address = reverse("clients:merge", args=[request.member.organization.slug, winner.number])
    return f"{address}?{urlencode({'avec': loser.number})}"


def number_of(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
