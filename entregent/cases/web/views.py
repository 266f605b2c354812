"""The page of one case (ux.md §8.7), its timeline and its elements."""

from datetime import timedelta

from django.urls import NoReverseMatch

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.mirroring import trouble_of
from entregent.cases.actions.opening import may_delete
from entregent.cases.actions.states import TRANSITIONS
from entregent.cases.models import OPEN_STATES, Case, State
from entregent.cases.reading import by_time, clocks_of, elements_of, linked_cases, links_of
from entregent.cases.report import report_of
from entregent.cases.timeline import timeline_of
from entregent.cases.web.answers import colleagues, get_case
from entregent.cases.web.forms import NoteForm, ReminderForm
from entregent.clients.models import BusinessObject, CreditHold
from entregent.documents.web.answers import file_answer
from entregent.interactions.timeline import read_cursor
from entregent.interactions.web.answers import at
from entregent.interactions.web.composer import new_key
from entregent.organizations.models import Module
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render

PAGE = "cases/detail.html"


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_detail(request, number):
    return detail(request, get_case(request, number, Right.CASE_VIEW))


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_timeline(request, number):
    """« Afficher plus »: the next part of the timeline."""
    case = get_case(request, number, Right.CASE_VIEW)
    return render(request, PAGE, _page(request, case) | _timeline(request, case), fragment="more")


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_elements(request, number):
    """« Éléments du dossier », by type or by time."""
    case = get_case(request, number, Right.CASE_VIEW)
    if request.headers.get("HX-Request") == "true":
        links = links_of(case, request.member)
        return render(request, PAGE, {"case": case} | _elements(request, case, links), fragment="elements")
    return detail(request, case)


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def document(request, number, key):
    """A document, to whoever may read the case."""
    case = get_case(request, number, Right.CASE_VIEW)
    found = case.documents.filter(pk=key, file__removed_at__isnull=True).select_related("file").first()
    if found is None:
        raise NotFound
    return file_answer(found.file, inline=request.GET.get("voir") == "1")


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_report(request, number):
    """The whole course of the case with placeholders for names, to print or to pass on."""
    case = get_case(request, number, Right.CASE_VIEW)
    report = report_of(case, request.member, links_of(case, request.member))
    return render(request, "cases/report.html", {"case": case, "report": report})


def detail(request, case: Case, *, status: int = 200, **more):
    return render(request, PAGE, _page(request, case) | _timeline(request, case) | more, status=status)


def _page(request, case: Case) -> dict:
    member = request.member
    links = links_of(case, member)
    may_edit = member.can(Right.CASE_EDIT) and (
        member.reach.covers(Right.CASE_EDIT, Right.CASE_VIEW)
        or Case.objects.visible_to(member, Right.CASE_EDIT).filter(pk=case.pk).exists()
    )
    today = today_in(member.organization.time_zone)
    context = {
        "case": case,
        "links": links,
        "contract": _seen(case.contract, BusinessObject.objects, member),
        "merged_into": _seen(case.merged_into, Case.objects, member),
        "related": linked_cases(case, member),
        "affair_trouble": trouble_of(case),
        "clocks": clocks_of(case),
        "hold": CreditHold.objects.filter(client_id=case.client_id, lifted_at__isnull=True).first(),
        "tasks": list(case.tasks.select_related("done_by")),
        "reminders": list(case.reminders.filter(done_at__isnull=True).select_related("user")),
        "today": today,
        "is_soon": case.due_on is not None and case.due_on <= today + timedelta(days=case.case_type.warn_days),
        "may_edit": may_edit,
        "is_open": not case.is_closed,
        "may_change": may_edit and not case.is_closed,
        "may_delete": may_edit and may_delete(case, member),
        "may_merge": member.can(Right.CASE_MERGE) and not case.is_closed,
        "may_log": member.can(Right.INTERACTION_LOG),
        "moves": moves_of(case),
        "states": dict(State.choices),
        "note_form": NoteForm(),
        "reminder_form": ReminderForm(member),
        "plan_url": url_of_plans(case, member),
        "letter_url": _url_if_any("cases:letter_create", member, number=case.number),
        "first": case.contacts.filter(is_first=True).select_related("interaction").first(),
    } | _elements(request, case, links)
    if context["may_change"]:
        taken = {one.user_id for one in links.agents}
        context["agents_to_add"] = [one for one in colleagues(member) if one[0] not in taken]
        context["objects_to_add"] = _objects_to_add(case, member, links)
    return context


def _seen(record, records, member):
    """The record, where the reader reaches it: it may be of another client, or confidential."""
    return record if record is not None and records.visible_to(member).filter(pk=record.pk).exists() else None


def moves_of(case: Case) -> list[tuple[str, str]]:
    """What « État » offers while the case is open: the states that it can move to and the sub-statuses within them."""
    if case.is_closed:
        return []
    found = []
    for state in (State(case.state), *TRANSITIONS[case.state]):
        if state not in OPEN_STATES:
            continue
        offered = case.case_type.sub_statuses_of(state)
        for one in offered:
            if (state, one["code"]) != (case.state, case.sub_status):
                label = f"{state.label} · {case.case_type.sub_status_label(one['code'])}"
                found.append((f"{state.value}:{one['code']}", label))
        if not offered and state != case.state:
            found.append((f"{state.value}:", str(state.label)))
    return found


def url_of_plans(case: Case, member) -> str:
    """The pane of plans of action, which an area above draws; "" where there is none."""
    return _url_if_any("processes:case_panel", member, number=case.number)


def _url_if_any(name: str, member, **kwargs) -> str:
    try:
        return at(name, member, **kwargs)
    except NoReverseMatch:
        return ""


def _elements(request, case: Case, links) -> dict:
    is_whole = request.GET.get("tout") == "1"
    groups = elements_of(case, request.member, links, is_whole=is_whole)
    by_day = request.GET.get("elements") == "temps"
    dated = by_time(groups) if by_day else []
    return {
        "groups": groups, "is_by_time": by_day, "is_whole": is_whole, "dated": dated, "upload_key": new_key(),
    }  # fmt: skip


def _timeline(request, case: Case) -> dict:
    after = request.GET.get("apres", "")
    page = timeline_of(case, request.member, after=after)
    before = read_cursor(after)
    return {"page": page, "is_next": before is not None}


def _objects_to_add(case: Case, member, links) -> list[tuple[int, str]]:
    linked = {one.object_id for one in links.objects}
    clients = {case.client_id, *(one.client_id for one in links.participants if one.client_id)}
    found = (
        BusinessObject.objects.visible_to(member)
        .filter(client_id__in=clients, deleted_at__isnull=True)
        .exclude(pk__in=linked)
        .select_related("type")
        .order_by("type__position", "-dated_on", "key")[:100]
    )
    return [(one.pk, f"{one.type.label} {one.key}") for one in found]
