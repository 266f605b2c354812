"""Data in: imports as jobs; saved views."""

import hashlib
import tempfile
from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.files.base import File as DjangoFile
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.contract import FILE
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, one_of, tag, unchanged, version_asked
from entregent.api.schemas import Given, Nothing, Page
from entregent.exchange import actions, rejects
from entregent.exchange.fields import KINDS
from entregent.exchange.mapping import from_yaml
from entregent.exchange.models import Import, ImportMapping, ImportRow
from entregent.jobs.actions import cancel_job
from entregent.jobs.models import Job
from entregent.listing.actions import delete_view, save_view, update_view, visible_views
from entregent.listing.lists import lists
from entregent.listing.models import View
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["data"])

ImportKind = Literal[
    "sectors", "topics", "clients", "people", "addresses", "contracts", "business-objects", "interactions",
    "business-accounts", "relationships", "groups", "loan-applications",
]  # fmt: skip
Codes = Annotated[list[str], Field(max_length=100, description="Codes of columns.")]
FORMS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "vcf": "text/vcard; charset=utf-8",
}


class ImportIn(Given):
    kind: ImportKind
    mapping: str = Field("", max_length=1_000_000, description="YAML; by the names of the columns when left out.")


class RunIn(Given):
    on_duplicate: Literal["reject", "create", "update"] = "reject"


class ImportOut(Schema):
    id: int
    kind: str
    filename: str
    state: str = Field(examples=["checked"], description="`checked`: the dry run is done, `POST …/run` carries it out.")
    columns: list[str]
    mapping: dict[str, Any]
    rows_read: int
    counts: dict[str, int] = Field(description="Rows by what would be, or was, done with them.")
    error: str
    job: int | None = Field(description="Id of the job at work or the last one.")
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None

    @classmethod
    def of(cls, batch: Import) -> "ImportOut":
        plain = ("kind", "filename", "state", "mapping", "rows_read", "error", "created_at", "applied_at", "undone_at")
        counts = {name: value for name, value in batch.counts.items() if isinstance(value, int)}
        told = {name: getattr(batch, name) for name in plain}
        return cls(id=batch.pk, columns=batch.header, counts=counts, job=batch.job_id, **told)


class ImportPage(Page):
    items: list[ImportOut]


class ImportRowOut(Schema):
    line: int
    verdict: Literal["create", "update", "unchanged", "duplicate", "reject"]
    reason: str
    cells: list[str]


class ImportRowPage(Page):
    items: list[ImportRowOut]


class MappingIn(Given):
    name: str = Field(max_length=80, examples=["Facturation, export du mois"])


class MappingOut(Schema):
    id: int
    kind: str = Field(examples=["clients"])
    name: str
    mapping: dict[str, Any] = Field(description="Given as `mapping` of an import, it serves as it is.")


class MappingPage(Page):
    items: list[MappingOut]


class ViewIn(Given):
    list: str = Field(max_length=60, examples=["clients"])
    name: str = Field(max_length=80, examples=["Prospects du Nord"])
    filter: Any = Field(None, examples=[["status", "is", "prospect"]])
    q: str = Field("", max_length=200)
    columns: Codes = []
    sort: str = Field("", max_length=80)
    is_shared: bool = False


class ViewPatch(Given):
    """Only what is given is changed."""

    name: str | None = Field(None, max_length=80)
    filter: Any = Field(None, examples=[["status", "is", "prospect"]])
    q: str | None = Field(None, max_length=200)
    columns: Codes | None = None
    sort: str | None = Field(None, max_length=80)
    is_shared: bool | None = None


class ViewOut(Schema):
    id: int
    list: str
    name: str
    owner: str = Field(description="E-mail address.")
    is_shared: bool
    filter: Any
    q: str
    columns: Codes
    sort: str
    version: int

    @classmethod
    def of(cls, view: View) -> "ViewOut":
        return cls(
            id=view.pk, list=view.list_code, name=view.name, owner=view.owner.email, is_shared=view.is_shared,
            filter=view.condition, q=view.text, columns=view.column_codes, sort=view.sort, version=view.version,
        )  # fmt: skip


class ViewPage(Page):
    items: list[ViewOut]


# ——— Imports ———


def _imports(member: Membership):
    """Who imports for the whole organization sees all imports, others their own: the rows show what they hold."""
    batches = Import.objects.filter(organization_id=member.organization_id)
    return batches if member.reach.is_whole(Right.DATA_IMPORT) else batches.filter(created_by_id=member.user_id)


def _import(member: Membership, import_id: int) -> Import:
    batch = one_of(_imports(member), import_id)
    actions.check_rights(batch.kind, member)
    return batch


@router.get("/imports", response=ImportPage, summary="List imports, newest first")
@operation(Right.DATA_IMPORT)
def list_imports(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    items, following = page(_imports(request.member), order=["-id"], cursor=cursor, limit=limit)
    return ImportPage(items=[ImportOut.of(one) for one in items], next=following)


@router.post("/imports", response={202: ImportOut}, summary="Send a file, and try it out")
@operation(Right.DATA_IMPORT)
def post_import(request: MemberRequest, payload: Form[ImportIn], file: File[UploadedFile]):
    """CSV or XLSX. The dry run begins at once: nothing but the plan is written before `POST /imports/<id>/run`."""
    member = request.member
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)

    def make() -> Import:
        file.seek(0)
        batch = actions.create_import(
            by=member, kind=payload.kind, file=DjangoFile(file.file), filename=file.name or "import"
        )
        chosen = from_yaml(payload.mapping) if payload.mapping else actions.mapping_of(batch)
        actions.set_mapping(batch, by=member, mapping=chosen)
        actions.start_check(batch, by=member)
        return batch

    made = created_once(request, payload, make, besides=digest.hexdigest())
    return Status(202, ImportOut.of(_import(member, made)))


@router.get("/imports/{int:import_id}", response=ImportOut, summary="How far an import is")
@operation(Right.DATA_IMPORT)
def get_import(request: MemberRequest, import_id: int):
    return ImportOut.of(_import(request.member, import_id))


@router.get("/imports/{int:import_id}/rows", response=ImportRowPage, summary="What becomes of each row")
@operation(Right.DATA_IMPORT)
def list_import_rows(
    request: MemberRequest,
    import_id: int,
    verdict: Literal["create", "update", "unchanged", "duplicate", "reject"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    rows = ImportRow.objects.filter(batch=_import(request.member, import_id))
    if verdict is not None:
        rows = rows.filter(verdict=verdict)
    items, following = page(rows, order=["line"], cursor=cursor, limit=limit)
    told = [
        ImportRowOut(line=one.line, verdict=one.verdict, reason=one.reason, cells=[str(cell) for cell in one.raw])
        for one in items
    ]
    return ImportRowPage(items=told, next=following)


def _mapping_out(kept: ImportMapping) -> MappingOut:
    return MappingOut(id=kept.pk, kind=kept.kind, name=kept.name, mapping=kept.mapping)


@router.post("/imports/{int:import_id}/mapping", response={201: MappingOut}, summary="Keep the mapping of an import")
@operation(Right.DATA_IMPORT)
def post_mapping(request: MemberRequest, import_id: int, payload: MappingIn):
    """By name, for the next file with the same columns, which takes it by itself; a name again replaces it."""
    member = request.member
    batch = _import(member, import_id)
    made = created_once(request, payload, lambda: actions.save_mapping(batch, by=member, name=payload.name))
    return Status(201, _mapping_out(one_of(_mappings(member), made)))


def _mappings(member: Membership) -> QuerySet[ImportMapping]:
    """Of the kinds that are offered to the member."""
    kinds = [kind.name for kind in KINDS.values() if kind.is_offered_to(member)]
    return ImportMapping.objects.filter(organization_id=member.organization_id, kind__in=kinds)


@router.get("/import-mappings", response=MappingPage, summary="List mappings that were kept")
@operation(Right.DATA_IMPORT)
def list_mappings(
    request: MemberRequest,
    kind: ImportKind | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _mappings(request.member)
    if kind is not None:
        records = records.filter(kind=kind)
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return MappingPage(items=[_mapping_out(one) for one in items], next=following)


@router.post("/imports/{int:import_id}/run", response={202: ImportOut}, summary="Carry an import out")
@operation(Right.DATA_IMPORT)
def post_import_run(request: MemberRequest, import_id: int, payload: RunIn):
    """`on_duplicate` says what becomes of probable duplicates."""
    member = request.member
    batch = _import(member, import_id)

    def make() -> Import:
        actions.start_import(batch, by=member, on_duplicate=payload.on_duplicate)
        return batch

    created_once(request, payload, make)
    return Status(202, ImportOut.of(_import(member, import_id)))


@router.post("/imports/{int:import_id}/undo", response={202: ImportOut}, summary="Take an import back")
@operation(Right.DATA_IMPORT)
def post_import_undo(request: MemberRequest, import_id: int, payload: Nothing):
    """Except what somebody has touched since."""
    member = request.member
    batch = _import(member, import_id)

    def make() -> Import:
        actions.start_undo(batch, by=member)
        return batch

    created_once(request, payload, make)
    return Status(202, ImportOut.of(_import(member, import_id)))


@router.post("/imports/{int:import_id}/stop", response={202: ImportOut}, summary="Stop an import")
@operation(Right.DATA_IMPORT)
def post_import_stop(request: MemberRequest, import_id: int, payload: Nothing):
    member = request.member
    batch = _import(member, import_id)
    job = one_of(Job.objects.filter(organization_id=member.organization_id), batch.job_id or 0)
    created_once(request, payload, lambda: actions.stop_import(batch, by=member, job=cancel_job(job, by=member)))
    return Status(202, ImportOut.of(_import(member, import_id)))


@router.get("/imports/{int:import_id}/rejects", summary="The rejected rows as a file", openapi_extra=FILE)
@operation(Right.DATA_IMPORT)
def get_rejects(request: MemberRequest, import_id: int) -> HttpResponseBase:
    """In the form of the file that came, with the reason of each row."""
    batch = _import(request.member, import_id)
    if not batch.format:
        raise NotFound
    form = "xlsx" if batch.format["kind"] == "xlsx" else "csv"
    return _file(f"rejets-{batch.pk}.{form}", form, rejects.pieces(batch))


@router.delete("/imports/{int:import_id}", response={204: None}, summary="Forget an import that changed nothing")
@operation(Right.DATA_IMPORT)
def delete_import(request: MemberRequest, import_id: int):
    actions.discard_import(_import(request.member, import_id), by=request.member)
    return Status(204, None)


def _file(name: str, form: str, pieces) -> HttpResponseBase:
    """Written down first: nothing is read after the guard has left."""
    into = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    for piece in pieces:
        into.write(piece)
    return _answer(into, name, form)


def _answer(into, name: str, form: str) -> FileResponse:
    into.seek(0)
    return FileResponse(into, as_attachment=True, filename=name, content_type=FORMS[form])


# ——— Views ———


def _view(member: Membership, view_id: int) -> View:
    return one_of(visible_views(member), view_id)


def _told_view(view: View, response: HttpResponse) -> ViewOut:
    tag(response, view.version)
    return ViewOut.of(view)


@router.get("/views", response=ViewPage, summary="List saved views")
@operation(Right.CLIENT_VIEW)
def list_views(
    request: MemberRequest,
    list: str | None = Query(None, description="Code of a list.", examples=["clients"]),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """Your own and those that are shared."""
    items, following = page(visible_views(request.member, list), order=["id"], cursor=cursor, limit=limit)
    return ViewPage(items=[ViewOut.of(one) for one in items], next=following)


@router.post("/views", response={201: ViewOut}, summary="Save a view")
@operation(Right.CLIENT_VIEW)
def post_view(request: MemberRequest, response: HttpResponse, payload: ViewIn):
    member = request.member
    if payload.list not in lists(member):
        raise Refusal("E-CHOICE", _("Cette liste n'existe pas."), field="list")

    def make() -> View:
        return save_view(
            by=member, list_code=payload.list, name=payload.name, condition=payload.filter, text=payload.q,
            columns=payload.columns, sort=payload.sort, is_shared=payload.is_shared,
        )  # fmt: skip

    return Status(201, _told_view(_view(member, created_once(request, payload, make)), response))


@router.get("/views/{int:view_id}", response=ViewOut, summary="One saved view")
@operation(Right.CLIENT_VIEW)
def get_view(request: MemberRequest, response: HttpResponse, view_id: int):
    return _told_view(_view(request.member, view_id), response)


@router.patch("/views/{int:view_id}", response=ViewOut, summary="Change a saved view")
@operation(Right.CLIENT_VIEW)
def patch_view(request: MemberRequest, response: HttpResponse, view_id: int, payload: ViewPatch):
    version = version_asked(request)
    given = payload.model_dump(exclude_unset=True)
    names = {"filter": "condition", "q": "text"}
    changes = {names.get(name, name): given[name] for name in given if given[name] is not None or name == "filter"}
    update_view(_view(request.member, view_id), by=request.member, version=version, **changes)
    return _told_view(_view(request.member, view_id), response)


@router.delete("/views/{int:view_id}", response={204: None}, summary="Delete a saved view")
@operation(Right.CLIENT_VIEW)
def remove_view(request: MemberRequest, view_id: int):
    view = _view(request.member, view_id)
    unchanged(request, view)
    delete_view(view, by=request.member)
    return Status(204, None)
