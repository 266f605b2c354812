"""Printing many letters: those that wait become PDFs to be sent to the printer, by a job."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.documents.models import Letter, PrintBatch
from entregent.jobs.actions import start_job
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal

JOB = "documents.print_batch"
# Of one printing.
MOST = 100_000


def waiting(member: Membership):
    """The letters that wait for a printing and that the member may print."""
    return Letter.objects.visible_to(member, Right.DOCUMENT_WRITE).filter(batch__isnull=True)


@transaction.atomic
def print_letters(*, by: Membership, ids: Collection[int] | None = None) -> PrintBatch:
    """Prints these letters, or all that wait (at most 100,000): one PDF for each thousand, made by a job.

    What is written after this waits for the next printing.
    """
    chosen = waiting(by)
    if ids is not None:
        chosen = chosen.filter(pk__in=ids)
    last = chosen.order_by("-pk").values_list("pk", flat=True).first()
    if last is None:
        raise Refusal("E-001-NOTHING", _("Aucun courrier n’attend."), status=409)
    count = chosen.order_by()[:MOST].count()
    record("print_letters", by=by, count=count)
    batch = PrintBatch.objects.create(organization_id=by.organization_id, created_by_id=by.user_id, count=count)
    label = ngettext("Impression de %(n)s courrier", "Impression de %(n)s courriers", count) % {"n": count}
    data = {"batch": batch.pk, "until": last, "ids": sorted(ids) if ids is not None else None}
    job = start_job(by=by, kind=JOB, label=label, data=data, total=count)
    batch.job_id = job.pk
    batch.save(update_fields=["job_id"])
    return batch


@transaction.atomic
def set_letter_aside(letter: Letter, *, by: Membership) -> None:
    """A letter that will not be printed (it was sent by mail): it stays in its dossier and waits no longer."""
    # Of a confidential dossier nothing stands in the history of the client.
    on_client = {} if letter.is_confidential else {"client_id": letter.client_id}
    record("set_letter_aside", by=by, subject=letter, title=letter.title, **on_client)
    if not Letter.objects.filter(pk=letter.pk, batch__isnull=True).delete()[0]:
        raise Refusal("E-001-NOTHING", _("Ce courrier a déjà été imprimé."), status=409)


def mark_letters(file_ids, *, is_confidential: bool) -> None:
    """Letters of a dossier that became confidential, or is so no longer; inside the transaction that changes it."""
    letters = Letter.objects.filter(file_id__in=file_ids).exclude(is_confidential=is_confidential)
    letters.update(is_confidential=is_confidential)
