"""A list as a file, made by a job for whoever asked: however long it is, nobody waits for an answer.

The job itself says what was asked (`data`) and where the storage keeps the file (`data["key"]`), which it knows before
it writes: a worker that is killed leaves nothing behind that nobody finds again.
"""

import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO, TypeVar

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.wall import in_organization
from entregent.documents.files import storage
from entregent.exchange.cards import CARD_LISTS, cards_of
from entregent.exchange.exports import xlsx_into
from entregent.exchange.lists import ListExport, as_texts, limited
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.jobs.work import Cancelled, Interrupted, Over, Work, ending
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.spreadsheets import csv_pieces

LIST = "exchange.list"
KEPT_FOR = timedelta(days=2)
LOOKED_AFTER_EVERY = 2000

Item = TypeVar("Item")


def check_format(export: ListExport, form: str) -> None:
    if form == "vcf" and export.definition.code not in CARD_LISTS:
        raise Refusal("E-EXPORT", _("Cette liste ne sort pas en vCard."), field="format")


def write_list(
    export: ListExport, form: str, file: BinaryIO, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Writes the list to `file` as csv, xlsx or vcf; says how many rows. `progress` may raise."""
    check_format(export, form)
    done = 0

    def counted(items: Iterable[Item]) -> Iterator[Item]:
        nonlocal done
        for item in items:
            yield item
            done += 1
            if done % LOOKED_AFTER_EVERY == 0:
                progress(done)

    if form == "xlsx":
        xlsx_into(file, export.header, counted(limited(export.rows())))
    elif form == "vcf":
        file.writelines(counted(cards_of(export)))
    else:
        file.writelines(csv_pieces(export.header, as_texts(counted(export.rows()))))
    return done


@transaction.atomic
def ask_for_list(*, by: Membership, list_code: str, form: str, **asked: Any) -> Job:
    """Has a list written by the worker; `asked` are the further keywords of `ListExport.of`. The journal says now who
    takes what out. Refuses a list that there is not, and a format that it has not."""
    export = ListExport.of(by, list_code=list_code, **asked)
    check_format(export, form)
    export.journaled(form)
    label = _("Export : %(list)s") % {"list": export.definition.plural}
    data = {"list_code": list_code, "form": form, "asked": asked, "language": get_language()}
    return start_job(by=by, kind=LIST, label=label, data=data)


def write_for_job(work: Work) -> None:
    """The work of the job. Killed, the next worker writes anew."""
    with work.chunk() as chunk:
        data, member = chunk.job.data, chunk.member
        _drop(data.get("key"))
        key = data["key"] = f"lists/{work.organization_id}/{secrets.token_hex(16)}"

    def on_the_way(_done: int) -> None:
        if ending.is_set():
            raise Interrupted
        if Job.objects.filter(pk=work.job_id, organization_id=work.organization_id, cancel_asked=True).exists():
            raise Cancelled

    with tempfile.TemporaryFile() as file:
        with in_organization(work.organization_id, user_id=work.initiator_id):
            export = ListExport.of(member, list_code=data["list_code"], **data["asked"])
            rows = write_list(export, data["form"], file, on_the_way)
        size = file.seek(0, 2)
        file.seek(0)
        storage().save(key, File(file, name=key))
    try:
        with work.chunk() as chunk:
            if chunk.job.data.get("key") != key:
                raise Over  # Another worker has begun anew meanwhile.
            chunk.job.total = chunk.job.done = rows
            chunk.job.result = {"rows": rows, "size": size}
    except Exception:
        storage().delete(key)
        raise


def list_file(job: Job, *, by: Membership) -> tuple[str, str, File]:
    """(name, format, content) of the file that a job has made for whoever asked for it, until it expires."""
    key = job.data.get("key")
    if job.kind != LIST or job.initiator_id != by.user_id or job.state != Job.State.DONE or not key:
        raise NotFound
    try:
        content = storage().open(key, "rb")
    except FileNotFoundError as gone:
        raise NotFound from gone
    form = job.data["form"]
    return f"{job.data['list_code']}.{form}", form, content


def expire_lists(organization_id: int) -> int:
    """Removes the files of jobs that ended long enough ago, done or not; says how many."""
    ended = Job.objects.select_for_update().filter(
        organization_id=organization_id, kind=LIST, data__has_key="key", finished_at__lt=timezone.now() - KEPT_FOR
    )
    gone = list(ended)
    for job in gone:
        key = job.data.pop("key")
        job.save(update_fields=["data"])
        transaction.on_commit(partial(_drop, key))
    return len(gone)


def _drop(key: str | None) -> None:
    if key:
        storage().delete(key)
