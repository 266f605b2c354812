"""Two clients side by side, their merge, the list of merges, and taking one back."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.duplicate_models import Merge
from entregent.clients.duplicates import compare, look_alikes, reasons_in_words
from entregent.clients.merges import merge_of_clients, merges_of_clients
from entregent.clients.merging import by_number
from entregent.clients.models import Client
from entregent.clients.web.merge_pages import Party, choices_of, merges_page, side_by_side, undo_page
from entregent.clients.web.panes import open_file, reaches
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see


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
    return side_by_side(
        request, winner, loser, party=_party, merge=lambda: _merge(request, winner, loser),
        further=lambda: _further(request, winner, loser),
    )  # fmt: skip


def _further(request, winner: Client, loser: Client) -> dict[str, Any]:
    member = request.member
    score, reasons = compare(winner, loser)
    return {
        "score": score,
        "reasons": reasons_in_words(reasons),
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
    }


@requires(Right.CLIENT_VIEW)
def merge_list(request) -> HttpResponse:
    """Who merged what, the newest first; further ones by `?apres=`."""
    address = reverse("clients:merges", args=[request.member.organization.slug])
    return merges_page(request, merges_of_clients(request.member), address=address, party=_party, is_of_people=False)


@requires(Right.CLIENT_MERGE)
def merge_undo(request, pk) -> HttpResponse:
    """Shows what undoing a merge does, with whatever was edited since; undoes it."""

    def undone(merge: Merge) -> str:
        toast = _("La fusion est annulée : %(name)s (n° %(number)s) est de nouveau une fiche à part.")
        return toast % {"name": merge.loser.display_name, "number": merge.loser.number}

    return undo_page(
        request, lambda: merge_of_clients(request.member, pk), undo=actions.undo_merge, party=_party, undone=undone
    )


def _party(client: Client, slug: str) -> Party:
    address = reverse("workspace:client", args=[slug, client.number])
    return Party(client.display_name, client.number, address, client.number, client.version, client.number)


def _merge(request, winner: Client, loser: Client) -> HttpResponse:
    member = request.member
    for client in (winner, loser):
        if not reaches(member, Right.CLIENT_MERGE, client):
            raise NotFound
    chosen = choices_of(request, gathered=("emails", "phones", "tags"))
    merge = actions.merge_clients(winner, loser, by=member, **chosen)
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


def _file_url(request, client: Client) -> str:
    return reverse("workspace:client", args=[request.member.organization.slug, client.number])


def _merge_url(request, winner: Client, loser: Client) -> str:
    address = reverse("clients:merge", args=[request.member.organization.slug, winner.number])
    return f"{address}?{urlencode({'avec': loser.number})}"
