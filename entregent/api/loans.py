"""Loan applications, « Effectif GRC » of each (`enrollment`), and what head office does with `transmissions`."""

from datetime import date, datetime
from typing import Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, member_user, tag, version_asked
from entregent.api.schemas import Given
from entregent.clients.models import Client
from entregent.enrollment import actions
from entregent.enrollment.models import Applicant, LoanApplication, Transmission
from entregent.organizations.models import Module
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["loan applications"])

MODULE = Module.MORTGAGE
LoanStatus = Literal[
    "in_progress", "submitted", "approved", "declined", "accepted", "ready_to_close", "closed", "payable", "paid",
    "complete", "cancelled",
]  # fmt: skip
State = Literal["none", "pending", "enrolled", "removed"]


class PlaceIn(Given):
    street: str = Field("", max_length=200)
    unit: str = Field("", max_length=100)
    city: str = Field("", max_length=120)
    region: str = Field("", max_length=80)
    postal_code: str = Field("", max_length=16)
    country: str = Field("", max_length=2, description="Two letters; the organization's by default.")


class PlaceOut(Schema):
    street: str
    unit: str
    city: str
    region: str
    postal_code: str
    country: str


class ApplicantIn(Given):
    id: int | None = Field(None, ge=1, le=2**62, description="Of an applicant who is there, to change them.")
    role: Literal["applicant", "co_signer", "guarantor"] = "applicant"
    is_primary: bool = False
    first_name: str = Field("", max_length=100)
    last_name: str = Field(max_length=100)
    birth_date: date | None = None
    email: str = Field("", max_length=254)
    phone: str = Field("", max_length=40)
    address: PlaceIn = Field(default_factory=lambda: PlaceIn.model_validate({}))

    def details(self) -> dict:
        values = self.model_dump(exclude={"address"})
        return values | self.address.model_dump()


class ApplicantChange(ApplicantIn):
    """Of one who is there (`id`) what is left out stays as it is."""

    last_name: str = Field("", max_length=100)

    def over(self, standing: dict[int, Applicant]) -> dict:
        """What was sent, over the applicant as they stand."""
        known = standing.get(self.id or 0)
        if known is None:
            return self.details()
        values = {name: getattr(known, name) for name in self.details() if name != "id"}
        given = self.model_dump(exclude_unset=True, exclude={"address"})
        return values | given | self.address.model_dump(exclude_unset=True)


class ApplicantOut(Schema):
    id: int
    role: str
    is_primary: bool
    first_name: str
    last_name: str
    birth_date: date | None
    email: str
    phone: str
    address: PlaceOut
    enrollment_state: str


class LoanApplicationIn(Given):
    number: str = Field("", max_length=40, description="Given by the product where it is left out.")
    status: LoanStatus = "in_progress"
    agent: str | None = Field(None, description="E-mail address of the agent of record.")
    branch: str = Field("", max_length=80)
    property: PlaceIn = Field(default_factory=lambda: PlaceIn.model_validate({}))
    source_system: str = Field("", max_length=40)
    applicants: list[ApplicantIn] = Field(min_length=1, max_length=12)


class LoanApplicationChange(Given):
    number: str | None = Field(None, max_length=40)
    status: LoanStatus | None = None
    agent: str | None = Field(None, description="E-mail address of the agent of record.")
    branch: str | None = Field(None, max_length=80)
    property: PlaceIn | None = None
    source_system: str | None = Field(None, max_length=40)
    applicants: list[ApplicantChange] | None = Field(
        None, min_length=1, max_length=12,
        description="All of them: of those with an id what is given is changed, others are made.",
    )  # fmt: skip


class LoanApplicationOut(Schema):
    number: str
    status: str
    agent: str | None
    branch: str
    property: PlaceOut
    source_system: str
    applicants: list[ApplicantOut]
    enrollment_state: str
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, application: LoanApplication) -> "LoanApplicationOut":
        names = (
            "number", "status", "branch", "source_system", "enrollment_state", "created_at", "updated_at", "version",
        )  # fmt: skip
        people = [
            ApplicantOut(
                id=one.pk, role=one.role, is_primary=one.is_primary, first_name=one.first_name,
                last_name=one.last_name, birth_date=one.birth_date, email=one.email, phone=one.phone,
                address=PlaceOut(**one.place), enrollment_state=one.enrollment_state,
            )
            for one in application.applicants.all()
        ]  # fmt: skip
        return cls(
            **{name: getattr(application, name) for name in names},
            agent=application.agent.email if application.agent else None,
            property=PlaceOut(**application.place),
            applicants=people,
        )


class LoanApplicationPage(Schema):
    items: list[LoanApplicationOut]
    next: str | None


class EnrollmentIn(Given):
    """What « Effectif GRC » asks. The operation is worked out from `existing`, `selection` and `button`."""

    button: Literal["save", "update"] = Field("save", description="« Enregistrer » or « Mise à jour GRC ».")
    existing: bool = Field(False, description="« Clients GRC actuels »: the client is in the CRM already.")
    selection: Literal["include", "not_selected"] = "not_selected"
    applicants: list[int] = Field([], max_length=12, description="Ids; the primary applicant by default.")
    address_source: Literal["applicant", "property", "other"] = "applicant"
    address: PlaceIn = Field(default_factory=lambda: PlaceIn.model_validate({}), description="Sent with `other` alone.")
    corresponding_agent: str | None = Field(None, description="E-mail address of an agent; yourself by default.")
    remarks: str = Field("", max_length=2000)
    confirmed: bool = Field(False, description="A removal must be confirmed (E-000-CONFIRM).")


class TransmissionOut(Schema):
    number: int
    loan_application: str
    applicant: int
    operation: str
    state: str
    reason: str
    name: str
    birth_date: date | None
    email: str
    phone: str
    address_source: str
    address: PlaceOut
    corresponding_agent: str
    entered_by: str
    remarks: str
    client: str | None
    created_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, one: Transmission) -> "TransmissionOut":
        names = ("number", "operation", "state", "reason", "name", "birth_date", "address_source", "remarks")
        parts = ("street", "unit", "city", "region", "postal_code", "country")
        return cls(
            **{name: getattr(one, name) for name in (*names, "created_at", "decided_at")},
            loan_application=one.application.number,
            applicant=one.applicant_id,
            email=one.payload.get("email", ""),
            phone=one.payload.get("phone", ""),
            address=PlaceOut(**{part: one.place.get(part, "") for part in parts}),
            corresponding_agent=one.corresponding_agent.email,
            entered_by=one.entered_by.email,
            client=one.client.number if one.client is not None else None,
        )


class TransmissionPage(Schema):
    items: list[TransmissionOut]
    next: str | None


class EnrollmentOut(Schema):
    is_draft: bool = Field(description="Nothing was transmitted: the choices are kept.")
    transmissions: list[TransmissionOut]


class LoadingIn(Given):
    client: str | None = Field(None, max_length=40, description="Of a possible duplicate: the client it is, by number.")
    is_new: bool = Field(False, description="Of a possible duplicate: it is somebody else, a new client.")


class RejectionIn(Given):
    reason: str = Field(min_length=1, max_length=300)


def _applications(member, right: Right = Right.LOAN_VIEW):
    records = LoanApplication.objects.visible_to(member, right)
    return records.select_related("agent", "organization").prefetch_related("applicants")


def _transmissions(member, right: Right):
    return Transmission.objects.visible_to(member, right).select_related(
        "application", "applicant__client__merged_into", "corresponding_agent", "entered_by", "client", "organization"
    )


def _one(member, response: HttpResponse, **lookup) -> LoanApplicationOut:
    application = _applications(member).found(**lookup)
    tag(response, application.version)
    return LoanApplicationOut.of(application)


@router.get("/loan-applications", response=LoanApplicationPage, summary="List loan applications, newest first")
@operation(Right.LOAN_VIEW, module=MODULE)
def list_loan_applications(
    request: MemberRequest,
    status: LoanStatus | None = None,
    enrollment_state: State | None = None,
    branch: str | None = Query(None, max_length=80),
    agent: str | None = Query(None, max_length=254),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _applications(request.member)
    asked = {
        "status": status, "enrollment_state": enrollment_state, "branch": branch, "agent__email__iexact": agent,
    }  # fmt: skip
    records = records.filter(**{name: value for name, value in asked.items() if value is not None})
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return LoanApplicationPage(items=[LoanApplicationOut.of(item) for item in items], next=following)


@router.post("/loan-applications", response={201: LoanApplicationOut}, summary="Create a loan application")
@operation(Right.LOAN_EDIT, module=MODULE)
def post_loan_application(request: MemberRequest, response: HttpResponse, payload: LoanApplicationIn):
    member = request.member

    def make():
        return actions.create_application(
            by=member, number=payload.number, status=payload.status, branch=payload.branch,
            agent=member_user(member, payload.agent, field="agent"), place=payload.property.model_dump(),
            source_system=payload.source_system, applicants=[one.details() for one in payload.applicants],
        )  # fmt: skip

    return Status(201, _one(member, response, pk=created_once(request, payload, make)))


@router.get("/loan-applications/{number}", response=LoanApplicationOut, summary="One loan application")
@operation(Right.LOAN_VIEW, module=MODULE)
def get_loan_application(request: MemberRequest, response: HttpResponse, number: str):
    return _one(request.member, response, number=number)


@router.patch("/loan-applications/{number}", response=LoanApplicationOut, summary="Change a loan application")
@operation(Right.LOAN_EDIT, module=MODULE)
def patch_loan_application(
    request: MemberRequest, response: HttpResponse, number: str, payload: LoanApplicationChange
):  # fmt: skip
    """A complete one takes another status alone (E-000-READ-ONLY)."""
    member = request.member
    application = _applications(member, Right.LOAN_EDIT).found(number=number)
    given = payload.model_dump(exclude_unset=True, exclude={"agent", "property", "applicants"})
    changes: dict = {name: value for name, value in given.items() if value is not None}
    if payload.property is not None:
        changes["place"] = application.place | payload.property.model_dump(exclude_unset=True)
    if payload.applicants is not None:
        standing = {one.pk: one for one in application.applicants.all()}
        changes["applicants"] = [one.over(standing) for one in payload.applicants]
    if "agent" in payload.model_fields_set:
        changes["agent"] = member_user(member, payload.agent, field="agent")
    actions.update_application(application, by=member, version=version_asked(request), **changes)
    return _one(member, response, pk=application.pk)


@router.get(
    "/loan-applications/{number}/enrollment", response=TransmissionPage, summary="What was transmitted of one"
)  # fmt: skip
@operation(Right.LOAN_VIEW, module=MODULE)
def get_enrollment(
    request: MemberRequest, number: str, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    application = _applications(request.member).found(number=number)
    records = _transmissions(request.member, Right.LOAN_VIEW).filter(application=application)
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return TransmissionPage(items=[TransmissionOut.of(item) for item in items], next=following)


@router.post(
    "/loan-applications/{number}/enrollment", response={201: EnrollmentOut}, summary="Enrol, update or remove"
)  # fmt: skip
@operation(Right.LOAN_EDIT, module=MODULE)
def post_enrollment(request: MemberRequest, number: str, payload: EnrollmentIn):
    """As « Effectif GRC »: what is done follows from `existing`, `selection` and `button`."""
    member = request.member
    application = _applications(member, Right.LOAN_EDIT).found(number=number)
    first = actions.choices_of(application, member)
    agent = member_user(member, payload.corresponding_agent, field="corresponding_agent") or first.agent
    primary = [one.pk for one in application.applicants.all() if one.is_primary]
    chosen = actions.Choices(
        applicants=payload.applicants or primary, existing=payload.existing, selection=payload.selection,
        address_source=payload.address_source, place=payload.address.model_dump(), agent=agent,
        remarks=payload.remarks,
    )  # fmt: skip
    done = actions.enroll(
        application, by=member, button=payload.button, choices=chosen, is_confirmed=payload.confirmed,
        idempotency_key=request.headers.get("Idempotency-Key"),
    )  # fmt: skip
    keys = [one.pk for one in done.transmissions]
    made = _transmissions(member, Right.LOAN_EDIT).filter(pk__in=keys).order_by("pk")
    return Status(
        201, EnrollmentOut(is_draft=done.is_draft, transmissions=[TransmissionOut.of(one) for one in made])
    )  # fmt: skip


@router.get("/transmissions", response=TransmissionPage, summary="List what came to head office, newest first")
@operation(Right.HEAD_OFFICE, module=MODULE)
def list_transmissions(
    request: MemberRequest,
    state: Literal["waiting", "loaded", "rejected", "possible_duplicate"] | None = None,
    operation: Literal["add", "update", "remove"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _transmissions(request.member, Right.HEAD_OFFICE)
    asked = {"state": state, "operation": operation}
    records = records.filter(**{name: value for name, value in asked.items() if value is not None})
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return TransmissionPage(items=[TransmissionOut.of(item) for item in items], next=following)


@router.get("/transmissions/{int:number}", response=TransmissionOut, summary="One transmission")
@operation(Right.HEAD_OFFICE, module=MODULE)
def get_transmission(request: MemberRequest, number: int):
    return TransmissionOut.of(_transmissions(request.member, Right.HEAD_OFFICE).found(number=number))


@router.post("/transmissions/{int:number}/loading", response={201: TransmissionOut}, summary="Load a transmission")
@operation(Right.HEAD_OFFICE, module=MODULE)
def post_loading(request: MemberRequest, number: int, payload: LoadingIn):
    """Once, however often it is asked. Of a possible duplicate `client` or `is_new` decides."""
    member = request.member
    transmission = _transmissions(member, Right.HEAD_OFFICE).found(number=number)
    decision: Client | str | None = actions.NEW if payload.is_new else None
    if payload.client is not None:
        if payload.is_new:
            raise Refusal("E-000-DECISION", _("Un client, ou un nouveau : pas les deux."), field="client")
        among = {one.number: one for one in actions.candidates_of(transmission)}
        if payload.client not in among:
            raise NotFound
        decision = among[payload.client]
    created_once(request, payload, lambda: actions.load(transmission, by=member, decision=decision))
    return Status(201, TransmissionOut.of(_transmissions(member, Right.HEAD_OFFICE).found(number=number)))


@router.post("/transmissions/{int:number}/rejection", response={201: TransmissionOut}, summary="Reject a transmission")
@operation(Right.HEAD_OFFICE, module=MODULE)
def post_rejection(request: MemberRequest, number: int, payload: RejectionIn):
    member = request.member
    transmission = _transmissions(member, Right.HEAD_OFFICE).found(number=number)
    created_once(request, payload, lambda: actions.reject(transmission, by=member, reason=payload.reason))
    return Status(201, TransmissionOut.of(_transmissions(member, Right.HEAD_OFFICE).found(number=number)))
