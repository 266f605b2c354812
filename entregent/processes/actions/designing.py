"""Designing processes: drafts, publication, retirement, import. Designing and publishing are rights of their own."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, Organization
from entregent.processes.definitions import normalised, problems, read, sha256_of, sound
from entregent.processes.fields import words_of
from entregent.processes.models import ProcessDefinition, ProcessVersion
from entregent.toolbox.errors import NotFound, Refusal, Refusals

MOST_BYTES = 400_000


class DraftThere(Refusal):
    """An import onto a process of which somebody works on a draft."""

    def __init__(self, draft: ProcessVersion):
        self.draft = draft
        message = _("Ce processus a déjà un brouillon. Confirmez qu’il doit être remplacé.")
        super().__init__("E-PROCESS-DRAFT", message, field="version", status=409)


def _locked(definition: ProcessDefinition, *, organization_id: int) -> ProcessDefinition:
    found = (
        ProcessDefinition.objects.select_for_update(no_key=True, of=("self",)).select_related("live", "organization")
        .filter(pk=definition.pk, organization_id=organization_id).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def create_process(*, by: Membership, body: dict[str, Any]) -> ProcessVersion:
    """A new process with its first draft. Refuses a code that is taken (E-CODE)."""
    body = sound(normalised(body))
    code = body["process"] if isinstance(body["process"], str) else ""
    record("create_process", by=by, code=code)
    wrong = [one for one in problems(body) if one.step == "" and not code]
    if wrong or not _is_code(code):
        message = _("Le code commence par une lettre et n’a que des minuscules, des chiffres et _.")
        raise Refusal("E-CODE", message, field="process")
    if ProcessDefinition.objects.filter(organization_id=by.organization_id, code=code).exists():
        raise Refusal("E-CODE", _("Ce code est déjà pris."), field="process", status=409)
    definition = ProcessDefinition.objects.create(organization_id=by.organization_id, code=code, **_names(body, code))
    return _new_draft(definition, body, by=by)


def _is_code(code: str) -> bool:
    from entregent.processes.definitions import _CODE

    return bool(_CODE.fullmatch(code))


def _names(body: dict[str, Any], code: str) -> dict[str, str]:
    fr, en = words_of(body["name"])
    return {"name_fr": (fr or en or code)[:120], "name_en": en[:120]}


def _new_draft(definition: ProcessDefinition, body: dict[str, Any], *, by: Membership | None) -> ProcessVersion:
    last = ProcessVersion.objects.filter(definition=definition).aggregate(last=Max("number"))["last"] or 0
    return ProcessVersion.objects.create(
        organization_id=definition.organization_id,
        definition=definition,
        number=last + 1,
        body=body,
        sha256=sha256_of(body),
        created_by_id=by.user_id if by is not None else None,
    )


@transaction.atomic
def save_draft(
    definition: ProcessDefinition, *, by: Membership, body: dict[str, Any], version: int | None = None
) -> ProcessVersion:
    """Keeps a draft, finished or not: what is wrong with it is told by `problems` and refused at publication only.

    `version` is that of the draft that was edited (0: there was none); a newer one is not written over (E-STALE).
    """
    record("save_process_draft", by=by, subject=definition, code=definition.code)
    current = _locked(definition, organization_id=by.organization_id)
    body = sound({**normalised(body), "process": current.code})
    import json

    if len(json.dumps(body)) > MOST_BYTES:
        raise Refusal("E-LENGTH", _("Ce plan d'action est trop long."), field="body")
    draft = current.versions.select_for_update().filter(state=ProcessVersion.State.DRAFT).first()
    if draft is None:
        if version:
            raise stale(current, organization=current.organization)
        return _new_draft(current, body, by=by)
    if version is not None and draft.version != version:
        raise stale(draft, organization=current.organization)
    if draft.body != body:
        draft.body, draft.sha256 = body, sha256_of(body)
        draft.version += 1
        draft.save(update_fields=["body", "sha256", "version"])
    if current.live_id is None:
        ProcessDefinition.objects.filter(pk=current.pk).update(**_names(body, current.code))
    return draft


@transaction.atomic
def delete_draft(definition: ProcessDefinition, *, by: Membership) -> None:
    """Throws the draft away; a process that never went live goes with it."""
    record("save_process_draft", by=by, subject=definition, code=definition.code, deleted=True)
    current = _locked(definition, organization_id=by.organization_id)
    current.versions.filter(state=ProcessVersion.State.DRAFT).delete()
    if not current.versions.exists():
        current.delete()


@transaction.atomic
def publish(definition: ProcessDefinition, *, by: Membership | None, version: int | None = None) -> ProcessVersion:
    """The draft goes live, the version before it is retired; plans that run stay on theirs. Refuses whatever is wrong
    with it, sentence by sentence (E-PROCESS)."""
    current = _locked(definition, organization_id=definition.organization_id)
    record("publish_process", by=by, organization_id=current.organization_id, subject=current, code=current.code)
    draft = current.versions.select_for_update().filter(state=ProcessVersion.State.DRAFT).first()
    if draft is None:
        raise Refusal("E-PROCESS-DRAFT", _("Il n'y a pas de brouillon à publier."), status=409)
    if version is not None and draft.version != version:
        raise stale(draft, organization=current.organization)
    wrong = problems(draft.body, current.organization)
    if wrong:
        raise Refusals(Refusal("E-PROCESS", one.sentence, field=one.step or None) for one in wrong)
    current.versions.filter(state=ProcessVersion.State.LIVE).update(state=ProcessVersion.State.RETIRED)
    draft.state, draft.published_at = ProcessVersion.State.LIVE, timezone.now()
    draft.published_by_id = by.user_id if by is not None else None
    draft.save(update_fields=["state", "published_at", "published_by"])
    body = draft.body
    current.live, current.is_active = draft, True
    for name, value in _names(body, current.code).items():
        setattr(current, name, value)
    current.subjects, current.case_types, current.topics = body["subjects"], body["case_types"], body["topics"]
    current.events = sorted({start["event"] for start in body["start"]})
    current.version += 1
    current.save()
    return draft


def type_moved(organization: Organization, before: str, after: str) -> None:
    """A type of case has moved in the tree (`cases.type_moves`): processes go on being offered for it. What is live
    keeps its words; where it is offered stands beside it."""

    def there(paths: Iterable[str]) -> list[str]:
        return [after + one[len(before) :] if f"{one}/".startswith(f"{before}/") else one for one in paths]

    for definition in ProcessDefinition.objects.select_for_update().filter(organization=organization).order_by("pk"):
        if there(definition.case_types) != definition.case_types:
            definition.case_types = there(definition.case_types)
            definition.version += 1
            definition.save(update_fields=["case_types", "version"])
    for draft in ProcessVersion.objects.filter(organization=organization, state=ProcessVersion.State.DRAFT):
        paths = draft.body.get("case_types") or []
        if there(paths) != paths:
            draft.body = {**draft.body, "case_types": there(paths)}
            draft.sha256, draft.version = sha256_of(draft.body), draft.version + 1
            draft.save(update_fields=["body", "sha256", "version"])


@transaction.atomic
def retire(definition: ProcessDefinition, *, by: Membership) -> ProcessDefinition:
    """The process starts no more plans; those that run go on. `restore` takes it back."""
    return _set_active(definition, by=by, is_active=False, name="retire_process")


@transaction.atomic
def restore(definition: ProcessDefinition, *, by: Membership) -> ProcessDefinition:
    return _set_active(definition, by=by, is_active=True, name="restore_process")


def _set_active(definition: ProcessDefinition, *, by: Membership, is_active: bool, name: str) -> ProcessDefinition:
    record(name, by=by, subject=definition, code=definition.code)
    current = _locked(definition, organization_id=by.organization_id)
    if current.is_active != is_active:
        current.is_active = is_active
        current.version += 1
        current.save(update_fields=["is_active", "version"])
    return current


@transaction.atomic
def import_process(text: str, *, by: Membership, version: int | None = None) -> ProcessVersion:
    """A process from YAML: a new one, or the draft of the one that has its code. A draft that is there already is
    somebody's work: it gives way only where its `version` is named (`DraftThere`, Stale)."""
    body = read(text)
    record("import_process", by=by, code=str(body["process"])[:60])
    known = ProcessDefinition.objects.filter(organization_id=by.organization_id, code=str(body["process"])).first()
    if known is None:
        return create_process(by=by, body=body)
    draft = known.versions.filter(state=ProcessVersion.State.DRAFT).first()
    if draft is not None and version is None:
        raise DraftThere(draft)
    return save_draft(known, by=by, body=body, version=(version or 0) if draft is not None else 0)


@transaction.atomic
def install(organization: Organization, text: str, *, by: Membership | None = None) -> ProcessVersion | None:
    """A ready-made process, live at once where nothing keeps it from it, else a draft. One that is there stays."""
    body = read(text)
    if ProcessDefinition.objects.filter(organization=organization, code=body["process"]).exists():
        return None
    record("import_process", by=by, organization_id=organization.pk, code=body["process"])
    definition = ProcessDefinition.objects.create(
        organization=organization, code=body["process"], **_names(body, body["process"])
    )
    draft = _new_draft(definition, body, by=by)
    return draft if problems(body, organization) else publish(definition, by=by)
