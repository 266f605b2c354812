"""« Courriers à imprimer »: the letters that wait, and the printings with their PDFs."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.documents import print_actions
from entregent.documents.models import Letter, PrintBatch
from entregent.documents.web.answers import file_answer
from entregent.documents.web.places import at
from entregent.jobs.models import Job
from entregent.organizations.models import Module
from entregent.organizations.web.administration import refused_at
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

PAGE = 100
# Counted no further.
MOST_COUNTED = 10_000


@require_GET
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_list(request):
    after = as_id(request.GET.get("apres", "")) or 0
    waiting = print_actions.waiting(request.member)
    rows = list(waiting.filter(pk__gt=after).select_related("client", "created_by", "file").order_by("pk")[: PAGE + 1])
    count = waiting.order_by()[: MOST_COUNTED + 1].count()
    context = {
        "letters": rows[:PAGE],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "waiting": min(count, MOST_COUNTED),
        "is_more": count > MOST_COUNTED,
        "batches": list(_batches(request)[:10]),
    }
    return render(request, "documents/letters.html", context)


@require_POST
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def print_create(request):
    """Those that are ticked, or all that wait."""
    ids = None
    if request.POST.get("tout") != "1":
        ids = [one for text in request.POST.getlist("courrier")[:1000] if (one := as_id(text)) is not None]
    try:
        batch = print_actions.print_letters(by=request.member, ids=ids)
    except Refusal as refusal:
        return refused_at(request, at("letters", request.member), refusal)
    toast = ngettext("%(n)s courrier part à l’impression.", "%(n)s courriers partent à l’impression.", batch.count)
    return see(request, at("batch", request.member, pk=batch.pk), toast=toast % {"n": batch.count})


@require_GET
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_file(request, pk):
    return file_answer(_letter(request, pk).file)


@require_POST
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def letter_set_aside(request, pk):
    url = at("letters", request.member)
    try:
        print_actions.set_letter_aside(_letter(request, pk), by=request.member)
    except NotFound:
        raise
    except Refusal as refusal:
        return refused_at(request, url, refusal)
    return see(request, url, toast=_("Courrier retiré de l’impression."))


@require_GET
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def batch_detail(request, pk):
    """One's own printing: how far it is, asked again while it works, and its PDFs."""
    batch = _batch(request, pk)
    job = Job.objects.filter(pk=batch.job_id or 0, organization_id=request.member.organization_id).first()
    context = {"batch": batch, "job": job, "parts": list(batch.parts.select_related("file"))}
    return render(request, "documents/batch.html", context, fragment="progress")


@require_GET
@requires(Right.DOCUMENT_WRITE, module=Module.CASEWORK)
def batch_part(request, pk, number):
    part = _batch(request, pk).parts.select_related("file").filter(number=number).first()
    if part is None:
        raise NotFound
    return file_answer(part.file)


def _letter(request, pk: int) -> Letter:
    return Letter.objects.visible_to(request.member, Right.DOCUMENT_WRITE).select_related("file").found(pk=pk)


def _batches(request):
    """A printing holds what its author could see: it is theirs alone."""
    return PrintBatch.objects.filter(organization_id=request.member.organization_id, created_by=request.member.user_id)


def _batch(request, pk: int) -> PrintBatch:
    found = _batches(request).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
