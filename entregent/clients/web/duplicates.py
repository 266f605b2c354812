"""« Doublons possibles »: the pairs that the scan found, the scan itself, the rules, and the hint on a file."""

from typing import Any, NamedTuple

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.actions.duplicates import SCAN
from entregent.clients.duplicate_models import DuplicatePair
from entregent.clients.duplicates import CRITERIA, look_alikes, reasons_in_words, rules_of
from entregent.clients.models import Client
from entregent.clients.web.forms import PlainForm
from entregent.clients.web.panes import open_file
from entregent.jobs.models import Job
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Stale
from entregent.ui.pages import render, see

PAGE = 50


class Side(NamedTuple):
    """One of two records that are alike, client or person; `key` is how forms name it."""

    key: str
    name: str
    url: str
    number: str = ""
    place: str = ""
    phone: str = ""
    email: str = ""


class Pair(NamedTuple):
    """One line of the list: the two, how alike they are and why."""

    first: Side
    second: Side
    compare_url: str
    score: int
    reasons: list[str]


def draw_pairs(request, pairs: list[Pair], further: str, *, of: str, scan: str) -> HttpResponse:
    """The list of pairs of clients (`of` is "") or of people ("people_"); `scan` is the kind of its job."""
    member = request.member
    is_further = cursor_of(request.GET.get("apres", "")) is not None
    address = reverse(f"clients:{of}pairs", args=[member.organization.slug])
    context = {
        "of": of,
        "pairs": pairs,
        "next_url": f"{address}?{urlencode({'apres': further})}" if further else "",
        "scan": None
        if is_further
        else Job.objects.filter(organization_id=member.organization_id, kind=scan).order_by("-id").first(),
        # Its figures count records of the whole organization.
        "may_see_figures": member.reach.is_whole(Right.CLIENT_VIEW),
        "may_merge": member.can(Right.CLIENT_MERGE),
    }
    return render(request, "clients/pairs.html", context, fragment="pairs" if is_further else "content")


@requires(Right.CLIENT_EDIT)
def pair_list(request) -> HttpResponse:
    """The pairs of which the member may change both, the most alike first; further ones by `?apres=`."""
    pairs, further = _pairs(request.member, cursor_of(request.GET.get("apres", "")))
    return draw_pairs(request, pairs, further, of="", scan=SCAN)


@requires(Right.CLIENT_MERGE)
@require_POST
def scan_create(request) -> HttpResponse:
    """Looks through the whole organization, in the background."""
    actions.start_scan(by=request.member)
    return see(request, _list_url(request), toast=_("La recherche de doublons est lancée."))


@requires(Right.CLIENT_EDIT)
@require_POST
def dismissal_create(request) -> HttpResponse:
    """« Pas un doublon »; « Annuler » takes it back."""
    first, second = (_client(request, request.POST.get(name, "")) for name in ("first", "second"))
    actions.dismiss_pair(first, second, by=request.member)
    slug = request.member.organization.slug
    undo_url = reverse("clients:pair_propose_again", args=[slug, first.number, second.number])
    return see(request, _back(request), toast=_("Cette paire ne sera plus proposée."), undo_url=undo_url)


@requires(Right.CLIENT_EDIT)
@require_POST
def dismissal_undo(request, number, other) -> HttpResponse:
    actions.propose_pair_again(_client(request, number), _client(request, other), by=request.member)
    return see(request, _list_url(request), toast=_("La paire est de nouveau proposée."))


@requires(Right.CLIENT_VIEW)
def resemblance(request, number) -> HttpResponse:
    """The hint on a file: « Ressemble à … (même téléphone). Comparer »."""
    client = open_file(request, number)
    context = {"client": client, "alikes": look_alikes(request.member, client, limit=2)}
    return render(request, "clients/resemblance.html", context, fragment="hint")


class RulesForm(PlainForm):
    """The points of each criterion and the two thresholds."""

    threshold = forms.IntegerField(
        label=gettext_lazy("Proposer comme doublons à partir de"), min_value=0, max_value=100,
        help_text=gettext_lazy("Par la recherche dans toute l’organisation et à l’import."),
    )  # fmt: skip
    hint_threshold = forms.IntegerField(
        label=gettext_lazy("Prévenir pendant la saisie à partir de"), min_value=0, max_value=100,
        help_text=gettext_lazy("Peu de champs sont remplis à ce moment-là : le seuil est plus bas."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for criterion in CRITERIA:
            self.fields[criterion.code] = forms.IntegerField(label=criterion.label, min_value=0, max_value=100)

    def values(self) -> dict:
        numbers = {name: value or 0 for name, value in self.cleaned_data.items()}
        return {
            "threshold": numbers["threshold"],
            "hint_threshold": numbers["hint_threshold"],
            "weights": {criterion.code: numbers[criterion.code] for criterion in CRITERIA},
        }


@requires(Right.SETTINGS)
def rules_edit(request) -> HttpResponse:
    rules = rules_of(request.member.organization_id)
    initial = {**rules.weights, "threshold": rules.threshold, "hint_threshold": rules.hint_threshold}
    form = RulesForm(request.POST or None, initial=initial)
    version, stale = rules.version, None
    if request.method == "POST":
        text = request.POST.get("version", "")
        version = int(text) if text.isdecimal() and len(text) < 10 else 0
        if form.is_valid():
            try:
                saved = form.attempt(actions.set_duplicate_rules, by=request.member, version=version, **form.values())
            except Stale as refused:
                stale, version = refused, rules.version
            else:
                if saved is not None:
                    return see(request, request.path, toast=_("Les règles sont enregistrées."))
    context = {
        "form": form,
        "version": version,
        "stale": stale,
        "together": [form[criterion.code] for criterion in CRITERIA if not criterion.is_against],
        "against": [form[criterion.code] for criterion in CRITERIA if criterion.is_against],
    }
    status = 409 if stale else 422 if form.errors else 200
    return render_administration(request, "clients/duplicate_rules.html", context, status=status)


def _pairs(member, cursor: tuple[int, int] | None) -> tuple[list[Pair], str]:
    records = pairs_after(DuplicatePair.objects.visible_to(member, Right.CLIENT_EDIT), cursor)
    rows = list(records.values_list("id", "first_id", "second_id", "score", "reasons")[: PAGE + 1])
    ids = {pk for _id, first, second, _score, _reasons in rows for pk in (first, second)}
    clients = Client.objects.visible_to(member, Right.CLIENT_EDIT).with_list_columns().in_bulk(ids)
    slug = member.organization.slug
    sides = {pk: _side(client, slug) for pk, client in clients.items()}
    pairs = [
        Pair(
            sides[first],
            sides[second],
            f"{reverse('clients:merge', args=[slug, sides[first].key])}?{urlencode({'avec': sides[second].key})}",
            score,
            reasons_in_words(reasons),
        )
        for _id, first, second, score, reasons in rows[:PAGE]
    ]
    return pairs, f"{rows[PAGE - 1][3]}.{rows[PAGE - 1][0]}" if len(rows) > PAGE else ""


def _side(client: Any, slug: str) -> Side:
    """`client` with the columns of lists (`with_list_columns`)."""
    url = reverse("workspace:client", args=[slug, client.number])
    return Side(client.number, client.display_name, url, client.number, client.city or "", client.phone or "")


def pairs_after(records: QuerySet, cursor: tuple[int, int] | None) -> QuerySet:
    """The most alike first, from the cursor on."""
    if cursor is not None:
        score, pk = cursor
        records = records.filter(Q(score__lte=score) & (Q(score__lt=score) | Q(score=score, id__lt=pk)))
    return records.order_by("-score", "-id")


def cursor_of(text: str) -> tuple[int, int] | None:
    score, _dot, pk = text.partition(".")
    if score.isdecimal() and pk.isdecimal() and len(score) < 4 and len(pk) < 19:
        return int(score), int(pk)
    return None


def _client(request, number: str) -> Client:
    client = Client.objects.visible_to(request.member, Right.CLIENT_EDIT).filter(number=number).first()
    if client is None:
        raise NotFound
    return client


def _list_url(request) -> str:
    return reverse("clients:pairs", args=[request.member.organization.slug])


def _back(request) -> str:
    """To the file whose hint it was, or to the list."""
    number = request.POST.get("retour", "")
    if number and Client.objects.visible_to(request.member).filter(number=number).exists():
        return reverse("workspace:client", args=[request.member.organization.slug, number])
    return _list_url(request)
