"""Choosing the clients of a group: for a new one, and for changing one (search, « Tous », « Ajouter », « Effacer »,
« Supprimer », « Suivant », the typed word). What is chosen is kept (`Draft`), so it works over pages and without
JavaScript."""

from typing import Any

from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest
from entregent.groups.actions.drafts import counts, discard, draft_of, name_draft, stage, unstage
from entregent.groups.actions.requests import checked_name, create_group, update_group, word_for
from entregent.groups.availability import why_not
from entregent.groups.draft_models import Draft, DraftRow
from entregent.groups.models import ClientGroup
from entregent.groups.selection import Said, are_more, candidates, elsewhere, in_order, said_by, staged, these
from entregent.groups.web.door import asked, at, for_managers, group_named, ids_in
from entregent.groups.web.forms import ConfirmForm, NameForm
from entregent.groups.web.reading import PAGE, page_of, role_label
from entregent.groups.web.words import reason_told
from entregent.toolbox.errors import Stale
from entregent.ui.pages import render, see

ADD, REMOVE = DraftRow.Change.ADD, DraftRow.Change.REMOVE
REASONS = 10
NAMED = 20
# Each of them is asked whether it is available.
COUNTED = 1_000


@for_managers
def create(request: MemberRequest) -> HttpResponse:
    """A name, clients that are available, « Créer un groupe »."""
    member = request.member
    draft = draft_of(by=member)
    form = NameForm(initial={"name": draft.name})
    if request.method == "POST":
        name_draft(draft, request.POST.get("name", ""))
        moved = _moved(request, draft, at("create", member))
        if moved is not None:
            return moved
        form = NameForm(request.POST)
        made = form.attempt(create_group, by=member, name=draft.name, draft=draft) if form.is_valid() else None
        if made is not None:
            return asked(request, made)
    return _page(request, "groups/create.html", draft, form)


@for_managers
def update(request: MemberRequest, pk: int) -> HttpResponse:
    """Two blocks, one to add and one to take out, and the name; « Suivant »."""
    member = request.member
    group = group_named(member, pk)
    draft = draft_of(by=member, group=group)
    form = NameForm(initial={"name": draft.name or group.name})
    if request.method == "POST":
        name_draft(draft, request.POST.get("name", ""))
        moved = _moved(request, draft, at("update", member, pk=group.pk))
        if moved is not None:
            return moved
        form = NameForm(request.POST)
        name = form.attempt(checked_name, name=draft.name, by=member, group=group) if form.is_valid() else None
        if name is not None and (name != group.name or draft.rows.exists()):
            return see(request, at("review", member, pk=group.pk))
        if name is not None:
            form.add_error(None, _("Aucune modification à enregistrer."))
    return _page(request, "groups/update.html", draft, form)


@for_managers
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """What will change, also for employees; CONFIRMER; « Enregistrer les modifications »."""
    member = request.member
    group = group_named(member, pk)
    draft = draft_of(by=member, group=group)
    form = ConfirmForm(request.POST or None, initial={"version": group.version})
    if request.method == "POST" and form.is_valid():
        try:
            made = form.attempt(
                update_group, group=group, by=member, draft=draft, name=draft.name or group.name,
                word=form.cleaned_data["word"], version=form.cleaned_data["version"] or 0,
            )  # fmt: skip
        except Stale as stale:
            made = None
            form.add_error(None, str(stale.message))
        if made is not None:
            return asked(request, made)
    employees = group.assignments.live().select_related("user").order_by("user__name")
    context = {
        "group": group,
        "form": form,
        "version": group.version,
        "word": word_for("confirm"),
        "name": draft.name or group.name,
        "numbers": counts(draft),
        "added": _names(draft, ADD),
        "removed": _names(draft, REMOVE),
        "employees": [{"name": one.user.name, "role": role_label(one.role)} for one in employees],
        "named": NAMED,
        "open": group.requests.open().first(),
    }
    return render(request, "groups/review.html", context, status=form.status)


@for_managers
def forget(request: MemberRequest, pk: int = 0) -> HttpResponse:
    """« Annuler »: what was chosen is given up."""
    member = request.member
    group = group_named(member, pk) if pk else None
    if request.method == "POST":
        discard(draft_of(by=member, group=group))
    return see(request, at("list", member))


def _moved(request: MemberRequest, draft: Draft, back: str) -> HttpResponse | None:
    """One of the buttons that choose or give back: done, and back to the page with the same search."""
    post, member = request.POST, request.member
    seen = {name: post.get(f"{name}_vu", "")[:100] for name in ("q", "qm")}
    asked_for = {name: post.get(name, seen[name])[:100] for name in ("q", "qm")}
    match post.get("faire", ""):
        case "ajouter":
            whole = "tous" in post
            stage(draft, by=member, change=ADD, ids=ids_in(post.getlist("client")), whole=whole, text=seen["q"])
        case "retirer":
            whole = "tous_membres" in post
            stage(draft, by=member, change=REMOVE, ids=ids_in(post.getlist("membre")), whole=whole, text=seen["qm"])
        case "effacer_ajouts":
            unstage(draft, change=ADD, ids=ids_in(post.getlist("ajout")), whole="tous_ajouts" in post)
        case "effacer_retraits":
            unstage(draft, change=REMOVE, ids=ids_in(post.getlist("retrait")), whole="tous_retraits" in post)
        case "chercher":
            pass
        case _:
            return None
    query = urlencode({name: value for name, value in asked_for.items() if value})
    response = HttpResponseRedirect(f"{back}?{query}" if query else back)
    response.status_code = 303
    return response


def _page(request: MemberRequest, template: str, draft: Draft, form: NameForm) -> HttpResponse:
    group = draft.group
    said = {name: said_by(_sought(request, name), draft.organization_id) for name in ("q", "qm")}
    chosen = dict(draft.rows.order_by().values_list("change").annotate(Count("pk")))
    context = {
        "form": form,
        "group": group,
        "here": request.path,
        "available": _block(request, draft, ADD, "q", said["q"], "apres"),
        "members": _block(request, draft, REMOVE, "qm", said["qm"], "apres_m") if group is not None else None,
        "added": _staged(request, draft, ADD, chosen.get(ADD, 0), "apres_a"),
        "removed": _staged(request, draft, REMOVE, chosen.get(REMOVE, 0), "apres_r"),
        "others": _others(request, draft, said["q"]),
        "open": group.requests.open().first() if group is not None else None,
    }
    return render(request, template, context, fragment="composer", status=form.status)


def _sought(request: MemberRequest, field: str) -> str:
    return request.GET.get(field, "").strip()[:100]


def _block(request: MemberRequest, draft: Draft, change: str, field: str, said: Said, after: str) -> dict[str, Any]:
    """Clients that can be chosen: a page of those that the search finds (`said_by`), and how many they are on all
    pages."""
    query, last = _sought(request, field), request.GET.get(after, "")
    organization = request.member.organization
    found = said.of(candidates(draft, change, organization))
    few: list[int] = []
    is_more = not query and are_more(draft, change, organization, COUNTED)
    if not is_more:
        few = list(said.in_order(found).values_list("pk", flat=True)[: COUNTED + 1])
        is_more = len(few) > COUNTED
    number = COUNTED if is_more else len(few)
    # The first page is what comes first among those that were counted.
    shown = found if is_more else these(few if last else few[: PAGE + 1])
    rows, following = page_of(shown, last)
    return {"query": query, "rows": rows, "number": number, "is_more": is_more,
            "next": _with(request, after, following)}  # fmt: skip


def _staged(request: MemberRequest, draft: Draft, change: str, number: int, after: str) -> dict[str, Any]:
    if not number:
        return {"rows": [], "number": 0, "next": ""}
    rows, following = page_of(staged(draft, change), request.GET.get(after, ""))
    reasons = {}
    if change == ADD and rows:
        ids = [row["pk"] for row in rows]
        reasons = why_not(request.member.organization, ids)
    for row in rows:
        row["lost"] = reason_told(reasons[row["pk"]]) if row["pk"] in reasons else ""
    return {"rows": rows, "number": number, "next": _with(request, after, following)}


def _others(request: MemberRequest, draft: Draft, said: Said) -> list[dict[str, Any]]:
    """Of a search: those that can not be chosen, and why."""
    if not said:
        return []
    found = elsewhere(draft, request.member.organization, said, REASONS)
    return [{**row, "reason": reason_told(reason)} for row, reason in found]


def _with(request: MemberRequest, name: str, value: str) -> str:
    if not value:
        return ""
    query = request.GET.copy()
    query[name] = value
    return f"?{query.urlencode()}"


def _names(draft: Draft, change: str) -> list[str]:
    return list(in_order(staged(draft, change)).values_list("display_name", flat=True)[:NAMED])


def chosen_group(request: MemberRequest, value: int | None) -> ClientGroup | None:
    if value is None:
        return None
    return ClientGroup.objects.of(request.member.organization).live().filter(pk=value).first()
