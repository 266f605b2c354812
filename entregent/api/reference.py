"""Topics and sectors: what other records point at."""

from ninja import Query, Router

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.schemas import SectorOut, SectorPage, TopicOut, TopicPage
from entregent.interactions.models import Topic
from entregent.organizations.models import Sector

router = Router(tags=["reference"])


@router.get("/topics", response=TopicPage, summary="List topics")
@operation(Right.INTERACTION_VIEW)
def list_topics(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = Topic.objects.filter(organization_id=request.member.organization_id)
    items, following = page(records, order=["position", "id"], cursor=cursor, limit=limit)
    return TopicPage(
        items=[TopicOut(**{name: getattr(topic, name) for name in TopicOut.model_fields}) for topic in items],
        next=following,
    )


@router.get("/sectors", response=SectorPage, summary="List sectors")
@operation(Right.CLIENT_VIEW)
def list_sectors(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = Sector.objects.filter(organization_id=request.member.organization_id).select_related("parent")
    items, following = page(records, order=["code", "id"], cursor=cursor, limit=limit)
    return SectorPage(
        items=[
            SectorOut(code=s.code, name=s.name, level=s.level, parent=s.parent.code if s.parent else None)
            for s in items
        ],
        next=following,
    )
