"""What managers of groups ask for: a change is written down, checked, and takes effect whole or not at all (R002-24
to -28). A small one within the call, a large one by the worker."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from entregent.access.rights import Right, Role
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.groups.actions.drafts import stage, stage_selection
from entregent.groups.actions.staging import AT_ONCE, KIND, Lost, Made, carry_out
from entregent.groups.draft_models import Draft, DraftRow
from entregent.groups.effects import if_nobody_else
from entregent.groups.models import (
    GROUP_ROLES,
    NAME_MOST,
    ClientGroup,
    GroupAssignment,
    ProcessingRequest,
    ProcessingRow,
    name_key,
)
from entregent.jobs.actions import cancel_job, start_job
from entregent.jobs.models import Job
from entregent.organizations.actions import next_numbers
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, RightMissing, Stale, too_long
from entregent.toolbox.text import one_line

Operation = ProcessingRequest.Operation
State = ProcessingRequest.State
_Change = ProcessingRow.Change

# R002-13: compared in exact upper case, in the language of the page.
WORDS = {"confirm": {"fr": "CONFIRMER", "en": "CONFIRM"}, "delete": {"fr": "SUPPRIMER", "en": "DELETE"}}
NO_ACCESS = "none"


def word_for(purpose: str) -> str:
    return WORDS[purpose]["en" if get_language() == "en" else "fr"]


def manages_groups(member: Membership) -> None:
    """Refuses whoever may not: groups are for service providers, and there for their account managers."""
    if not member.organization.has_module(Module.DELEGATION):
        raise ModuleOff
    if not member.organization.provider_kind:
        raise Refusal("E-002-PROVIDER", _("Fonction réservée aux fournisseurs de services."), status=403)
    # Whoever groups any clients, and gives access to them, has to reach every one.
    if not member.reach.is_whole(Right.GROUP_MANAGE):
        raise RightMissing


def checked_name(name: str, *, by: Membership, group: ClientGroup | None = None) -> str:
    """The name as it will be written, or why it can not be had (R002-05). A group keeps its own."""
    name = one_line(name)
    if not name:
        raise Refusal("E-002-NAME", _("Indiquez le nom du groupe."), field="name")
    if len(name) > NAME_MOST:
        raise too_long("name", _("Nom du groupe"), NAME_MOST)
    key = name_key(name)
    if not key:
        raise Refusal("E-002-NAME", _("Indiquez le nom du groupe."), field="name")
    taken = ClientGroup.objects.of(by.organization).filter(name_key=key)
    if group is not None:
        taken = taken.exclude(pk=group.pk)
    waiting = ProcessingRequest.objects.of(by.organization).open().filter(payload__name_key=key)
    if group is not None:
        waiting = waiting.exclude(group_id=group.pk)
    if taken.exists() or waiting.exists():
        raise Refusal("E-002-NAME", _("Ce nom est déjà utilisé par un groupe actif ou supprimé."), field="name")
    return name


@transaction.atomic
def create_group(
    *, by: Membership, name: str, draft: Draft | None = None, client_ids: Collection[int] = (), whole: bool = False,
    text: str = "",
) -> ProcessingRequest:  # fmt: skip
    """Makes a group of the clients of the draft, or of those given, or (`whole`) of all available that `text` finds."""
    record("ask_group_change", by=by, operation=Operation.CREATE, name=name[:NAME_MOST])
    manages_groups(by)
    _one_at_a_time(by)
    name = checked_name(name, by=by)
    if draft is None:
        draft = _sealed(by)
        _choose(draft, by, _Change.ADD, client_ids, whole, text)
    total = draft.rows.filter(change=_Change.ADD).count()
    if not total:
        raise Refusal("E-002-EMPTY", _("Sélectionnez au moins un client."), field="clients")
    payload = {"draft": _seal(draft), "name": name, "name_key": name_key(name)}
    return _submit(by, Operation.CREATE, None, name, payload, total)


@transaction.atomic
def update_group(
    group: ClientGroup, *, by: Membership, word: str, version: int | None, name: str | None = None,
    draft: Draft | None = None, add: Collection[int] = (), remove: Collection[int] = (), add_whole: bool = False,
    text: str = "",
) -> ProcessingRequest:  # fmt: skip
    """Renames a group, takes clients in and out, all in one change (R002-12 to -15)."""
    record("ask_group_change", by=by, subject=group, operation=Operation.UPDATE)
    manages_groups(by)
    if name is not None:
        _one_at_a_time(by)
    group = _locked(group, by=by, version=version)
    _confirmed("confirm", word)
    if group.rule is not None and (draft.rows.exists() if draft is not None else add or remove or add_whole):
        sentence = _("Ce groupe suit une règle : ses clients entrent et sortent d'eux-mêmes.")
        raise Refusal("E-002-RULE", sentence, status=409)
    name = group.name if name is None else checked_name(name, by=by, group=group)
    if draft is None:
        draft = _sealed(by, group)
        _choose(draft, by, _Change.REMOVE, remove, False, "")
        _choose(draft, by, _Change.ADD, add, add_whole, text)
    total = draft.rows.count()
    if not total and name == group.name:
        raise Refusal("E-002-NOCHANGE", _("Aucune modification à enregistrer."))
    payload = {"draft": _seal(draft), "name": name, "name_key": name_key(name), "name_before": group.name}
    return _submit(by, Operation.UPDATE, group, name, payload, total)


@transaction.atomic
def group_selection(
    group: ClientGroup | None, *, by: Membership, selection: QuerySet, number: int | None, name: str = "",
    word: str = "", version: int | None = None,
) -> ProcessingRequest:  # fmt: skip
    """« Affecter à un groupe »: the clients of a query of ids that may be had come into the group, or (None) into a new
    one. `number`: how many that was when it was looked at; another number is refused, so that nobody enters unseen."""
    manages_groups(by)
    _one_at_a_time(by)
    draft = _sealed(by, group)
    chosen = stage_selection(draft, by=by, selection=selection)
    if not chosen:
        raise Refusal("E-002-EMPTY", _("Aucun client de la sélection ne peut entrer dans un groupe."), field="clients")
    if number is not None and chosen != number:
        sentence = _("La sélection a changé entre-temps : vérifiez ce qui va changer.")
        raise Refusal("E-002-UNAVAILABLE", sentence, field="clients", status=409)
    if group is None:
        return create_group(by=by, name=name, draft=draft)
    return update_group(group, by=by, word=word, version=version, draft=draft)


@transaction.atomic
def delete_group(group: ClientGroup, *, by: Membership, word: str, version: int | None = None) -> ProcessingRequest:
    """Deletes a group: its clients become available, what was reached through it ends, its name stays taken."""
    record("ask_group_change", by=by, subject=group, operation=Operation.DELETE)
    manages_groups(by)
    group = _locked(group, by=by, version=version)
    _confirmed("delete", word)
    return _submit(by, Operation.DELETE, group, group.name, {}, _all_rows(group))


@transaction.atomic
def assign_group(
    group: ClientGroup | None, *, by: Membership, user_ids: Collection[int], role: str
) -> ProcessingRequest:
    """Gives employees a role on all clients of one group; `NO_ACCESS` takes it from them (R002-18 to -21)."""
    record("ask_group_change", by=by, subject=group, operation=Operation.ASSIGN)
    manages_groups(by)
    if group is None:
        raise Refusal("E-002-NOGROUP", _("Choisissez un groupe."), field="group")
    group = _locked(group, by=by)
    if role != NO_ACCESS and role not in GROUP_ROLES:
        raise Refusal("E-002-NOROLE", _("Choisissez un rôle."), field="role")
    wanted = set(user_ids)
    employees = Membership.objects.active().filter(organization_id=by.organization_id, user_id__in=wanted)
    roles = dict(employees.values_list("user_id", "role"))
    if not wanted or (roles.keys() != wanted and role != NO_ACCESS):
        raise Refusal("E-002-EMPLOYEE", _("Sélectionnez au moins un employé."), field="employees")
    if Role.ADMIN in roles.values() and role != NO_ACCESS:
        sentence = _("Un gestionnaire de compte d'entreprise a déjà accès à tous les clients.")
        raise Refusal("E-002-BAM", sentence, field="employees")
    after = "" if role == NO_ACCESS else role
    held = dict(group.assignments.live().filter(user_id__in=wanted).values_list("user_id", "role"))
    changes = {user_id: [held.get(user_id, ""), after] for user_id in sorted(wanted) if held.get(user_id, "") != after}
    if not changes:
        raise Refusal("E-002-NOCHANGE", _("Aucune modification à enregistrer."))
    payload = {"roles": [[user_id, before, role] for user_id, (before, role) in changes.items()]}
    # As many rows as employees, however large the group.
    return _submit(by, Operation.ASSIGN, group, group.name, payload, len(changes), in_background=False)


@transaction.atomic
def cancel_request(request: ProcessingRequest, *, by: Membership) -> ProcessingRequest:
    """Gives up a change that has not taken effect: the group is as it was."""
    record("cancel_processing", by=by, subject=request)
    manages_groups(by)
    # First the job, as the worker does.
    if request.job_id is not None:
        list(Job.objects.select_for_update().filter(pk=request.job_id, organization_id=by.organization_id))
    request = _request(request, by=by)
    if not request.is_open:
        raise Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)
    end_cancelled(request, timezone.now())
    if request.job is not None:
        cancel_job(request.job, by=by)
    return request


def end_cancelled(request: ProcessingRequest, moment: datetime | None) -> None:
    request.state = State.CANCELLED
    request.ended_at = moment
    request.version += 1
    request.save(update_fields=["state", "ended_at", "version"])


@transaction.atomic
def retry_request(
    request: ProcessingRequest, *, by: Membership, without_unavailable: bool = False
) -> ProcessingRequest:
    """Tries a failed change again, as it was asked for; or without the clients that can not be had any more."""
    record("retry_processing", by=by, subject=request, without_unavailable=without_unavailable)
    manages_groups(by)
    if request.state != State.FAILED:
        raise Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)
    _one_at_a_time(by)
    # Somebody may have tried it meanwhile: the worker then holds it, and waits for the lock just taken.
    request.refresh_from_db(fields=["state"])
    if request.state != State.FAILED:
        raise Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)
    if request.group is not None:
        _locked(request.group, by=by)
    request = _request(request, by=by)
    if request.state != State.FAILED:
        raise Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)
    if request.payload.get("name"):
        checked_name(request.payload["name"], by=by, group=request.group)
    request.rows.all().delete()
    payload = {name: value for name, value in request.payload.items() if name != "after"}
    request.payload = payload | ({"without_unavailable": True} if without_unavailable else {})
    request.state, request.staged, request.failure, request.ended_at, request.job = State.WAITING, 0, None, None, None
    request.version += 1
    request.save()
    return _begin(request, by)


@transaction.atomic
def undo_request(request: ProcessingRequest, *, by: Membership) -> ProcessingRequest:
    """Takes back the last change of a group by a request of the opposite."""
    record("undo_processing", by=by, subject=request)
    manages_groups(by)
    if request.group is None or not can_undo(request):
        raise Refusal("E-002-UNDO", _("Seule la dernière modification d'un groupe peut être défaite."), status=409)
    _one_at_a_time(by)
    group = ClientGroup.objects.select_for_update().get(pk=request.group.pk, organization_id=by.organization_id)
    _not_busy(group)
    if not can_undo(request):
        raise Refusal("E-002-UNDO", _("Seule la dernière modification d'un groupe peut être défaite."), status=409)
    if request.operation == Operation.CREATE:
        return _submit(by, Operation.DELETE, group, group.name, {}, _all_rows(group), undoes=request)
    operation = Operation.ASSIGN if request.operation == Operation.ASSIGN else Operation.UPDATE
    payload: dict[str, Any] = {"reverses": request.pk}
    name = group.name
    if request.operation == Operation.DELETE:
        payload["revives"] = True
    elif request.payload.get("name_before", name) != name:
        name = checked_name(request.payload["name_before"], by=by, group=group)
        payload |= {"name": name, "name_key": name_key(name), "name_before": group.name}
    total = request.rows.filter(result=ProcessingRow.Result.OK).count()
    return _submit(by, operation, group, name, payload, total, undoes=request)


def can_undo(request: ProcessingRequest) -> bool:
    """The last one that took effect on its group, and not by the product itself."""
    if request.state != State.DONE or request.operation not in _UNDONE or request.group_id is None:
        return False
    later = ProcessingRequest.objects.filter(group_id=request.group_id, state=State.DONE, number__gt=request.number)
    return not later.exists()


_UNDONE = (Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.ASSIGN)


def _submit(
    by: Membership, operation: str, group: ClientGroup | None, name: str, payload: dict, total: int, *,
    undoes: ProcessingRequest | None = None, in_background: bool | None = None,
) -> ProcessingRequest:  # fmt: skip
    request = ProcessingRequest.objects.create(
        organization_id=by.organization_id,
        number=next_numbers(by.organization_id, "processing_request"),
        operation=operation,
        group=group,
        group_name=name,
        initiated_by_id=by.user_id,
        initiated_by_name=by.name,
        payload=payload,
        total=total,
        undoes=undoes,
    )
    return _begin(request, by, in_background=in_background)


def _begin(request: ProcessingRequest, by: Membership, *, in_background: bool | None = None) -> ProcessingRequest:
    """A small change now: it takes effect or the whole call is refused. A large one by the worker, and any while
    another takes effect: nobody waits for that."""
    is_large = request.total > AT_ONCE if in_background is None else in_background
    if is_large or not if_nobody_else(request.organization_id):
        request.job = start_job(
            by=by, kind=KIND, label=f"{request.get_operation_display()} : {request.group_name}",
            data={"request": request.pk, "language": get_language() or "fr"}, total=request.total,
        )  # fmt: skip
        request.save(update_fields=["job"])
        return request
    made = Made.STAGED
    while made == Made.STAGED:
        made = carry_out(request, by=by)
    if made == Made.LOST:
        raise Lost(request)
    return request


def _choose(draft: Draft, by: Membership, change: str, ids: Collection[int], whole: bool, text: str) -> None:
    """For a call that gives the clients itself: one that can not be had refuses the whole, by its name."""
    wanted = set(ids)
    if not wanted and not whole:
        return
    stage(draft, by=by, change=change, ids=wanted, whole=whole, text=text)
    if wanted and not whole:
        DraftRow.objects.bulk_create(
            [
                DraftRow(organization_id=by.organization_id, draft=draft, client_id=pk, change=change)
                for pk in sorted(wanted - set(draft.rows.filter(change=change).values_list("client_id", flat=True)))
            ],
            ignore_conflicts=True,
        )


def _sealed(by: Membership, group: ClientGroup | None = None) -> Draft:
    return Draft.objects.create(organization_id=by.organization_id, user_id=by.user_id, group=group, is_sealed=True)


def _seal(draft: Draft) -> int:
    draft.is_sealed = True
    draft.save(update_fields=["is_sealed"])
    return draft.pk


def _all_rows(group: ClientGroup) -> int:
    return group.members.live().count() + GroupAssignment.objects.live().filter(group_id=group.pk).count()


def _one_at_a_time(by: Membership) -> None:
    """Two who ask for the same name at once come one after the other: before all other locks."""
    rows_of("SELECT pg_advisory_xact_lock(hashtext('groups-names'), %s::int)", [by.organization_id % 2**31])
    if_nobody_else(by.organization_id)


def _locked(group: ClientGroup, *, by: Membership, version: int | None = None) -> ClientGroup:
    if_nobody_else(by.organization_id)
    found = ClientGroup.objects.select_for_update().filter(pk=group.pk, organization_id=by.organization_id).first()
    if found is None or not found.is_live:
        raise NotFound
    _not_busy(found)
    if version is not None and found.version != version:
        last = found.requests.filter(state=State.DONE).order_by("-number").first()
        who = (last.initiated_by_name if last is not None else "") or _("Système")
        raise Stale(who=who, when=f"{timezone.localtime(found.changed_at):%H:%M}", current=found)
    return found


def _not_busy(group: ClientGroup) -> None:
    if group.requests.open().exists():
        raise Refusal("E-002-BUSY", _("Une demande de traitement est en cours pour ce groupe."), status=409)


def _request(request: ProcessingRequest, *, by: Membership) -> ProcessingRequest:
    found = (
        ProcessingRequest.objects.select_for_update(of=("self",)).select_related("job", "group")
        .filter(pk=request.pk, organization_id=by.organization_id).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def _confirmed(purpose: str, word: str) -> None:
    if word.strip() != word_for(purpose):
        raise Refusal("E-002-WORD", _("Tapez %(word)s pour confirmer.") % {"word": word_for(purpose)}, field="word")


def roles_told(number: int, role: str) -> str:
    """What a role in a group means for one employee, in plain words."""
    if role == Role.MANAGER:
        text = ngettext(
            "pourra modifier %(n)d client et y donner des accès", "pourra modifier %(n)d clients et y donner des accès",
            number,
        )  # fmt: skip
    elif role == Role.EDITOR:
        text = ngettext("pourra modifier %(n)d client", "pourra modifier %(n)d clients", number)
    elif role == Role.READER:
        text = ngettext("pourra consulter %(n)d client", "pourra consulter %(n)d clients", number)
    else:
        text = ngettext(
            "n'aura plus accès à %(n)d client par ce groupe", "n'aura plus accès à %(n)d clients par ce groupe", number
        )
    return text % {"n": number}
