"""Processes set up: the ready-made ones, drafts thrown away, what is offered, running plans taken to a new version."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.bulk import JobOut, own_job
from entregent.api.guard import operation
from entregent.api.processes import DefinitionDetail, definition_detail, definition_of, draft_of, router
from entregent.api.requests import created_once, unchanged
from entregent.api.schemas import Given, Nothing
from entregent.organizations.models import Module
from entregent.processes import actions, ready_made
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.errors import NotFound, Refusal

MODULE = Module.CASEWORK


class PresetOut(Schema):
    code: str = Field(examples=["resiliation"])
    name_fr: str
    name_en: str
    case_types: list[str] = Field(description="Paths of the types of cases that it is for, and makes.")
    steps: int
    is_installed: bool = Field(description="The organization has a process of this code.")


class PresetList(Schema):
    items: list[PresetOut]
    next: None = None


class OfferIn(Given):
    is_active: bool = Field(description="false: it starts no more plans; those that run go on.")


class StaysOut(Schema):
    step: str = Field(description="Name of the step that is being done.")
    runs: int


class MigrationOut(Schema):
    """What taking running plans to the live version would do, of those that you lead."""

    runs: int = Field(description="Plans on older versions.")
    movable: int
    stay: list[StaysOut] = Field(description="Those whose step the live version has no more, or has otherwise.")
    added: list[str] = Field(description="Names of steps.")
    removed: list[str]
    by_version: dict[str, int] = Field(description="Plans by the number of their version.", examples=[{"1": 12}])


@router.get("/process-presets", response=PresetList, summary="List ready-made processes")
@operation(Right.PROCESS_DESIGN, module=MODULE)
def list_presets(request: MemberRequest):
    known = ProcessDefinition.objects.filter(organization_id=request.member.organization_id)
    codes = set(known.values_list("code", flat=True))
    told = [
        PresetOut(
            code=one.code, name_fr=one.name_fr, name_en=one.name_en, case_types=list(one.case_types),
            steps=one.number_of_steps, is_installed=one.code in codes,
        )
        for one in ready_made.presets()
    ]  # fmt: skip
    return PresetList(items=told)


@router.post("/process-presets/{str:preset}/installation", response={201: DefinitionDetail}, summary="Take a preset")
@operation(Right.PROCESS_PUBLISH, module=MODULE)
def post_installation(request: MemberRequest, response: HttpResponse, preset: str, payload: Nothing):
    """With the types of cases that it is for; live at once where nothing keeps it from it, else a draft. A process of
    that code that is there already is left as it is (409)."""
    member = request.member

    def make() -> int:
        made = ready_made.install(member.organization, preset, by=member)
        if made is None:
            raise Refusal("E-CODE", _("Ce processus est déjà là."), status=409)
        return made.definition_id

    created_once(request, payload, make)
    return Status(201, definition_detail(member, response, preset))


@router.delete("/process-definitions/{str:code}/draft", response={204: None}, summary="Throw the draft away")
@operation(Right.PROCESS_DESIGN, module=MODULE)
def remove_draft(request: MemberRequest, code: str):
    """A process that never went live goes with it. `If-Match` names the version of the draft."""
    definition = definition_of(request.member, code)
    draft = draft_of(definition)
    if draft is None:
        raise NotFound
    unchanged(request, draft)
    actions.delete_draft(definition, by=request.member)
    return Status(204, None)


@router.put("/process-definitions/{str:code}/offer", response=DefinitionDetail, summary="Offer a process, or no more")
@operation(Right.PROCESS_PUBLISH, module=MODULE)
def put_offer(request: MemberRequest, response: HttpResponse, code: str, payload: OfferIn):
    definition = definition_of(request.member, code)
    act: Any = actions.restore if payload.is_active else actions.retire
    act(definition, by=request.member)
    return definition_detail(request.member, response, code)


def _live(request: MemberRequest, code: str) -> ProcessDefinition:
    definition = definition_of(request.member, code)
    if definition.live is None:
        raise NotFound
    return definition


@router.get(
    "/process-definitions/{str:code}/migration", response=MigrationOut, summary="What a migration would do"
)  # fmt: skip
@operation(Right.PROCESS_LEAD, module=MODULE)
def get_migration(request: MemberRequest, code: str):
    found = actions.preview_migration(_live(request, code), by=request.member)
    return MigrationOut(
        runs=found.total, movable=found.movable, added=found.added, removed=found.removed,
        stay=[StaysOut(step=step, runs=number) for step, number in found.refused],
        by_version={str(version): number for version, number in found.by_version},
    )  # fmt: skip


@router.post(
    "/process-definitions/{str:code}/migration", response={202: JobOut}, summary="Take plans to the live version"
)
@operation(Right.PROCESS_LEAD, module=MODULE)
def post_migration(request: MemberRequest, code: str, payload: Nothing):
    """Those that cannot go stay on theirs; the job says how many. Where none can go it is refused (409)."""
    member = request.member
    definition = _live(request, code)

    def make():
        if not actions.preview_migration(definition, by=member).movable:
            raise Refusal("E-001-NOTHING", _("Aucun plan en cours ne peut passer à la version en service."), status=409)
        return actions.migrate_runs(definition, by=member)

    return Status(202, own_job(member, created_once(request, payload, make)))
