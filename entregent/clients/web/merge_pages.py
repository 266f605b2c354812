"""What merging clients and merging people have in common on screen: the comparison, the list, taking one back."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.merging import UndoPlan, compare_for_merge, made_since, plan_undo, subject_of
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


def side_by_side(
    request, winner, loser, *, party: Callable[[Any, str], Party], merge: Callable[[], HttpResponse],
    further: Callable[[], dict[str, Any]],
) -> HttpResponse:  # fmt: skip
    """The comparison with its choices; a POST does `merge`, and says what refused it. `further`: what only these pages
    know."""
    refusal: Stale | Refusals | Refusal | None = None
    if request.method == "POST":
        if not request.member.can(Right.CLIENT_MERGE):
            raise RightMissing
        try:
            return merge()
        except (Stale, Refusals, Refusal) as refused:
            if isinstance(refused, NotFound):
                raise
            refusal = refused
    elif loser.pk == winner.pk:
        refusal = Refusal("E-MERGE-SELF", _("Une fiche ne se fusionne pas avec elle-même."))
    slug = request.member.organization.slug
    context = {
        "winner": party(winner, slug),
        "loser": party(loser, slug),
        "comparison": compare_for_merge(request.member, winner, loser) if winner.pk != loser.pk else None,
        "refusal": refusal,
        "posted": request.POST if request.method == "POST" else None,
    }
    status = getattr(refusal, "status", 200) if refusal is not None else 200
    return render(request, "clients/merge.html", context | further(), fragment="content", status=status)


def choices_of(request, *, gathered: tuple[str, ...]) -> dict[str, Any]:
    """What was chosen side by side, as the actions take it; `gathered`: the fields of which both values may stay."""
    typed = request.POST
    return {
        "choices": {key.removeprefix("choice."): value for key, value in typed.items() if key.startswith("choice.")},
        "lists": {name: typed.getlist(f"list.{name}") for name in gathered if f"has.{name}" in typed},
        "versions": tuple(_number(typed.get(name, "")) for name in ("winner_version", "loser_version")),
    }


def merges_page(
    request, merges: QuerySet, *, address: str, party: Callable[[Any, str], Party], is_of_people: bool
) -> HttpResponse:
    """Who merged whom, the newest first; further ones by `?apres=`."""
    after = request.GET.get("apres", "")
    merges = merges.select_related("winner", "loser", "merged_by", "undone_by")
    if after.isdecimal() and len(after) < 19:
        merges = merges.filter(pk__lt=int(after))
    shown = list(merges.order_by("-id")[: PAGE + 1])
    slug = request.member.organization.slug
    context = {
        "merges": [(merge, party(merge.winner, slug), party(merge.loser, slug)) for merge in shown[:PAGE]],
        "next_url": f"{address}?{urlencode({'apres': shown[PAGE - 1].pk})}" if len(shown) > PAGE else "",
        "may_undo": request.member.can(Right.CLIENT_MERGE),
        "is_of_people": is_of_people,
    }
    return render(request, "clients/merges.html", context, fragment="merges" if after else "content")


def undo_page(
    request, find: Callable[[], Any], *, undo: Callable[..., Any], party: Callable[[Any, str], Party],
    undone: Callable[[Any], str],
) -> HttpResponse:  # fmt: skip
    """Shows what undoing a merge does, with whatever was edited since; a POST does `undo`. `find` gives the merge as it
    stands now; `undone` the sentence that says that it is taken back."""
    member = request.member
    slug = member.organization.slug
    merge, refusal = find(), None
    if request.method == "POST":
        # « Annuler » right after the merge says no more than that: where there is something to choose, it is shown.
        token = request.POST.get("token") or plan_undo(member, merge).token_without_conflicts
        if token is None:
            return see(request, request.path)
        try:
            undo(merge, by=member, answers=_answers_of(request), token=token)
        except Refusal as refused:
            if isinstance(refused, NotFound):
                raise
            refusal = refused
        else:
            return see(request, party(merge.loser, slug).url, toast=undone(merge))
        merge = find()
    plan = plan_undo(member, merge) if merge.undone_at is None else None
    context = {
        "merge": merge,
        "winner": party(merge.winner, slug),
        "loser": party(merge.loser, slug),
        "plan": plan,
        "refusal": refusal,
        **_made_context(request, merge, plan),
    }
    status = refusal.status if refusal else 200
    fragment = "made" if "table" in request.GET else "content"
    return render(request, "clients/merge_undo.html", context, fragment=fragment, status=status)


def _made_context(request, merge, plan: UndoPlan | None) -> dict[str, Any]:
    """Rows that came since the merge: those of the plan, or with `?table=` and `?apres=` the next ones of a table."""
    mover = next((one for one in subject_of(merge.winner).movers if one.key == request.GET.get("table")), None)
    if plan is None or mover is None:
        return {"made": plan.made if plan else [], "more": plan.more if plan else []}
    after = request.GET.get("apres", "")
    after_row = int(after) if after.isdecimal() and len(after) < 19 else 0
    made, more = made_since(request.member, merge, mover, after=after_row)
    return {"made": made, "more": more}


def _answers_of(request) -> dict[str, str]:
    """What was chosen for each conflict, by its key."""
    kinds = ("field", "row", "made")
    return {key: value for key, value in request.POST.items() if key.partition(":")[0] in kinds}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
