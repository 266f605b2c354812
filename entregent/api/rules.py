"""What an organization lays down for everybody: response times, events that are told, the size of files."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.administration import router
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import agent_of, created_once, one_of, tag, version_asked
from entregent.api.schemas import Given, Page
from entregent.cases.actions.promises import Move, preview_rule, set_rule
from entregent.cases.models import CaseType
from entregent.cases.sla_models import SlaRule
from entregent.documents.actions import largest_of, set_file_limit
from entregent.documents.models import LARGEST_LIMIT, MEGABYTE, SMALLEST_LIMIT
from entregent.notifications.actions import set_event_rules
from entregent.notifications.extension_points import Event, all_events
from entregent.notifications.models import EventRule
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal

_OFFSET = "From the beginning of the clock, on the working calendar; empty: nothing is promised."


class ResponseTimeIn(Given):
    case_type: str | None = Field(
        None,
        max_length=200,
        examples=["reclamation"],
        description="Path of a type; it holds for those below. null: all.",
    )
    category: str = Field("", max_length=60, description="Category of clients as it is written; empty: all.")
    first_answer: str = Field("", max_length=60, examples=["4 working hours"], description=_OFFSET)
    next_answer: str = Field("", max_length=60, examples=["1 working day"], description=_OFFSET)
    solution: str = Field("", max_length=60, examples=["10 working days"], description=_OFFSET)


class ResponseTimePatch(Given):
    """Only what is given is changed."""

    case_type: str | None = Field(None, max_length=200, description="null: all types.")
    category: str | None = Field(None, max_length=60)
    first_answer: str | None = Field(None, max_length=60, examples=["4 working hours"])
    next_answer: str | None = Field(None, max_length=60, examples=["1 working day"])
    solution: str | None = Field(None, max_length=60, examples=["10 working days"])
    is_active: bool | None = Field(None, description="false: it is promised no more.")


class ResponseTimeOut(Schema):
    id: int
    case_type: str | None = Field(description="Path of a type of cases; null: all.")
    category: str
    first_answer: str
    next_answer: str
    solution: str
    is_active: bool
    version: int

    @classmethod
    def of(cls, one: SlaRule) -> "ResponseTimeOut":
        plain = {name: getattr(one, name) for name in set(cls.model_fields) - {"case_type"}}
        return cls(case_type=one.case_type.path if one.case_type else None, **plain)


class MoveOut(Schema):
    """One clock of an open case within reach that a change would move."""

    case: int = Field(description="Number of the case.")
    clock: Literal["first", "next", "solution"] = Field(description="First answer, next answer, solution.")
    before: datetime | None = Field(description="When it runs out now; null: it does not run.")
    after: datetime | None
    is_late: bool = Field(description="Whether it would have run out already.")

    @classmethod
    def of(cls, one: Move) -> "MoveOut":
        return cls(case=one.case.number, clock=one.kind, before=one.before, after=one.after, is_late=one.is_late)  # type: ignore[arg-type]


class MovesOut(Schema):
    looked_at: int = Field(description="So many open cases were looked at, those that are due soonest.")
    is_cut: bool = Field(description="Whether there are more.")
    cases: int = Field(description="So many of them would move.")
    late: int = Field(description="So many would be late then.")
    moves: list[MoveOut] = Field(description="The first of those within reach.")


class ResponseTimePage(Page):
    items: list[ResponseTimeOut]


class EventRuleIn(Given):
    is_on: bool = Field(description="Whether anybody is told of it.")
    tells_responsible: bool = Field(True, description="Whether the agent in charge of the client is told.")
    also: list[str] = Field([], max_length=500, description="E-mail addresses of members who are told besides.")


class EventRuleOut(Schema):
    event: str = Field(examples=["client.credit_hold_set"])
    label: str
    is_on: bool
    tells_responsible: bool
    also: list[str]


class EventRuleList(Schema):
    items: list[EventRuleOut]
    next: None = None


class FileSettingsOut(Schema):
    largest: int = Field(description="Of one file, in megabytes.")


class FileSettingsIn(Given):
    largest: int = Field(ge=SMALLEST_LIMIT, le=LARGEST_LIMIT, description="In megabytes.")


# ——— Response times ———


def _rules(member: Membership):
    return SlaRule.objects.filter(organization_id=member.organization_id).select_related("case_type")


def _told_rule(member: Membership, response: HttpResponse, pk: int) -> ResponseTimeOut:
    found = one_of(_rules(member), pk)
    tag(response, found.version)
    return ResponseTimeOut.of(found)


def _rule_values(member: Membership, payload: ResponseTimeIn | ResponseTimePatch) -> dict[str, Any]:
    given = payload.model_dump(exclude_unset=isinstance(payload, ResponseTimePatch))
    values = {name: value for name, value in given.items() if value is not None or name == "case_type"}
    path = values.get("case_type")
    if path:
        values["case_type"] = CaseType.objects.of(member).filter(path=path).first()
        if values["case_type"] is None:
            raise Refusal("E-CHOICE", _("Type de dossier inconnu."), field="case_type")
    elif "case_type" in values:
        values["case_type"] = None
    return values


@router.get("/response-times", response=ResponseTimePage, summary="List the response times that are promised")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def list_response_times(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    items, following = page(_rules(request.member), order=["id"], cursor=cursor, limit=limit)
    return ResponseTimePage(items=[ResponseTimeOut.of(one) for one in items], next=following)


@router.post("/response-times", response={201: ResponseTimeOut}, summary="Promise a response time")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def post_response_time(request: MemberRequest, response: HttpResponse, payload: ResponseTimeIn):
    """The clocks of open cases follow. One for each type and category (409)."""
    member = request.member
    made = created_once(request, payload, lambda: set_rule(None, by=member, **_rule_values(member, payload)))
    return Status(201, _told_rule(member, response, made))


@router.get("/response-times/preview", response=MovesOut, summary="Which open cases a response time would move")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def preview_response_time(
    request: MemberRequest,
    promised: Query[ResponseTimeIn],
    instead_of: int | None = Query(None, ge=1, le=2**62, description="Id of the one that would say so."),
):
    """Nothing is written. Without `instead_of`: as one more."""
    member = request.member
    rule = one_of(_rules(member), instead_of) if instead_of is not None else None
    found = preview_rule(rule, by=member, **_rule_values(member, promised))
    return MovesOut(
        looked_at=found.looked_at, is_cut=found.is_cut, cases=found.cases, late=found.late,
        moves=[MoveOut.of(one) for one in found.moves],
    )  # fmt: skip


@router.get("/response-times/{int:rule_id}", response=ResponseTimeOut, summary="One promised response time")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def get_response_time(request: MemberRequest, response: HttpResponse, rule_id: int):
    return _told_rule(request.member, response, rule_id)


@router.patch("/response-times/{int:rule_id}", response=ResponseTimeOut, summary="Change a promised response time")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def patch_response_time(request: MemberRequest, response: HttpResponse, rule_id: int, payload: ResponseTimePatch):
    """The clocks of open cases follow."""
    member, version = request.member, version_asked(request)
    set_rule(one_of(_rules(member), rule_id), by=member, version=version, **_rule_values(member, payload))
    return _told_rule(member, response, rule_id)


# ——— Events that are told ———


def _told_events(member: Membership, events: list[Event]) -> list[EventRuleOut]:
    standing = {one.event: one for one in EventRule.objects.filter(organization_id=member.organization_id)}
    rules = [standing.get(event.code) or EventRule(event=event.code) for event in events]
    people = Membership.objects.active().filter(
        organization_id=member.organization_id, user__in={user for rule in rules for user in rule.also}
    )
    addresses = dict(people.values_list("user_id", "user__email"))
    return [
        EventRuleOut(
            event=event.code, label=str(event.label), is_on=rule.is_on, tells_responsible=rule.tells_responsible,
            also=sorted(addresses[user] for user in rule.also if user in addresses),
        )
        for event, rule in zip(events, rules, strict=True)
    ]  # fmt: skip


def _events(member: Membership) -> list[Event]:
    return [event for event in all_events().values() if event.by_settings and event.is_for(member)]


@router.get("/event-rules", response=EventRuleList, summary="List the events that are told, and to whom")
@operation(Right.SETTINGS)
def list_event_rules(request: MemberRequest):
    return EventRuleList(items=_told_events(request.member, _events(request.member)))


@router.put("/event-rules/{str:event}", response=EventRuleOut, summary="Say whether an event is told, and to whom")
@operation(Right.SETTINGS)
def put_event_rule(request: MemberRequest, event: str, payload: EventRuleIn):
    """What people chose for themselves holds on."""
    member = request.member
    known = [one for one in _events(member) if one.code == event]
    if not known:
        raise NotFound
    also = [agent_of(member, address, field="also").pk for address in payload.also]
    rule = {"is_on": payload.is_on, "tells_responsible": payload.tells_responsible, "also": also}
    set_event_rules(by=member, rules={event: rule})
    return _told_events(member, known)[0]


# ——— Files ———


@router.get("/file-settings", response=FileSettingsOut, summary="How large a file may be")
@operation(Right.SETTINGS)
def get_file_settings(request: MemberRequest):
    return FileSettingsOut(largest=largest_of(request.member.organization_id) // MEGABYTE)


@router.put("/file-settings", response=FileSettingsOut, summary="Say how large a file may be")
@operation(Right.SETTINGS)
def put_file_settings(request: MemberRequest, payload: FileSettingsIn):
    """Of one file, whoever sends it."""
    set_file_limit(request.member.organization, by=request.member, megabytes=payload.largest)
    return FileSettingsOut(largest=largest_of(request.member.organization_id) // MEGABYTE)
