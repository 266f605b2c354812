"""Pages of a plan of action: its timeline on a case, on an interaction and by itself, and all that one does with it."""

import json
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.cases.models import Case
from entregent.clients.models import CreditHold
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Module, Team, User
from entregent.processes import actions, questions, schema
from entregent.processes.forms import StepForm, form_for, form_of_launch
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep
from entregent.processes.web.plan_view import plan_view
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, is_htmx, render, render_block, see, with_toast

MODULE = Module.CASEWORK


def at(name: str, member: Membership, **kwargs) -> str:
    return reverse(f"processes:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def run_in_reach(member: Membership, pk: int, right: Right = Right.CASE_VIEW) -> ProcessRun:
    """A plan for which the member holds the right of what is being done with it."""
    rows = _run(member, pk, right=right)
    if not rows:
        raise NotFound
    return rows[0]


@recalled
def _run(member: Membership, pk: int, *, right: Right):
    related = (
        "organization",
        "definition",
        "process_version",
        "case__case_type",
        "interaction",
        "client",
        "started_by",
    )
    return ProcessRun.objects.visible_to(member, right).select_related(*related).filter(pk=pk)


def step_in_reach(member: Membership, pk: int, right: Right = Right.PROCESS_RUN) -> ProcessStep:
    step = ProcessStep.objects.get_visible(member, right, pk=pk)
    step.run = run_in_reach(member, step.run_id, right)
    return step


# ——— Seen ———


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def plan(request: MemberRequest, pk: int) -> HttpResponse:
    """The plan on a page of its own; its timeline alone for htmx, nothing where it stands as it was (`depuis`)."""
    run = run_in_reach(request.member, pk)
    if is_htmx(request) and request.GET.get("depuis") == str(run.version):
        return HttpResponse(status=204)
    return _told(render(request, "processes/plan.html", _context(request, run), fragment="plan"), request, run)


def _context(request: MemberRequest, run: ProcessRun, **more) -> dict[str, Any]:
    # Beside the timeline, on the page alone.
    hold = None if is_htmx(request) else CreditHold.objects.filter(client_id=run.client_id, lifted_at=None).first()
    return {"view": plan_view(request.member, run, **more), "run": run, "hold": hold}


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def schema_page(request: MemberRequest, pk: int) -> HttpResponse:
    run = run_in_reach(request.member, pk)
    view = plan_view(request.member, run)
    return render(request, "processes/schema.html", {"run": run, "view": view, "picture": _picture(run)})


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def schema_svg(request: MemberRequest, pk: int) -> HttpResponse:
    run = run_in_reach(request.member, pk)
    answer = render(request, "processes/_schema.html", {"picture": _picture(run)})
    answer.headers["Content-Type"] = "image/svg+xml"
    return answer


def _picture(run: ProcessRun) -> schema.Picture:
    states = run.steps.exclude(state=ProcessStep.State.SENT_BACK).order_by("attempt").values_list("key", "state")
    title = _("Schéma du plan d’action « %(name)s »") % {"name": run.definition.name}
    return schema.picture(actions.body_of(run.process_version), title=title, states=dict(states))


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def case_panel(request: MemberRequest, number: int) -> HttpResponse:
    """« Plan d'action » on the page of a case."""
    return _panel(request, case=_case(request.member, number))


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def interaction_panel(request: MemberRequest, number: int) -> HttpResponse:
    """The same on the page of an interaction, which shows nothing where nothing runs and nothing can be launched."""
    interaction = _interaction(request.member, number)
    if is_htmx(request):
        runs = ProcessRun.objects.visible_to(request.member, Right.CASE_VIEW).filter(interaction=interaction)
        may_run = request.member.can(Right.PROCESS_RUN)
        if not runs.exists() and not (may_run and questions.offered(request.member, interaction=interaction)):
            return HttpResponse()
    return _panel(request, interaction=interaction)


def _case(member: Membership, number: int, right: Right = Right.CASE_VIEW) -> Case:
    records = Case.objects.visible_to(member, right)
    return records.select_related("client", "case_type", "organization").found(number=number)


def _interaction(member: Membership, number: int, right: Right = Right.INTERACTION_VIEW) -> Interaction:
    records = Interaction.objects.visible_to(member, right)
    return records.select_related("client", "topic", "organization").found(number=number)


def _panel(
    request: MemberRequest, *, case: Case | None = None, interaction: Interaction | None = None,
    form: StepForm | None = None, chosen: ProcessDefinition | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    member = request.member
    runs = ProcessRun.objects.visible_to(member, Right.CASE_VIEW).filter(
        **({"case": case} if case is not None else {"interaction": interaction})
    )
    runs = runs.select_related(
        "organization", "definition", "process_version", "case__case_type", "client", "started_by"
    )
    found = list(runs[:20])
    offered = []
    if member.can(Right.PROCESS_RUN) and not (case is not None and case.is_closed):
        offered = questions.offered(member, case=case, interaction=interaction)
    name, subject = ("case", case) if case is not None else ("interaction", interaction)
    number = subject.number if subject is not None else 0
    context = {
        "views": [plan_view(member, run) for run in found if run.is_open],
        "past": [run for run in found if not run.is_open],
        "offered": offered,
        "panel_url": at(f"{name}_panel", member, number=number),
        "launch_url": at(f"{name}_launch", member, number=number),
        "launch_form": form,
        "chosen": chosen,
        "subject_title": _title_of(case, interaction),
        "back_url": _back(member, case, interaction),
    }
    return render(request, "processes/panel.html", context, fragment="panel", status=status)


def _title_of(case: Case | None, interaction: Interaction | None) -> str:
    if case is not None:
        return _("Dossier n° %(number)s") % {"number": case.number}
    return _("Interaction n° %(number)s") % {"number": interaction.number if interaction is not None else ""}


def _back(member: Membership, case: Case | None, interaction: Interaction | None) -> str:
    name, subject = ("cases:detail", case) if case is not None else ("interactions:detail", interaction)
    number = subject.number if subject is not None else 0
    return reverse(name, kwargs={"organization": member.organization.slug, "number": number})


# ——— Launched ———


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def case_launch(request: MemberRequest, number: int) -> HttpResponse:
    return _launch(request, case=_case(request.member, number, Right.PROCESS_RUN))


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def interaction_launch(request: MemberRequest, number: int) -> HttpResponse:
    return _launch(request, interaction=_interaction(request.member, number, Right.PROCESS_RUN))


def _launch(request: MemberRequest, **subject) -> HttpResponse:
    """Launches the chosen process; one that asks something first shows its form."""
    member = request.member
    offered = {one.code: one for one in questions.offered(member, **subject)}
    definition = offered.get(request.POST.get("processus", ""))
    if definition is None:
        raise Refusal("E-001-PROCESS-TYPE", _("Ce processus n'est pas prévu pour cette classification."), status=409)
    form = form_of_launch(actions.body_of(definition.live), request.POST, prefix="lancement")
    if form.fields and "reponses" not in request.POST:
        form = form_of_launch(actions.body_of(definition.live), prefix="lancement")
        return _panel(request, form=form, chosen=definition, **subject)
    if form.is_valid():
        try:
            run = actions.launch(by=member, definition=definition, answers=form.answers(), **subject)
        except (Refusal, Refusals) as refusal:
            if not form.fields:
                raise
            add_refusal(form, refusal)
        else:
            told = _("Plan d’action « %(name)s » lancé.") % {"name": definition.name}
            if not is_htmx(request):
                return see(request, at("plan", member, pk=run.pk), toast=told)
            return with_toast(_panel(request, **subject), told)
    return _panel(request, form=form, chosen=definition, status=422, **subject)


# ——— Steps ———


def _answer(request: MemberRequest, run_id: int, toast: str) -> HttpResponse:
    """After something was done: the timeline as it stands for htmx, else its page."""
    if not is_htmx(request):
        return see(request, at("plan", request.member, pk=run_id), toast=toast)
    run = run_in_reach(request.member, run_id)
    answer = with_toast(render_block(request, "processes/plan.html", "plan", _context(request, run)), toast)
    return answer if run.is_open else _told(answer, request, run)


def _told(answer: HttpResponse, request: MemberRequest, run: ProcessRun) -> HttpResponse:
    """The page of the case hears that the product may have changed it."""
    if is_htmx(request) and run.case_id is not None:
        events = json.loads(answer.headers.get("HX-Trigger", "{}"))
        answer.headers["HX-Trigger"] = json.dumps(events | {"g:case-changed": {}})
    return answer


def _refused(request: MemberRequest, run_id: int, refusal: Refusal | Refusals | None, **more) -> HttpResponse:
    """What was asked is refused: the timeline as it stands with the reason, and what was typed."""
    run = run_in_reach(request.member, run_id)
    told = [] if refusal is None else refusal.refusals if isinstance(refusal, Refusals) else [refusal]
    context = _context(request, run, **more) | {"refusals": [one.message for one in told]}
    status = refusal.status if refusal is not None and refusal.status in (409, 422) else 422
    return render(request, "processes/plan.html", context, fragment="plan", status=status)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def complete(request: MemberRequest, pk: int) -> HttpResponse:
    """« Terminer l'étape », or what was typed so far is kept."""
    step = step_in_reach(request.member, pk)
    form = form_for(step, request.POST, prefix=f"s{step.pk}")
    is_kept = "garder" in request.POST
    if not form.is_valid() and not is_kept:
        return _refused(request, step.run_id, None, refused={step.pk: form})
    act = actions.save_answers if is_kept else actions.complete_step
    try:
        act(step, by=request.member, data=form.answers(), version=version_of(request))
    except (Refusal, Refusals) as refusal:
        refusals = refusal.refusals if isinstance(refusal, Refusals) else [refusal]
        if all(one.field in form.fields for one in refusals):
            add_refusal(form, refusal)
            return _refused(request, step.run_id, None, refused={step.pk: form})
        return _refused(request, step.run_id, refusal)
    told = _("Saisie gardée.") if is_kept else _("Étape « %(name)s » terminée.") % {"name": step.name}
    return _answer(request, step.run_id, told)


def version_of(request: MemberRequest) -> int | None:
    """The version of what the form showed."""
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else None


def _act_on_step(
    request: MemberRequest, pk: int, act, toast: str, *, right: Right = Right.PROCESS_RUN, **values
) -> HttpResponse:
    step = step_in_reach(request.member, pk, right)
    try:
        act(step, by=request.member, **values)
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _refused(request, step.run_id, refusal)
    return _answer(request, step.run_id, toast)


@require_POST
@requires(Right.PROCESS_LEAD, module=MODULE)
def skip(request: MemberRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("motif", "")
    values = {"reason": reason, "version": version_of(request)}
    return _act_on_step(request, pk, actions.skip_step, _("Étape passée."), right=Right.PROCESS_LEAD, **values)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def claim(request: MemberRequest, pk: int) -> HttpResponse:
    answer = _act_on_step(request, pk, actions.claim_step, _("Cette étape est à vous."), version=version_of(request))
    if request.POST.get("retour") == "equipe" and answer.status_code == 303:
        answer.headers["Location"] = at("team_work", request.member)
    return answer


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def reassign(request: MemberRequest, pk: int) -> HttpResponse:
    return _act_on_step(
        request, pk, actions.reassign_step, _("Étape confiée."), version=version_of(request), **whom_of(request)
    )


def whom_of(request: MemberRequest) -> dict[str, Any]:
    """« u12 » is a colleague, « t3 » a team."""
    chosen = request.POST.get("a_qui", "")
    kind, number = chosen[:1], chosen[1:]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return {"user": None, "team": None}
    organization_id = request.member.organization_id
    user = team = None
    if kind == "u":
        user = User.objects.filter(memberships__organization_id=organization_id, pk=int(number)).first()
    elif kind == "t":
        team = Team.objects.filter(organization_id=organization_id, pk=int(number)).first()
    return {"user": user, "team": team}


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def postpone(request: MemberRequest, pk: int) -> HttpResponse:
    due_at = _end_of(request, request.POST.get("jour", ""))
    step = step_in_reach(request.member, pk)
    if due_at is None:
        refusal = Refusal("E-CHOICE", _("Indiquez le jour de la nouvelle échéance."), field="jour")
        return _refused(request, step.run_id, refusal)
    values: dict[str, Any] = {"due_at": due_at, "reason": request.POST.get("motif", ""), "version": version_of(request)}
    return _act_on_step(request, pk, actions.postpone_step, _("Échéance reportée."), **values)


def _end_of(request: MemberRequest, text: str) -> datetime | None:
    """The end of a day that was typed."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
        zone = ZoneInfo(request.member.organization.time_zone)
        return datetime.combine(day, time(23, 59), tzinfo=zone) if 2000 <= day.year <= 2200 else None
    except ValueError:
        return None


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def comment(request: MemberRequest, pk: int) -> HttpResponse:
    key = request.POST.get("idempotency_key") or None
    values: dict[str, Any] = {"text": request.POST.get("texte", ""), "idempotency_key": key}
    return _act_on_step(request, pk, actions.comment_step, _("Commentaire ajouté."), **values)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def retry(request: MemberRequest, pk: int) -> HttpResponse:
    return _act_on_step(request, pk, actions.retry_step, _("Nouvel essai lancé."), version=version_of(request))


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def by_post(request: MemberRequest, pk: int) -> HttpResponse:
    """« Passer en courrier »: `courriel` is the mail that did not arrive; none where the step failed at its mail."""
    values: dict[str, Any] = {"mail_id": as_id(request.POST.get("courriel", "")), "version": version_of(request)}
    told = _("Le courrier est gardé et attend la prochaine impression.")
    return _act_on_step(request, pk, actions.send_by_post, told, **values)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def mail_again(request: MemberRequest, pk: int) -> HttpResponse:
    told = _("Le courriel est remis en file d’envoi.")
    return _act_on_step(request, pk, actions.send_mail_again, told, mail_id=as_id(request.POST.get("courriel", "")))


@require_POST
@requires(Right.PROCESS_LEAD, module=MODULE)
def send_back(request: MemberRequest, pk: int) -> HttpResponse:
    """« Renvoyer »: this step is to be done again."""
    step = step_in_reach(request.member, pk)
    try:
        values: dict[str, Any] = {"reason": request.POST.get("motif", ""), "version": version_of(request)}
        actions.send_back(step.run, step.key, by=request.member, **values)
    except (Refusal, Refusals) as refusal:
        return _refused(request, step.run_id, refusal)
    return _answer(request, step.run_id, _("Étape « %(name)s » renvoyée.") % {"name": step.name})


# ——— The plan as a whole ———


def _act_on_run(request: MemberRequest, pk: int, act, toast: str, **values) -> HttpResponse:
    run = run_in_reach(request.member, pk, Right.PROCESS_RUN)
    try:
        act(run, by=request.member, **values)
    except (Refusal, Refusals) as refusal:
        return _refused(request, pk, refusal)
    return _answer(request, pk, toast)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def add_step(request: MemberRequest, pk: int) -> HttpResponse:
    values = whom_of(request) | {
        "name": request.POST.get("nom", ""),
        "note": request.POST.get("note", ""),
        "due_at": _end_of(request, request.POST.get("jour", "")),
        "idempotency_key": request.POST.get("idempotency_key") or None,
    }
    return _act_on_run(request, pk, actions.add_step, _("Étape ajoutée."), **values)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    told = _("Le plan attend le client : ses échéances sont suspendues.")
    values = {"reason": request.POST.get("motif", ""), "version": version_of(request)}
    return _act_on_run(request, pk, actions.pause_run, told, **values)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    told = _("Le plan reprend : ses échéances sont décalées d’autant.")
    return _act_on_run(request, pk, actions.resume_run, told, version=version_of(request))


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def abandon(request: MemberRequest, pk: int) -> HttpResponse:
    values = {"reason": request.POST.get("motif", ""), "version": version_of(request)}
    return _act_on_run(request, pk, actions.abandon_run, _("Plan d’action abandonné."), **values)
