"""Telephone calls: what a telephone system tells, so that the caller's file opens at the agent's (screen pop)."""

from typing import Literal

from ninja import Router, Schema
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.requests import created_once
from entregent.clients.models import Client
from entregent.inbound.calls import note_call
from entregent.inbound.models import PhoneCall

router = Router(tags=["calls"])


class CallIn(Schema):
    """One event of one call. Events may come twice and in any order."""

    call_id: str = Field(min_length=1, max_length=120, description="The telephone system's own id of the call")
    event: Literal["ringing", "answered", "ended"]
    caller: str = Field("", max_length=40, description="Number of the caller, as dialled here or in E.164")
    called: str = Field("", max_length=60, description="Extension that is called: a member's own, set on their account")
    agent: str = Field("", max_length=254, description="E-mail address of the member called, in the place of `called`")
    recording_url: str = Field("", max_length=500, description="Kept as a link; never fetched")


class CallOut(Schema):
    call_id: str
    state: str
    client: str | None = Field(None, description="Number of the client whose phone this is, if it is one's")


@router.post("", response=CallOut, summary="Tell of a telephone call")
@operation(Right.INTERACTION_LOG)
def post_call(request: MemberRequest, payload: CallIn):
    made = created_once(request, payload, lambda: note_call(by=request.member, **payload.model_dump()))
    call = PhoneCall.objects.get(pk=made)
    visible = None
    if call.client_id is not None:
        visible = Client.objects.visible_to(request.member).filter(pk=call.client_id).first()
    return CallOut(call_id=call.call_id, state=call.state, client=visible.number if visible else None)
