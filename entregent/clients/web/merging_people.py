"""Two people side by side, their merge, the list of merges, taking one back; and the pairs that the scan found."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull
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
from entregent.clients.merging import compare_for_merge, plan_undo
from entregent.clients.models import Person
from entregent.clients.web.duplicates import Pair, Side, cursor_of, draw_pairs, pairs_after
from entregent.clients.web.merging import PAGE, Party, answers_of, made_context, number_of
from entregent.clients.web.people import id_of, people_named
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
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
    score, reasons = compare_people(winner, loser)
    slug = member.organization.slug
    context = {
        "winner": party(winner, slug),
        "loser": party(loser, slug),
        "score": score,
        "reasons": reasons_in_words(reasons),
        "comparison": compare_for_merge(member, winner, loser) if winner.pk != loser.pk else None,
        "refusal": refusal,
        "may_merge": _reaches(member, Right.CLIENT_MERGE, winner, loser),
        "may_dismiss": _reaches(member, Right.CLIENT_EDIT, winner, loser),
        "merge_url": reverse("clients:person_merge", args=[slug, winner.pk]),
        "swapped_url": _merge_url(slug, loser.pk, winner.pk),
        "dismiss_url": reverse("clients:people_pair_dismiss", args=[slug]),
        "remark": _("La page de l’autre fiche mène désormais à celle-ci. La fusion peut être annulée plus tard."),
        "posted": request.POST if request.method == "POST" else None,
    }
    status = getattr(refusal, "status", 200) if refusal is not None else 200
    return render(request, "clients/merge.html", context, fragment="content", status=status)


@requires(Right.CLIENT_VIEW)
def merge_list(request) -> HttpResponse:
    """Who merged whom, the newest first; further ones by `?apres=`."""
    after = request.GET.get("apres", "")
    slug = request.member.organization.slug
    merges = _told_of(request.member).select_related("winner", "loser", "merged_by", "undone_by")
    if after.isdecimal() and len(after) < 19:
        merges = merges.filter(pk__lt=int(after))
    shown = list(merges.order_by("-id")[: PAGE + 1])
    address = reverse("clients:people_merges", args=[slug])
    context = {
        "merges": [(merge, party(merge.winner, slug), party(merge.loser, slug)) for merge in shown[:PAGE]],
        "next_url": f"{address}?{urlencode({'apres': shown[PAGE - 1].pk})}" if len(shown) > PAGE else "",
        "may_undo": request.member.can(Right.CLIENT_MERGE),
        "is_of_people": True,
    }
    return render(request, "clients/merges.html", context, fragment="merges" if after else "content")


@requires(Right.CLIENT_MERGE)
def merge_undo(request, pk) -> HttpResponse:
    """Shows what undoing a merge does, with whatever was edited since; undoes it."""
    member = request.member
    slug = member.organization.slug
    merge = _merge_in_reach(member, pk)
    refusal = None
    if request.method == "POST":
        token = request.POST.get("token") or plan_undo(member, merge).token_without_conflicts
        if token is None:
            return see(request, request.path)
        try:
            actions.undo_person_merge(merge, by=member, answers=answers_of(request), token=token)
        except Refusal as refused:
            if isinstance(refused, NotFound):
                raise
            refusal = refused
        else:
            toast = _("La fusion est annulée : %(name)s est de nouveau une fiche à part.")
            return see(request, party(merge.loser, slug).url, toast=toast % {"name": merge.loser.full_name})
        merge = _merge_in_reach(member, pk)
    plan = plan_undo(member, merge) if merge.undone_at is None else None
    context = {
        "merge": merge,
        "winner": party(merge.winner, slug),
        "loser": party(merge.loser, slug),
        "plan": plan,
        "refusal": refusal,
        **made_context(request, merge, plan),
    }
    status = refusal.status if refusal else 200
    fragment = "made" if "table" in request.GET else "content"
    return render(request, "clients/merge_undo.html", context, fragment=fragment, status=status)


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
    typed = request.POST
    gathered = [name for name in ("emails", "phones") if f"has.{name}" in typed]
    merge = actions.merge_people(
        winner,
        loser,
        by=member,
        choices={key.removeprefix("choice."): value for key, value in typed.items() if key.startswith("choice.")},
        lists={name: typed.getlist(f"list.{name}") for name in gathered},
        versions=(number_of(typed.get("winner_version", "")), number_of(typed.get("loser_version", ""))),
    )
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


def _told_of(member) -> QuerySet[PersonMerge]:
    """Merges of people in reach; after the undoing the other person must be in reach as well. Asked row by row."""
    loser = Person.objects.visible_to(member, among_few=True).filter(pk=OuterRef("loser_id")).order_by().values("pk")
    return PersonMerge.objects.visible_to(member).filter(
        Q(undone_at__isnull=True) | Q(IsNull(Subquery(loser[:1]), False))
    )


def _merge_in_reach(member, pk: int) -> PersonMerge:
    merge = (
        PersonMerge.objects.visible_to(member, Right.CLIENT_MERGE)
        .select_related("winner", "loser", "merged_by", "undone_by")
        .filter(pk=pk)
        .first()
    )
    if merge is None:
        raise NotFound
    if merge.undone_at is not None and not _reaches(member, Right.CLIENT_MERGE, merge.loser):
        raise NotFound
    return merge


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
