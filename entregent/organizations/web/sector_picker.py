"""The tree of sectors on pages: one level at a time, or what a search finds. 10,000 sectors open as fast as ten."""

from django.db.models import Exists, F, OuterRef, Q

from entregent.access.guard import MemberRequest
from entregent.organizations.models import Sector

LEVEL = 200


def _with_children(sectors):
    below = Sector.objects.filter(organization_id=OuterRef("organization_id"), parent_id=OuterRef("pk"))
    return sectors.annotate(has_children=Exists(below))


def sector_level(organization_id: int, parent_id: int | None, after: str = "") -> tuple[list[Sector], str]:
    """The sectors right below `parent_id` (None: at the top) after the code `after`, and the code to go on from."""
    level = Sector.objects.filter(organization_id=organization_id, parent_id=parent_id)
    if after:
        level = level.filter(code__gt=after)
    rows = list(_with_children(level).order_by("code")[: LEVEL + 1])
    return rows[:LEVEL], rows[LEVEL - 1].code if len(rows) > LEVEL else ""


def search_sectors(organization_id: int, query: str) -> list[Sector]:
    """By code or name, with the names of what stands above in `above`."""
    found = Sector.objects.filter(organization_id=organization_id)
    for word in query.split():
        found = found.filter(Q(code__istartswith=word) | Q(name__unaccent__icontains=word))
    rows = list(_with_children(found).annotate(above_name=F("parent__name")).order_by("code")[:50])
    return name_those_above(rows)


def name_those_above(rows: list[Sector]) -> list[Sector]:
    """Puts « France › Ain » into `above` of each; one query for all."""
    ids = {int(one) for row in rows for one in row.path.strip("/").split("/")[:-1]}
    names = dict(Sector.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    for row in rows:
        row.above = " › ".join(names.get(int(one), "") for one in row.path.strip("/").split("/")[:-1])
    return rows


def sector_choices(request: MemberRequest, chosen: str | None) -> dict:
    """What the picker shows: hits of `secteur`, or the level under `sous`, or the top; and the one chosen already."""
    organization_id = request.member.organization_id
    query = request.GET.get("secteur", "").strip()[:100]
    under = request.GET.get("sous", "")
    after = request.GET.get("apres", "")[:40]
    parent = _numbered(organization_id, under)
    if query:
        rows, more = search_sectors(organization_id, query), ""
    else:
        rows, more = sector_level(organization_id, parent.pk if parent is not None else None, after)
    return {
        "sector_rows": rows,
        "sector_query": query,
        "sector_under": parent,
        "sector_more": more,
        "sector_chosen": _numbered(organization_id, chosen or ""),
    }


def _numbered(organization_id: int, text: str) -> Sector | None:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return Sector.objects.filter(organization_id=organization_id, pk=int(text)).first()
