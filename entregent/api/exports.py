"""Lists as files: at once, or by a job where they are long."""

import tempfile
from typing import Any, Literal

from django.http import FileResponse
from django.http.response import HttpResponseBase
from ninja import Query, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.bulk import JobOut, own_job
from entregent.api.contract import FILE
from entregent.api.exchange import FORMS, Codes, router
from entregent.api.guard import operation
from entregent.api.requests import created_once, one_of, readable
from entregent.api.schemas import Given
from entregent.exchange.list_files import ask_for_list, check_format, list_file, write_list
from entregent.exchange.lists import ListExport
from entregent.jobs.models import Job

Format = Literal["csv", "xlsx", "vcf"]


class ExportIn(Given):
    """What is left out stands as the view has it, else as the member last saw the list."""

    format: Format = "csv"
    view: int | None = Field(None, description="Id of a view.", ge=1, le=2**62)
    filter: Any = Field(None, description="Criteria in the format of views.", examples=[["status", "is", "prospect"]])
    q: str | None = Field(None, max_length=200)
    sort: str = Field("", max_length=80)
    columns: Codes = []


@router.get("/exports/{str:list_code}", summary="A list as a file", openapi_extra=FILE)
@operation(Right.DATA_EXPORT)
def get_export(
    request: MemberRequest,
    list_code: str,
    format: Format = "csv",
    view: int | None = Query(None, description="Id of a view."),
    filter: str | None = Query(None, description="Criteria as JSON, in the format of views."),
    q: str | None = None,
    sort: str = Query("", max_length=80),
    columns: str = Query("", max_length=2000, description="Codes of columns, separated by commas."),
) -> HttpResponseBase:
    """What the member sees of it, within their right to export; the journal says who took what out. A list that takes
    more than some seconds is better asked for by `POST`."""
    export = ListExport.of(
        request.member,
        list_code=list_code,
        view_id=view,
        condition=readable(filter) if filter else None,
        text=q,
        sort=sort,
        columns=[code for code in columns.split(",") if code],
    )
    check_format(export, format)
    export.journaled(format)
    # Written down first: nothing is read after the guard has left.
    into = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    write_list(export, format, into)
    into.seek(0)
    return _answer(into, f"{export.definition.code}.{format}", format)


@router.post("/exports/{str:list_code}", response={202: JobOut}, summary="Have a list made into a file by a job")
@operation(Right.DATA_EXPORT)
def post_export(request: MemberRequest, list_code: str, payload: ExportIn):
    """The same as at once, however many rows: once `GET /jobs/<id>` says `done`, `GET /jobs/<id>/file` gives it."""
    member = request.member

    def make() -> Job:
        return ask_for_list(
            by=member, list_code=list_code, form=payload.format, view_id=payload.view, condition=payload.filter,
            text=payload.q, sort=payload.sort, columns=payload.columns,
        )  # fmt: skip

    return Status(202, own_job(member, created_once(request, payload, make)))


@router.get("/jobs/{int:job_id}/file", summary="The file that a job has made for you", openapi_extra=FILE)
@operation(Right.DATA_EXPORT)
def get_job_file(request: MemberRequest, job_id: int) -> HttpResponseBase:
    """Two days long, for whoever asked for it."""
    job = one_of(Job.objects.filter(organization_id=request.member.organization_id), job_id)
    name, form, content = list_file(job, by=request.member)
    return _answer(content, name, form)


def _answer(content: Any, name: str, form: str) -> FileResponse:
    answer = FileResponse(content, as_attachment=True, filename=name, content_type=FORMS[form])
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
