"""The tree of sectors: see, create, rename, move, delete what nothing uses."""

from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations import actions
from entregent.organizations.models import Sector
from entregent.organizations.scopes import find
from entregent.organizations.web.administration import address, refused_at, render_administration, with_version
from entregent.organizations.web.forms import SectorForm, both_versions
from entregent.organizations.web.sector_picker import name_those_above, sector_choices
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, see

KEEP = "keep"


def _sector(request: MemberRequest, pk: int) -> Sector:
    sector = (
        Sector.objects.select_related("parent", "organization")
        .filter(organization_id=request.member.organization_id, pk=pk)
        .first()
    )
    if sector is None:
        raise NotFound
    return sector


def _trail(sector: Sector | None) -> list[Sector]:
    """From the top down to `sector`."""
    if sector is None:
        return []
    ids = [int(one) for one in sector.path.strip("/").split("/")]
    found = Sector.objects.in_bulk(ids)
    return [found[one] for one in ids if one in found]


@requires(Right.SECTORS)
def sectors(request: MemberRequest) -> HttpResponse:
    context = sector_choices(request, None)
    context["trail"] = _trail(context["sector_under"])
    return render_administration(request, "organizations/sectors.html", context, fragment="rows")


@requires(Right.SECTORS)
def sector_create(request: MemberRequest) -> HttpResponse:
    form = SectorForm(request.POST or None)
    context = sector_choices(request, request.POST.get("sector", request.GET.get("sector", "")))
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("code", "name", "level")}
        try:
            created = actions.create_sector(
                organization=request.member.organization, parent=_parent(request), by=request.member, **values
            )
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            toast = _("Secteur « %(name)s » créé.") % {"name": created.name}
            return see(request, _level_of(request, created), toast=toast)
    context |= {"form": form, "sector": None, "picked": context["sector_chosen"], "reasons": []}
    if request.method != "POST":
        return render_administration(request, "organizations/sector.html", context, fragment="choices")
    return render_administration(request, "organizations/sector.html", context, status=422)


def _parent(request: MemberRequest) -> Sector | None:
    chosen = request.POST.get("sector", "").strip()
    if not chosen:
        return None
    found = find(request.member, chosen)
    if found is None:
        raise NotFound
    return _sector(request, found)


def _level_of(request: MemberRequest, sector: Sector) -> str:
    page = address(request, "sectors")
    return f"{page}?sous={sector.parent_id}" if sector.parent_id else page


@requires(Right.SECTORS)
def sector(request: MemberRequest, pk: int) -> HttpResponse:
    shown = _sector(request, pk)
    if request.method != "POST":
        return _sector_page(request, shown, SectorForm.of(shown))
    form = SectorForm(request.POST)
    if form.is_valid():
        changes = {name: form.cleaned_data[name] for name in ("code", "name", "level")}
        try:
            if request.POST.get("sector", KEEP) != KEEP:
                changes["parent"] = _parent(request)
            saved = actions.update_sector(
                shown, by=request.member, version=form.cleaned_data["version"] or 0, **changes
            )
        except Stale as refusal:
            form = SectorForm(with_version(request, refusal.current.version))
            form.is_valid()
            versions = both_versions(form, SectorForm.of(refusal.current))
            return _sector_page(request, shown, form, versions=versions, refusal=refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, _level_of(request, saved), toast=_("Secteur enregistré."))
    return _sector_page(request, shown, form, status=422)


def _sector_page(request, shown, form, *, versions=(), refusal=None, status=200) -> HttpResponse:
    name_those_above([shown])
    context = sector_choices(request, request.POST.get("sector", request.GET.get("sector", "")))
    context |= {
        "sector": shown, "form": form, "versions": list(versions), "refusal": refusal,
        "picked": context["sector_chosen"], "reasons": actions.why_sector_stays(shown),
    }  # fmt: skip
    return render_administration(request, "organizations/sector.html", context, fragment="choices", status=status)


@requires(Right.SECTORS)
def sector_delete(request: MemberRequest, pk: int) -> HttpResponse:
    shown = _sector(request, pk)
    if request.method != "POST":
        return see(request, address(request, "sector", pk=pk))
    back = _level_of(request, shown)
    try:
        actions.delete_sector(shown, by=request.member)
    except Refusal as refusal:
        return refused_at(request, address(request, "sector", pk=pk), refusal)
    return see(request, back, toast=_("Secteur « %(name)s » supprimé.") % {"name": shown.name})
