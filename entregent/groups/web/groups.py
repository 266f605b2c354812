"""« Gérer mes groupes de clients »: the list, one group, its deletion, and the name while it is typed."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from entregent.access.guard import MemberRequest
from entregent.groups.actions.requests import checked_name, delete_group, word_for
from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest, name_key
from entregent.groups.selection import matching, members_of
from entregent.groups.web.door import asked, at, for_managers, group_named
from entregent.groups.web.forms import ConfirmForm
from entregent.groups.web.reading import counted, group_rows, page_of, role_label
from entregent.groups.web.rules import rule_in_words
from entregent.groups.web.words import told
from entregent.organizations.models import Membership
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

PAGE = 50


@require_safe
@for_managers
def group_list(request: MemberRequest) -> HttpResponse:
    """By name; `apres` is the key of the last one shown. Deleted ones stay readable."""
    member = request.member
    query, is_deleted = request.GET.get("q", "").strip()[:100], request.GET.get("etat") == "supprimes"
    groups = ClientGroup.objects.of(member.organization).filter(deleted_at__isnull=not is_deleted)
    for word in name_key(query).split():
        groups = groups.filter(name_key__contains=word)
    number, is_more = counted(groups)
    after = request.GET.get("apres", "")
    found = list((groups.filter(name_key__gt=after) if after else groups).order_by("name_key")[: PAGE + 1])
    made = as_id(request.GET.get("demande", ""))
    said = ProcessingRequest.objects.of(member.organization).filter(number=made).first() if made else None
    others = {"q": query} | ({"etat": "supprimes"} if is_deleted else {})
    context = {
        "rows": group_rows(found[:PAGE]),
        "query": query,
        "is_deleted": is_deleted,
        "number": number,
        "is_more": is_more,
        "next_url": at("list", member, others | {"apres": found[PAGE - 1].name_key}) if len(found) > PAGE else "",
        "said": told(said) if said is not None else None,
        "is_none_chosen": "aucun" in request.GET,
    }
    return render(request, "groups/list.html", context, fragment="rows")


@require_safe
@for_managers
def choose(request: MemberRequest) -> HttpResponse:
    """« Modifier », « Supprimer » of the group that is selected in the list."""
    member = request.member
    pk = as_id(request.GET.get("groupe", ""))
    if pk is None:
        return see(request, at("list", member, {"aucun": 1}))
    group = group_named(member, pk)
    name = {"supprimer": "delete", "employes": "detail"}.get(request.GET.get("faire", ""), "update")
    return see(request, at(name, member, pk=group.pk))


@require_safe
@for_managers
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """One group: its clients, who works with them, and its last changes."""
    member = request.member
    group = group_named(member, pk, live=False)
    query = request.GET.get("q", "").strip()[:100]
    clients = matching(members_of(group).filter(deleted_at__isnull=True), query, member.organization_id)
    rows, after = page_of(clients, request.GET.get("apres", ""))
    number, is_more = counted(clients) if query else (group.member_count, False)
    assignments = list(group.assignments.live().select_related("user").order_by("user__name"))
    known = Membership.objects.filter(organization_id=member.organization_id)
    members = dict(known.filter(user_id__in=[one.user_id for one in assignments]).values_list("user_id", "pk"))
    context = {
        "group": group,
        "rule": rule_in_words(group, member),
        "query": query,
        "rows": rows,
        "number": number,
        "is_more": is_more,
        "next_url": at("detail", member, {"q": query, "apres": after}, pk=group.pk) if after else "",
        "programs": group.program_count,
        "employees": [
            {"user": one.user, "member_pk": members.get(one.user_id), "role": role_label(one.role), "since": one.since}
            for one in assignments
        ],
        "requests": list(group.requests.order_by("-number")[:5]),
        "open": group.requests.open().first(),
        "former": GroupMember.objects.filter(group=group, left_at__isnull=False).count() if not group.is_live else 0,
    }
    return render(request, "groups/detail.html", context, fragment="clients")


@for_managers
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """« Vérifiez que c'est bien le bon groupe », SUPPRIMER, « Supprimer le groupe »."""
    member = request.member
    group = group_named(member, pk)
    form = ConfirmForm(request.POST or None, initial={"version": group.version})
    if request.method == "POST" and form.is_valid():
        made = form.attempt(
            delete_group, group=group, by=member, word=form.cleaned_data["word"], version=form.cleaned_data["version"]
        )
        if made is not None:
            return asked(request, made)
    employees = group.assignments.live().select_related("user").order_by("user__name")
    context = {
        "group": group,
        "form": form,
        "word": word_for("delete"),
        "employees": [{"name": one.user.name, "role": role_label(one.role)} for one in employees],
        "open": group.requests.open().first(),
    }
    return render(request, "groups/delete.html", context, status=form.status)


@require_safe
@for_managers
def name_check(request: MemberRequest) -> HttpResponse:
    """Whether a name can be had, while it is typed."""
    member = request.member
    pk = as_id(request.GET.get("groupe", ""))
    group = group_named(member, pk) if pk is not None else None
    form = ConfirmForm()
    name = request.GET.get("name", "")
    error = form.refusal_of(checked_name, name=name, by=member, group=group) if name.strip() else ""
    context = {"error": error, "free": _("Ce nom est libre.") if name.strip() and not error else ""}
    return render(request, "groups/_name.html", context)
