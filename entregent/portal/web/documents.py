"""« Documents »: the files of what was published."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from entregent.documents.web.answers import file_answer
from entregent.interactions.publication import published_files
from entregent.portal.guard import PortalRequest, portal_page
from entregent.portal.web.pages import render
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id

SHOWN = 50


@portal_page
@require_safe
def documents(request: PortalRequest) -> HttpResponse:
    files = published_files(request.visitor.access)
    before = as_id(request.GET.get("avant", ""))
    if before is not None:
        files = files.filter(pk__lt=before)
    found = list(files[: SHOWN + 1])
    following = found[SHOWN - 1].pk if len(found) > SHOWN else None
    context = {"here": "documents", "files": found[:SHOWN], "following": following}
    return render(request, "portal/documents.html", context)


@portal_page
@require_safe
def document(request: PortalRequest, pk: int) -> HttpResponseBase:
    """One file, for whoever sees the entry that it came with."""
    for access in request.visitor.accesses:
        found = published_files(access).filter(pk=pk).first()
        if found is not None:
            return file_answer(found.file)
    raise NotFound
