"""Changing a case: what is known of it, its state, closing and reopening, merging."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.actions.states import ABANDON, ways_to_close, work_open_on
from entregent.cases.models import Case, CaseMerge, State
from entregent.cases.web.answers import back, get_case
from entregent.cases.web.forms import CaseForm, CloseForm, StateForm
from entregent.interactions.web.answers import at
from entregent.organizations.models import Module
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
def case_update(request, number):
    """A stale save shows what the other person saved and keeps what was typed."""
    case = get_case(request, number)
    form = CaseForm(
        request.POST if request.method == "POST" else None, member=request.member, client=case.client, case=case
    )
    stale, status = None, 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_case(case, by=request.member, **form.details())
            return back(request, case, _("Dossier modifié."))
        except Stale as refusal:
            stale, status = refusal, refusal.status
            data = request.POST.copy()
            data["version"] = str(refusal.current.version)
            form.data = data
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    context = {"case": case, "form": form, "stale": stale}
    return render(request, "cases/update.html", context, fragment="form", status=status)


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def state_update(request, number):
    """Another state or sub-status; reopening wants a reason."""
    case = get_case(request, number)
    typed = request.POST.copy()
    # One list offers both: « deferred:en_attente ».
    state, _colon, sub_status = typed.get("to", "").partition(":")
    if state:
        typed["state"], typed["sub_status"] = state, sub_status
    form = StateForm(typed)
    form.fields["state"].choices = State.choices  # type: ignore[attr-defined]
    if not form.is_valid():
        raise required("state", _("État"))
    data = form.cleaned_data
    changed = actions.change_state(
        case,
        by=request.member,
        state=data["state"],
        sub_status=data["sub_status"],
        reason=data["reason"],
        version=data["version"],
    )
    return back(request, case, _("État : %(state)s.") % {"state": changed.status_label})


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
def case_close(request, number):
    """What still runs is listed; it is abandoned with the reason, or the case stays open."""
    case = get_case(request, number)
    work = work_open_on(case)
    states = ways_to_close(case)
    if not states:
        return back(request, case, _("Ce dossier est déjà clos."))
    form = CloseForm(request.POST if request.method == "POST" else None, case=case, states=states, has_work=bool(work))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.close_case(
                case,
                by=request.member,
                reason=data["reason"],
                state=data["state"],
                sub_status=data.get("sub_status", ""),
                open_steps=ABANDON if data.get("open_steps") else None,
                version=data["version"],
            )
            return back(request, case, _("Dossier clos."))
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    context = {"case": case, "form": form, "work": work}
    return render(
        request, "cases/close.html", context, fragment="form", status=422 if request.method == "POST" else 200
    )


@requires(Right.CASE_MERGE, module=Module.CASEWORK)
def case_merge(request, number):
    """The case that remains, and the choice of another of the client that becomes part of it."""
    member = request.member
    case = get_case(request, number, Right.CASE_MERGE)
    records = Case.objects.visible_to(member, Right.CASE_MERGE).select_related("client", "case_type", "organization")
    refused = None
    if request.method == "POST":
        key = as_id(request.POST.get("other", ""))
        other = records.filter(number=key).first() if key is not None else None
        try:
            if other is None:
                raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="other")
            merge = actions.merge_cases(case, other, by=member)
            return back(
                request,
                case,
                _("Dossier n° %(number)s fusionné dans celui-ci.") % {"number": other.number},
                undo_url=at("cases:merge_undo", member, number=case.number, key=merge.pk),
            )
        except Refusal as refusal:
            refused = refusal
    others = records.filter(client_id=case.client_id, merged_into__isnull=True).exclude(pk=case.pk)
    context = {"case": case, "others": others.order_by("-opened_at", "-id")[:50], "refused": refused}
    return render(
        request, "cases/merge.html", context, fragment="form", status=refused.status if refused is not None else 200
    )


@requires(Right.CASE_MERGE, module=Module.CASEWORK)
@require_POST
def merge_undo(request, number, key):
    case = get_case(request, number, Right.CASE_MERGE)
    merge = CaseMerge.objects.filter(pk=key, winner=case).select_related(
        "winner__organization", "winner__client", "loser__organization", "loser__client"
    ).first()  # fmt: skip
    # The other one must be within reach as well.
    if merge is None or not (
        Case.objects.visible_to(request.member, Right.CASE_MERGE).filter(pk=merge.loser_id).exists()
    ):
        raise NotFound
    loser = actions.undo_case_merge(merge, by=request.member)
    return back(request, loser, _("Fusion annulée : le dossier n° %(number)s est rétabli.") % {"number": loser.number})
