"""The long parts of an import, chunk by chunk. A worker that is killed goes on where it stood."""

import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from django.core.files.base import File
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.clients.models import BusinessObjectType
from entregent.documents.files import storage
from entregent.exchange import delegation
from entregent.exchange.actions import check_rights, table_of
from entregent.exchange.carrying_out import Chunk
from entregent.exchange.cleaning import Cleaned, Cleaner
from entregent.exchange.departures import KEPT_FOR, LEAVE, departures_of, expire_departures
from entregent.exchange.grouping import Grouping
from entregent.exchange.leaving import snapshot, write_archive
from entregent.exchange.list_files import LIST, expire_lists, write_for_job
from entregent.exchange.mapping import compile_mapping, from_data
from entregent.exchange.models import Departure, Import, ImportRow
from entregent.exchange.plans import Planner, prepare_sectors
from entregent.exchange.readers import Row
from entregent.exchange.undo import STEPS, Undoing
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Cancelled, Interrupted, NotAllowed, Over, Work, ending
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal, Refusals

CHUNK_ROWS = 4000
# Sectors are planned together, since a parent may stand anywhere in the file.
MOST_SECTORS = 50_000
# Groups as well, since two of them may have one name; and they are carried out together (R002-28).
MOST_GROUPED = 200_000
MOST_KEPT_SHOWN = 500
ROWS_KEPT_FOR = timedelta(days=30)

Made = TypeVar("Made")


@job_kind("import.check", right=Right.DATA_IMPORT)
def check(work: Work) -> None:
    """Reads the file and plans every row: the dry run."""
    with _settled(work, cancelled=Import.State.NEW):
        with work.chunk() as chunk:
            batch = _batch(chunk.job)
            check_rights(batch.kind, chunk.member, by_operator=batch.by_operator)
            if "line" not in chunk.cursor:
                ImportRow.objects.filter(batch=batch)._raw_delete("default")
                _forget_old_rows(batch.organization_id)
                chunk.advance(0, line=0)
                chunk.job.done = 0
                chunk.job.total = batch.format.get("about") or None
                batch.counts = {}
                batch.save(update_fields=["counts"])
                _keep_statistics(0)
            after = chunk.cursor["line"]
            table = table_of(batch)
            mapping = from_data(batch.mapping)
            read = compile_mapping(mapping, batch.header)
            cleaner = Cleaner(batch.kind, mapping.key, chunk.member, by_operator=batch.by_operator)
            contract_type = BusinessObjectType.objects.filter(
                organization_id=batch.organization_id, code=BusinessObjectType.CONTRACT
            ).first()
            planner = Planner(batch, chunk.member, contract_type.pk if contract_type else None)
            member = chunk.member
            notes = delegation.notes(by_operator=batch.by_operator) if batch.kind == "relationships" else []
        size = {"sectors": MOST_SECTORS, "groups": MOST_GROUPED}.get(batch.kind, CHUNK_ROWS)
        grouping = Grouping(mapping, member) if batch.kind == "groups" else None
        rows = (row for row in table.rows() if row.line > after)

        def clean_next() -> list[tuple[Row, Cleaned]]:
            return [(row, Cleaned() if row.fault else cleaner.row(read(row.cells))) for row in islice(rows, size)]

        for planned in one_ahead(clean_next):
            with work.chunk() as chunk:
                if batch.kind == "sectors":
                    planned = prepare_sectors(planned, member)
                if grouping is not None:
                    grouping.settle(planned)
                counts = planner.write(planned)
                batch = _batch(chunk.job, lock=True)
                batch.notes = grouping.notes if grouping is not None else notes
                for verdict, number in counts.items():
                    batch.counts[verdict] = batch.counts.get(verdict, 0) + number
                batch.rows_read = sum(batch.counts.values())
                batch.save(update_fields=["counts", "rows_read", "notes"])
                chunk.advance(len(planned), line=planned[-1][0].line)
                if chunk.job.total is not None:
                    chunk.job.total = max(chunk.job.total, chunk.job.done)
        with work.chunk() as chunk:
            batch = _batch(chunk.job, lock=True)
            if not chunk.job.done:
                raise Refusal("E-FILE", _("Le fichier n’a aucune ligne sous les noms des colonnes."), field="file")
            batch.state = Import.State.CHECKED
            batch.save(update_fields=["state"])
            chunk.job.total = chunk.job.done
            chunk.job.result = batch.counts


def one_ahead(make: Callable[[], list[Made]]) -> Iterator[list[Made]]:
    """What `make` gives, until it gives nothing. The next list is made beside the work with this one: `make` must not
    ask the database, which has its own processor to work on the rows with."""
    language = get_language()

    def in_language() -> list[Made]:
        # Another thread knows nothing of it.
        with override(language):
            return make()

    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(in_language)
        while made := coming.result():
            coming = beside.submit(in_language)
            yield made


def _forget_old_rows(organization_id: int) -> None:
    """Rows of imports long done go, but for the rejected ones: the journal is what an import is undone from."""
    long_done = Import.objects.filter(
        organization_id=organization_id,
        state__in=[Import.State.DONE, Import.State.UNDONE],
        created_at__lt=timezone.now() - ROWS_KEPT_FOR,
    )
    ImportRow.objects.filter(
        batch__in=long_done, organization_id=organization_id, verdict__in=["create", "update", "unchanged"]
    ).delete()


@job_kind("import.apply", right=Right.DATA_IMPORT)
def apply(work: Work) -> None:
    """Carries the plan out."""
    with _settled(work, cancelled=Import.State.STOPPED):
        while True:
            with work.chunk() as chunk:
                batch = _batch(chunk.job, lock=True)
                check_rights(batch.kind, chunk.member, by_operator=batch.by_operator)
                if batch.action_id is None:
                    batch.first_change = _last_change()
                    batch.action_id = record(
                        "import", by=chunk.member, subject=batch, kind=batch.kind, file=batch.filename,
                        **({"by_operator": True} if batch.by_operator else {}),
                    )  # fmt: skip
                    chunk.job.total = batch.rows_read
                else:
                    _under_action(batch.action_id)
                _keep_statistics(chunk.job.done // CHUNK_ROWS)
                after = chunk.cursor.get("line", 0)
                rows = ImportRow.objects.filter(batch_id=batch.pk, line__gt=after).order_by("line")
                size = MOST_GROUPED if batch.kind == "groups" else CHUNK_ROWS
                lines = list(rows.values_list("line", flat=True)[:size])
                until = lines[-1] if lines else None
                if until is not None:
                    _carry_out(batch, chunk, after, until)
                    chunk.advance(len(lines), line=until)
                else:
                    batch.state = Import.State.DONE
                batch.last_change = _last_change()
                batch.applied_at = timezone.now()
                batch.save(update_fields=["counts", "state", "action_id", "first_change", "last_change", "applied_at"])
                chunk.job.result = batch.counts
            if until is None:
                return


def _keep_statistics(chunks_done: int) -> None:
    """After 0, 1, 2, 4, 8… chunks: an import that fills an empty table would else be planned as if it still were empty,
    and read the whole table for each row."""
    if chunks_done & (chunks_done - 1) == 0:
        with connection.cursor() as cursor:
            cursor.execute("SELECT exchange_refresh_statistics()")


def _carry_out(batch: Import, chunk, after: int, until: int) -> None:
    done = Chunk(batch, chunk.member).carry_out(after, until)
    counts = batch.counts
    counts["created"] = counts.get("created", 0) + done["create"]
    counts["updated"] = counts.get("updated", 0) + done["update"]
    counts["refused"] = counts.get("refused", 0) + done["refused"]


@job_kind("import.undo", right=Right.DATA_IMPORT)
def undo(work: Work) -> None:
    """Takes back what an import did."""
    with _settled(work, cancelled=Import.State.STOPPED):
        while True:
            with work.chunk() as chunk:
                batch = _batch(chunk.job, lock=True)
                check_rights(batch.kind, chunk.member, by_operator=batch.by_operator)
                if batch.undo_action_id is None:
                    batch.undo_action_id = record(
                        "undo_import", by=chunk.member, subject=batch, kind=batch.kind, file=batch.filename
                    )
                else:
                    _under_action(batch.undo_action_id)
                if "step" not in chunk.cursor:
                    _keep_statistics(0)
                    chunk.advance(0, step=0, last=batch.last_change)
                    chunk.job.total = batch.count("created") + batch.count("updated")
                    batch.undo_result = {}
                steps = STEPS[batch.kind]
                place = chunk.cursor["step"]
                if place < len(steps):
                    _undo_window(batch, chunk, steps[place], place)
                else:
                    batch.state = Import.State.UNDONE
                    batch.undone_at = timezone.now()
                batch.save(update_fields=["undo_action_id", "undo_result", "state", "undone_at"])
                chunk.job.result = {name: n for name, n in batch.undo_result.items() if name != "kept_rows"}
            if place >= len(steps):
                return


def _undo_window(batch: Import, chunk, step, place: int) -> None:
    on, counts, kept = Undoing(batch, chunk.member).window(step, chunk.cursor["last"])
    result = batch.undo_result
    for name, number in counts.items():
        result[name] = result.get(name, 0) + number
    result["kept"] = result.get("kept", 0) + len(kept)
    result["kept_rows"] = [*result.get("kept_rows", []), *kept][:MOST_KEPT_SHOWN]
    if on is None:
        chunk.advance(0, step=place + 1, last=batch.last_change)
    else:
        chunk.advance(sum(counts.values()) + len(kept), last=on)


@contextmanager
def _settled(work: Work, *, cancelled: str) -> Iterator[None]:
    """The import says how its job ended, whatever made it end."""
    try:
        yield
    except (Interrupted, Over, OperationalError, InterfaceError):
        raise
    except Cancelled:
        _end(work, cancelled, "")
        raise
    except NotAllowed:
        _end(work, None, _("Vous n’avez plus l’habilitation nécessaire."))
        raise
    except Refusals as refused:
        _end(work, None, " ".join(str(one.message) for one in refused.refusals))
        raise
    except Refusal as refused:
        _end(work, None, str(refused.message))
        raise
    except Exception:
        _end(work, None, _("Une erreur est survenue. Ce qui est fait est gardé."))
        raise


def _end(work: Work, state: str | None, error: str) -> None:
    with in_organization(work.organization_id, user_id=work.initiator_id):
        batch = (
            Import.objects.select_for_update().filter(job_id=work.job_id, organization_id=work.organization_id).first()
        )
        if batch is not None:
            # What was carried out in part can be undone.
            batch.state = state or (Import.State.STOPPED if batch.action_id else Import.State.FAILED)
            if batch.state == Import.State.STOPPED and batch.action_id is None:
                batch.state = Import.State.CHECKED
            batch.error = error
            batch.save(update_fields=["state", "error"])


def _batch(job, *, lock: bool = False) -> Import:
    records = Import.objects.select_for_update() if lock else Import.objects
    return records.get(pk=job.data["import"], organization_id=job.organization_id)


def _last_change() -> int:
    """The last number that the journal has given out: what an import changes stands after the one before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM audit_change_id_seq")
        return cursor.fetchone()[0]


def _under_action(action_id: int) -> None:
    """Later chunks stand in the journal under the same action as the first one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.action_id', %s, true)", [str(action_id)])


@job_kind(LEAVE, right=Right.LEAVE)
def leave(work: Work) -> None:
    """Writes the archive of the whole organization as it stands at one moment. Killed, the next worker begins anew."""
    with work.chunk() as chunk:
        departure_id = chunk.job.data["departure"]
        departures_of(chunk.member)

    def on_the_way(_done: int) -> None:
        if ending.is_set():
            raise Interrupted

    key = f"leave/{work.organization_id}/{secrets.token_hex(16)}.zip"
    with tempfile.TemporaryFile() as file:
        with snapshot(work.organization_id, work.initiator_id):
            manifest = write_archive(file, work.organization_id, on_the_way)
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        storage().save(key, File(file, name=key))
    rows = sum(told["rows"] for told in manifest["tables"].values())
    try:
        with work.chunk() as chunk:
            now = timezone.now()
            Departure.objects.filter(pk=departure_id, organization_id=work.organization_id).update(
                key=key, size=size, sha256=digest, rows=rows, made_at=now, expires_at=now + KEPT_FOR
            )
            chunk.job.total = chunk.job.done = rows
            chunk.job.result = {"rows": rows, "files": manifest["files"]["count"]}
    except Exception:
        storage().delete(key)
        raise


@job_kind(LIST, right=Right.DATA_EXPORT)
def make_list(work: Work) -> None:
    """Writes a list as a file for whoever asked for it."""
    write_for_job(work)


@app.periodic(cron="43 3 * * *")
@app.task(name="entregent.exchange.expire_departures", queue="default", queueing_lock="exchange-departures")
def expire(timestamp: int) -> None:
    """Each night: archives of whole organizations and files of lists that have expired are removed."""
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        with in_organization(organization_id):
            expire_departures(organization_id)
            expire_lists(organization_id)
