"""How an organization has set its portal, its transfers, its head office and its requests for access."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.administration import router
from entregent.api.guard import operation
from entregent.api.requests import tag, version_asked
from entregent.api.schemas import Given
from entregent.enrollment.actions import update_enrollment_settings
from entregent.enrollment.models import EnrollmentSettings
from entregent.interactions.portal_access import update_portal_settings
from entregent.interactions.portal_models import PortalSettings
from entregent.organizations.models import Module
from entregent.relationships.actions import set_request_days
from entregent.relationships.models import Rules
from entregent.relationships.reach import only_providers
from entregent.transfers.actions import update_transfer_settings
from entregent.transfers.models import TransferSettings


class PortalSettingsPatch(Given):
    """Only what is given is changed."""

    new_requests: bool | None = Field(None, description="Clients may open a request.")
    files_in_messages: bool | None = Field(None, description="Clients may put files into their messages.")
    colleagues: bool | None = Field(None, description="People invited from now on see all exchanges of their client.")
    details: Literal["proposed", "applied"] | None = Field(
        None, description="What becomes of details that clients change: an agent decides, or they hold at once."
    )
    temporary_days: int | None = Field(None, description="1 to 365: how long a temporary access lives.")
    welcome_fr: str | None = None
    welcome_en: str | None = None
    terms_fr: str | None = None
    terms_en: str | None = None


class PortalSettingsOut(Schema):
    new_requests: bool
    files_in_messages: bool
    colleagues: bool
    details: str = Field(examples=["proposed"])
    temporary_days: int
    welcome_fr: str
    welcome_en: str
    terms_fr: str
    terms_en: str
    version: int


class TransferSettingsPatch(Given):
    """Only what is given is changed."""

    delay_days: int | None = Field(None, description="1 to 365: how long a transfer lives.")
    reminder_days: int | None = Field(None, description="So many days before its end both sides are told; 0: not.")


class TransferSettingsOut(Schema):
    delay_days: int
    reminder_days: int
    version: int


class HeadOfficeSettingsPatch(Given):
    is_automatic: bool = Field(description="Transmissions are loaded as they come; switched on, what waits is loaded.")


class HeadOfficeSettingsOut(Schema):
    is_automatic: bool
    version: int


class AccessRequestSettingsPatch(Given):
    request_days: int = Field(description="1 to 365: how many days a request for access waits for an answer.")


class AccessRequestSettingsOut(Schema):
    request_days: int
    version: int


def _told(shown: type[Schema], response: HttpResponse, choices: Any) -> Any:
    tag(response, choices.version)
    return shown(**{name: getattr(choices, name) for name in shown.model_fields})


def _given(payload: Given) -> dict[str, Any]:
    return {name: value for name, value in payload.model_dump().items() if value is not None}


@router.get("/portal-settings", response=PortalSettingsOut, summary="How the portal is set")
@operation(Right.SETTINGS, module=Module.PORTAL)
def get_portal_settings(request: MemberRequest, response: HttpResponse):
    return _told(PortalSettingsOut, response, PortalSettings.of(request.member.organization_id))


@router.patch("/portal-settings", response=PortalSettingsOut, summary="Set the portal")
@operation(Right.SETTINGS, module=Module.PORTAL)
def patch_portal_settings(request: MemberRequest, response: HttpResponse, payload: PortalSettingsPatch):
    """Whoever opens an access accepts the terms as they read then."""
    version = version_asked(request)
    return _told(
        PortalSettingsOut, response, update_portal_settings(by=request.member, version=version, **_given(payload))
    )


@router.get("/transfer-settings", response=TransferSettingsOut, summary="How file transfers are set")
@operation(Right.SETTINGS)
def get_transfer_settings(request: MemberRequest, response: HttpResponse):
    return _told(TransferSettingsOut, response, TransferSettings.of(request.member.organization_id))


@router.patch("/transfer-settings", response=TransferSettingsOut, summary="Set file transfers")
@operation(Right.SETTINGS)
def patch_transfer_settings(request: MemberRequest, response: HttpResponse, payload: TransferSettingsPatch):
    """Those that are under way keep their day."""
    member, version = request.member, version_asked(request)
    standing = TransferSettings.of(member.organization_id)
    values = {"delay_days": standing.delay_days, "reminder_days": standing.reminder_days} | _given(payload)
    return _told(TransferSettingsOut, response, update_transfer_settings(by=member, version=version, **values))


@router.get("/head-office-settings", response=HeadOfficeSettingsOut, summary="How head office is set")
@operation(Right.SETTINGS, module=Module.MORTGAGE)
def get_head_office_settings(request: MemberRequest, response: HttpResponse):
    return _told(HeadOfficeSettingsOut, response, EnrollmentSettings.of(request.member.organization_id))


@router.patch("/head-office-settings", response=HeadOfficeSettingsOut, summary="Set head office")
@operation(Right.SETTINGS, module=Module.MORTGAGE)
def patch_head_office_settings(request: MemberRequest, response: HttpResponse, payload: HeadOfficeSettingsPatch):
    chosen = update_enrollment_settings(
        by=request.member, version=version_asked(request), is_automatic=payload.is_automatic
    )
    return _told(HeadOfficeSettingsOut, response, chosen)


@router.get(
    "/access-request-settings", response=AccessRequestSettingsOut, summary="How requests for access are set"
)  # fmt: skip
@operation(Right.SETTINGS, module=Module.DELEGATION)
def get_access_request_settings(request: MemberRequest, response: HttpResponse):
    member = request.member
    only_providers(member)
    rules = Rules.objects.filter(organization_id=member.organization_id).first() or Rules()
    return _told(AccessRequestSettingsOut, response, rules)


@router.patch("/access-request-settings", response=AccessRequestSettingsOut, summary="Set requests for access")
@operation(Right.SETTINGS, module=Module.DELEGATION)
def patch_access_request_settings(
    request: MemberRequest, response: HttpResponse, payload: AccessRequestSettingsPatch
):  # fmt: skip
    """Those that wait keep their day."""
    only_providers(request.member)
    rules = set_request_days(by=request.member, days=payload.request_days, version=version_asked(request))
    return _told(AccessRequestSettingsOut, response, rules)
