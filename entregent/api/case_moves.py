"""What was done to cases taken back: merges, documents that were taken off; contacts that become cases of their own."""

from datetime import datetime

from django.http import HttpResponse
from ninja import Query, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.case_work import MODULE, DocumentOut, router
from entregent.api.cases import CaseOut, answer, cases_of
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, one_of
from entregent.api.schemas import Nothing, Page
from entregent.cases import actions
from entregent.cases.models import Case, CaseDocument, CaseMerge
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership


class CaseMergeOut(Schema):
    id: int
    other: int = Field(description="Number of the case that became a part of this one.")
    merged_at: datetime
    merged_by: str | None = Field(description="E-mail address.")
    undone_at: datetime | None

    @classmethod
    def of(cls, one: CaseMerge) -> "CaseMergeOut":
        return cls(
            id=one.pk, other=one.loser.number, merged_at=one.merged_at, undone_at=one.undone_at,
            merged_by=one.merged_by.email if one.merged_by else None,
        )  # fmt: skip


class CaseMergePage(Page):
    items: list[CaseMergeOut]


def _merges(member: Membership, number: int, right: Right):
    """Of which both cases are within reach."""
    reached = Case.objects.visible_to(member, right)
    winner = reached.found(number=number)
    return CaseMerge.objects.filter(winner=winner, loser__in=reached.order_by().values("pk"))


@router.get("/cases/{int:number}/merges", response=CaseMergePage, summary="List what was merged into a case")
@operation(Right.CASE_VIEW, module=MODULE)
def list_merges(request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    merges = _merges(request.member, number, Right.CASE_VIEW).select_related("loser", "merged_by")
    items, following = page(merges, order=["id"], cursor=cursor, limit=limit)
    return CaseMergePage(items=[CaseMergeOut.of(one) for one in items], next=following)


@router.post("/cases/{int:number}/merges/{int:key}/undo", response=CaseOut, summary="Take a merge of cases back")
@operation(Right.CASE_MERGE, module=MODULE)
def post_merge_undo(request: MemberRequest, response: HttpResponse, number: int, key: int, payload: Nothing):
    """Answers the case that is one again. What was done since stays where it was done."""
    member = request.member
    named = ("winner__organization", "winner__client", "loser__organization", "loser__client")
    merge = one_of(_merges(member, number, Right.CASE_MERGE).select_related(*named), key)
    created_once(request, payload, lambda: actions.undo_case_merge(merge, by=member))
    return answer(member, response, merge.loser.number)


@router.post(
    "/cases/{int:number}/contacts/{int:interaction}/split", response={201: CaseOut},
    summary="Make a case of its own of a contact",
)  # fmt: skip
@operation(Right.CASE_EDIT, module=MODULE)
def post_split(request: MemberRequest, response: HttpResponse, number: int, interaction: int, payload: Nothing):
    """The contact leaves this case; the two are linked."""
    member = request.member
    case = cases_of(member, Right.CASE_EDIT).select_related("organization").found(number=number)
    seen = Interaction.objects.visible_to(member, Right.INTERACTION_VIEW).select_related("client", "person")
    found = seen.found(number=interaction)
    made = created_once(request, payload, lambda: actions.split_interaction(case, found, by=member))
    return Status(201, answer(member, response, cases_of(member).found(pk=made).number))


@router.post("/cases/{int:number}/split/undo", response=CaseOut, summary="Put a contact back that was split off")
@operation(Right.CASE_EDIT, module=MODULE)
def post_split_undo(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    """Of the case that was made so, which goes; answers the first one. One that has served since is refused (409)."""
    member = request.member
    # Asked again with its key, it is gone already.
    known = Case.objects.visible_to(member, Right.CASE_EDIT).select_related("organization", "client")
    gone = Case.objects.visible_to(member, Right.CASE_EDIT, deleted=True)
    case = known.filter(number=number).first() or gone.found(number=number)
    made = created_once(request, payload, lambda: actions.undo_split(case, by=member))
    return answer(member, response, cases_of(member).found(pk=made).number)


@router.post(
    "/cases/{int:number}/documents/{int:key}/restoration", response=DocumentOut, summary="Put a document back"
)  # fmt: skip
@operation(Right.CASE_EDIT, module=MODULE)
def restore_document(request: MemberRequest, number: int, key: int, payload: Nothing):
    """With its newer versions that went with it."""
    member = request.member
    case = cases_of(member, Right.CASE_EDIT).found(number=number)
    document = one_of(CaseDocument.with_removed.filter(case=case).select_related("case"), key)

    def make() -> CaseDocument:
        actions.restore_case_document(document, by=member)
        return document

    created_once(request, payload, make)
    return DocumentOut.of(one_of(CaseDocument.objects.filter(case=case).select_related("file"), key))
