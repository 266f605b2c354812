"""Import and export from the command line: the same actions as on the page, done by the command's own process."""

import os
from collections.abc import Callable
from pathlib import Path

from django.core.files import File
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.exchange import actions, rejects
from entregent.exchange.arriving import bring_in
from entregent.exchange.departures import departures_of
from entregent.exchange.exports import export_kinds, write_export
from entregent.exchange.leaving import snapshot, write_archive
from entregent.exchange.mapping import from_yaml, with_names
from entregent.exchange.models import Import
from entregent.jobs import work
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import Refusal, RightMissing

Progress = Callable[[int, int | None], None]


def run_import(
    *,
    kind: str,
    path: Path | str,
    organization: str,
    mapping: Path | str | None = None,
    email: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    on_duplicate: str = "reject",
) -> dict:
    """Imports the file at `path` on behalf of `email`, else of an administrator. Returns the summary of interfaces.md.

    `report` is the path of the file of rejected rows, in the form of the file that came in, or "" if there is none.
    """
    path = Path(path)
    member = _member(organization, email)
    with translation.override(member.user.language):
        with in_organization(member.organization_id, user_id=member.user_id), path.open("rb") as file:
            batch = actions.create_import(by=member, kind=kind, file=File(file), filename=path.name, by_operator=True)
        chosen = with_names(from_yaml(Path(mapping).read_bytes()), Path(mapping).parent) if mapping else None
        with in_organization(member.organization_id, user_id=member.user_id):
            mapped = chosen or actions.mapping_of(batch)
            actions.set_mapping(batch, by=member, mapping=mapped, by_operator=True)
            job = actions.start_check(batch, by=member, in_background=False, by_operator=True)
        batch = _done(job, batch, member, progress)
        if not dry_run:
            with in_organization(member.organization_id, user_id=member.user_id):
                job = actions.start_import(
                    batch, by=member, on_duplicate=on_duplicate, in_background=False, by_operator=True
                )
            batch = _done(job, batch, member, progress)
        with in_organization(member.organization_id, user_id=member.user_id):
            report = _report(batch, path)
    told = summary(batch, dry_run=dry_run) | {"report": report}
    return told | {"notes": batch.notes} if batch.notes else told


def summary(batch: Import, *, dry_run: bool = False) -> dict[str, int]:
    """What was done; for a dry run what would be."""
    duplicates = batch.count("duplicate")
    if dry_run or batch.applied_at is None:
        created, updated = batch.count("create"), batch.count("update")
        rejected = batch.count("reject") + duplicates
    else:
        created, updated = batch.count("created"), batch.count("updated")
        rejected = batch.rows_read - batch.count("unchanged") - created - updated
    return {"created": created, "updated": updated, "unchanged": batch.count("unchanged"), "rejected": rejected}


def run_export(
    *,
    kind: str,
    path: Path | str,
    organization: str,
    email: str | None = None,
    progress: Progress | None = None,
) -> dict:
    """Writes the records of `kind` that the person sees to `path`, as XLSX where its name says so, else as CSV."""
    path = Path(path)
    member = _member(organization, email)
    with translation.override(member.user.language), in_organization(member.organization_id, user_id=member.user_id):
        if kind not in export_kinds():
            raise Refusal(
                "E-EXPORT-KIND", _("Ce genre de données ne s’exporte pas encore : %(kind)s.") % {"kind": kind}
            )
        if not member.can(Right.DATA_EXPORT):
            raise RightMissing
        written = write_export(kind, path, member, progress or (lambda done, total: None))
    return {"exported": written, "file": str(path)}


def run_departure(
    *, path: Path | str, organization: str, email: str | None = None, progress: Progress | None = None
) -> dict:
    """Writes the archive of the whole organization to `path`, readable for its owner alone, whole or not at all."""
    path = Path(path)
    member = _member(organization, email)
    tell = progress or (lambda done, total: None)
    with translation.override(member.user.language):
        if path.exists():
            raise Refusal("E-WHOLE-FILE", _("« %(name)s » existe déjà.") % {"name": path.name}, field="file")
        part = path.with_name(f".{path.name}.part")
        try:
            with (
                open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file,
                snapshot(member.organization_id, member.user_id),
            ):
                departures_of(member)
                record("take_everything", by=member)
                manifest = write_archive(file, member.organization_id, lambda done: tell(done, None))
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    rows = sum(told["rows"] for told in manifest["tables"].values())
    return {"exported": rows, "files": manifest["files"]["count"], "file": str(path)}


def run_arrival(*, path: Path | str, organization: str, progress: Progress | None = None) -> dict:
    """Makes the organization of that name of the archive at `path`."""
    return bring_in(Path(path), organization, progress or (lambda done, total: None))


def _member(slug: str, email: str | None) -> Membership:
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise Refusal("E-NOTFOUND", _("Organisation inconnue : %(slug)s.") % {"slug": slug})
    with in_organization(organization.pk):
        members = Membership.objects.active().select_related("user", "organization").filter(organization=organization)
        chosen = members.filter(user__email__iexact=email) if email else members.filter(role="admin").order_by("pk")
        member = chosen.first()
        if member is None:
            raise Refusal(
                "E-NOTFOUND", _("Personne dans cette organisation au nom de qui le faire : indiquez --email.")
            )
        # Worked out once, inside the wall.
        member.reach  # noqa: B018
    return member


def _done(job: Job, batch: Import, member: Membership, progress: Progress | None) -> Import:
    def tell(current: Job) -> None:
        if progress is not None and current.pk == job.pk:
            progress(current.done, current.total)

    work.listeners.append(tell)
    try:
        run_job(job_id=job.pk, organization_id=job.organization_id)
    finally:
        work.listeners.remove(tell)
    with in_organization(member.organization_id, user_id=member.user_id):
        job.refresh_from_db()
        batch.refresh_from_db()
    if job.state != Job.State.DONE:
        raise Refusal("E-IMPORT", job.error or _("L’importation s’est arrêtée."))
    return batch


def _report(batch: Import, path: Path) -> str:
    if not rejects.exist(batch):
        return ""
    report = path.with_name(f"{path.stem}.rejets{path.suffix}")
    try:
        with report.open("wb") as file:
            for piece in rejects.pieces(batch):
                file.write(piece)
    except OSError:
        # The folder of the file cannot be written to: beside where the command was called.
        report = Path.cwd() / report.name
        with report.open("wb") as file:
            for piece in rejects.pieces(batch):
                file.write(piece)
    return str(report)
