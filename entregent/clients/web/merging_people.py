"""Two people side by side, their merge, the list of merges, taking one back; and the pairs that the scan found."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.actions.merging_people import PEOPLE_SCAN
from entregent.clients.duplicate_models import PersonMerge, PersonPair
from entregent.clients.duplicates import compare_people, reasons_in_words
from entregent.clients.merges import merge_of_people, merges_of_people
from entregent.clients.models import Person
from entregent.clients.web.duplicates import Pair, Side, cursor_of, draw_pairs, pairs_after
from entregent.clients.web.merge_pages import PAGE, Party, choices_of, merges_page, side_by_side, undo_page
from entregent.clients.web.people import id_of, people_named
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see


@requires(Right.CLIENT_VIEW)
def person_merge(request, pk) -> HttpResponse:
    """Compares the person with that of `?avec=` and merges the other into them. Without `avec`: asks with whom."""
    member = request.member
    winner = Person.objects.get_visible(member, pk=pk)
    other = id_of(request.POST.get("avec") or request.GET.get("avec"))
    if not other:
        return _ask_with_whom(request, winner)
    loser = Person.objects.get_visible(member, pk=other)
    return side_by_side(
        request, winner, loser, party=party, merge=lambda: _merge(request, winner, loser),
        further=lambda: _further(member, winner, loser),
    )  # fmt: skip


def _further(member, winner: Person, loser: Person) -> dict[str, Any]:
    score, reasons = compare_people(winner, loser)
    slug = member.organization.slug
    return {
        "score": score,
        "reasons": reasons_in_words(reasons),
        "may_merge": _reaches(member, Right.CLIENT_MERGE, winner, loser),
        "may_dismiss": _reaches(member, Right.CLIENT_EDIT, winner, loser),
        "merge_url": reverse("clients:person_merge", args=[slug, winner.pk]),
        "swapped_url": _merge_url(slug, loser.pk, winner.pk),
        "dismiss_url": reverse("clients:people_pair_dismiss", args=[slug]),
        "remark": _("La page de l’autre fiche mène désormais à celle-ci. La fusion peut être annulée plus tard."),
    }


@requires(Right.CLIENT_VIEW)
def merge_list(request) -> HttpResponse:
    """Who merged whom, the newest first; further ones by `?apres=`."""
    address = reverse("clients:people_merges", args=[request.member.organization.slug])
    return merges_page(request, merges_of_people(request.member), address=address, party=party, is_of_people=True)


@requires(Right.CLIENT_MERGE)
def merge_undo(request, pk) -> HttpResponse:
    """Shows what undoing a merge does, with whatever was edited since; undoes it."""

    def undone(merge: PersonMerge) -> str:
        toast = _("La fusion est annulée : %(name)s est de nouveau une fiche à part.")
        return toast % {"name": merge.loser.full_name}

    return undo_page(
        request, lambda: merge_of_people(request.member, pk), undo=actions.undo_person_merge, party=party,
        undone=undone,
    )  # fmt: skip


@requires(Right.CLIENT_EDIT)
def pair_list(request) -> HttpResponse:
    """The pairs of which the member may change both, the most alike first; further ones by `?apres=`."""
    pairs, further = _pairs(request.member, cursor_of(request.GET.get("apres", "")))
    return draw_pairs(request, pairs, further, of="people_", scan=PEOPLE_SCAN)


@requires(Right.CLIENT_MERGE)
@require_POST
def scan_create(request) -> HttpResponse:
    """Looks through all people, in the background."""
    actions.start_people_scan(by=request.member)
    return see(request, _pairs_url(request), toast=_("La recherche de doublons est lancée."))


@requires(Right.CLIENT_EDIT)
@require_POST
def dismissal_create(request) -> HttpResponse:
    """« Pas un doublon »; « Annuler » takes it back."""
    first, second = (
        Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=id_of(request.POST.get(name)))
        for name in ("first", "second")
    )
    actions.dismiss_people(first, second, by=request.member)
    undo_url = reverse("clients:people_pair_again", args=[request.member.organization.slug, first.pk, second.pk])
    back = id_of(request.POST.get("retour"))
    seen = back and Person.objects.visible_to(request.member).filter(pk=back).exists()
    url = reverse("clients:person", args=[request.member.organization.slug, back]) if seen else _pairs_url(request)
    return see(request, url, toast=_("Cette paire ne sera plus proposée."), undo_url=undo_url)


@requires(Right.CLIENT_EDIT)
@require_POST
def dismissal_undo(request, pk, other) -> HttpResponse:
    first, second = (Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=one) for one in (pk, other))
    actions.propose_people_again(first, second, by=request.member)
    return see(request, _pairs_url(request), toast=_("La prochaine recherche proposera de nouveau cette paire."))


def party(person: Person, slug: str) -> Party:
    return Party(
        person.full_name,
        " · ".join(part for part in (person.title, person.company) if part),
        reverse("clients:person", args=[slug, person.pk]),
        str(person.pk),
        person.version,
        person.full_name,
    )


def _merge(request, winner: Person, loser: Person) -> HttpResponse:
    member = request.member
    if not _reaches(member, Right.CLIENT_MERGE, winner, loser):
        raise NotFound
    merge = actions.merge_people(winner, loser, by=member, **choices_of(request, gathered=("emails", "phones")))
    slug = member.organization.slug
    undo_url = reverse("clients:people_merge_undo", args=[slug, merge.pk])
    toast = _("%(name)s fait maintenant partie de cette fiche.") % {"name": loser.full_name}
    return see(request, reverse("clients:person", args=[slug, winner.pk]), toast=toast, undo_url=undo_url)


def _ask_with_whom(request, winner: Person) -> HttpResponse:
    slug = request.member.organization.slug
    query = request.GET.get("q", "").strip()[:100]
    pairs = PersonPair.objects.visible_to(request.member).filter(Q(first=winner) | Q(second=winner))
    alike: list[Any] = []
    for pair in pairs.select_related("first", "second")[:5]:
        alike.append((pair.second if pair.first_id == winner.pk else pair.first, reasons_in_words(pair.reasons)))
    context = {
        "winner": party(winner, slug),
        "query": query,
        "found": people_named(request.member, query).exclude(pk=winner.pk)[:20] if query else [],
        "alikes": alike,
        "merge_url": lambda other: _merge_url(slug, winner.pk, other.pk),
    }
    return render(request, "clients/person_merge_with.html", context, fragment="content")


def _reaches(member, right: Right, *people: Person) -> bool:
    ids = {person.pk for person in people}
    return Person.objects.visible_to(member, right).filter(pk__in=ids).count() == len(ids)


def _pairs(member, cursor: tuple[int, int] | None) -> tuple[list[Pair], str]:
    records = pairs_after(PersonPair.objects.visible_to(member, Right.CLIENT_EDIT), cursor)
    rows = list(records.select_related("first", "second")[: PAGE + 1])
    slug = member.organization.slug
    pairs = [
        Pair(
            _side(row.first, slug),
            _side(row.second, slug),
            _merge_url(slug, row.first_id, row.second_id),
            row.score,
            reasons_in_words(row.reasons),
        )
        for row in rows[:PAGE]
    ]
    return pairs, f"{rows[PAGE - 1].score}.{rows[PAGE - 1].pk}" if len(rows) > PAGE else ""


def _side(person: Person, slug: str) -> Side:
    place = " · ".join(part for part in (person.title, person.company) if part)
    url = reverse("clients:person", args=[slug, person.pk])
    return Side(str(person.pk), person.full_name, url, "", place, person.main_phone, person.main_email)


def _merge_url(slug: str, winner: int, loser: int) -> str:
    return f"{reverse('clients:person_merge', args=[slug, winner])}?{urlencode({'avec': loser})}"


def _pairs_url(request) -> str:
    return reverse("clients:people_pairs", args=[request.member.organization.slug])
