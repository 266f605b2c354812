"""Bringing data in: a file is taken, matched, tried, carried out, undone. The long parts are jobs (`tasks`)."""

from itertools import islice
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.exchange.fields import kind_for, kind_named
from entregent.exchange.kits import kit_for
from entregent.exchange.mapping import Mapping, compile_mapping, from_data, matched
from entregent.exchange.models import Import, ImportMapping
from entregent.exchange.readers import Table, open_table, table_from
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership, Sector
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, required
from entregent.toolbox.text import one_line

MOST_BYTES = 1024 * 1024 * 1024
SAMPLES = 200
# Kinds in which the operator may more than members.
OPERATORS = frozenset({"business-accounts", "relationships"})


@transaction.atomic
def create_import(*, by: Membership, kind: str, file: File, filename: str, by_operator: bool = False) -> Import:
    """Takes a file and looks at it. Refuses what is no table (E-FILE), a kind that is unknown or needs more rights.
    `by_operator`: by the command, whose user answers for what it brings (`delegation`)."""
    check_rights(kind, by, by_operator=by_operator)
    record("create_import", by=by, kind=kind, file=filename[:200])
    if file.size is not None and file.size > MOST_BYTES:
        raise Refusal("E-FILE", _("Le fichier est trop gros : 1 Go au maximum."), field="file")
    batch = Import(
        organization_id=by.organization_id, kind=kind, filename=_file_name(filename), created_by_id=by.user_id,
        by_operator=by_operator and kind in OPERATORS,
    )  # fmt: skip
    batch.file.save("import", file, save=False)
    try:
        table = open_table(batch.path)
        batch.format = table.form.as_dict()
        batch.header = table.header
        batch.mapping = _guess(kind, table, by, by_operator=by_operator).as_data()
        batch.save()
    except BaseException:
        batch.file.delete(save=False)
        raise
    return batch


@transaction.atomic
def set_mapping(batch: Import, *, by: Membership, mapping: Mapping, by_operator: bool = False) -> Import:
    """Says how the columns become fields. Refuses a mapping for other data, or with a column that the file lacks."""
    record("set_import_mapping", by=by, subject=batch)
    batch = _locked(batch, by=by, by_operator=by_operator)
    if not batch.can_be_mapped:
        raise _not_now()
    if mapping.kind != batch.kind:
        raise Refusal("E-MAPPING", _("Cette correspondance est faite pour d’autres données."), field="mapping")
    compile_mapping(mapping, batch.header)
    if mapping.names_from and not mapping.names:
        message = _("Les noms d’un autre fichier (« names ») ne sont lus que par la commande : ajoutez une colonne.")
        raise Refusal("E-MAPPING", message, field="mapping")
    lacking = [name for name in kind_named(batch.kind).required if name not in mapping.fields()]
    # A row that is recognised needs its key alone; without a key every row needs what a new record needs.
    if lacking and not (mapping.key and mapping.key in mapping.fields()):
        label = kind_named(batch.kind).label_of(lacking[0])
        raise Refusal("E-MAPPING", _("Aucune colonne ne donne « %(name)s ».") % {"name": label}, field="mapping")
    if not mapping.columns:
        raise Refusal("E-MAPPING", _("Choisissez au moins une colonne."), field="mapping")
    batch.mapping = mapping.as_data()
    batch.state = Import.State.NEW
    batch.save(update_fields=["mapping", "state"])
    return batch


@transaction.atomic
def start_check(batch: Import, *, by: Membership, in_background: bool = True, by_operator: bool = False) -> Job:
    """The dry run: reads every row and plans it; nothing but the plan is written."""
    batch = _locked(batch, by=by, by_operator=by_operator)
    if not batch.can_be_mapped:
        raise _not_now()
    check_rights(batch.kind, by, by_operator=batch.by_operator)
    record("check_import", by=by, subject=batch)
    return _start(batch, by, "import.check", Import.State.CHECKING, _("Essai à blanc de %(file)s"), in_background)


@transaction.atomic
def start_import(
    batch: Import,
    *,
    by: Membership,
    on_duplicate: str = "reject",
    in_background: bool = True,
    by_operator: bool = False,
) -> Job:
    """Carries the plan of the dry run out. `on_duplicate` says what becomes of probable duplicates."""
    batch = _locked(batch, by=by, by_operator=by_operator)
    if not batch.can_be_applied:
        raise _not_now()
    check_rights(batch.kind, by, by_operator=batch.by_operator)
    if on_duplicate not in Import.OnDuplicate.values:
        raise required("on_duplicate", _("Doublons probables"))
    batch.on_duplicate = on_duplicate
    return _start(batch, by, "import.apply", Import.State.APPLYING, _("Importation de %(file)s"), in_background)


@transaction.atomic
def start_undo(batch: Import, *, by: Membership, in_background: bool = True) -> Job:
    """Takes back what the import created and changed, except what somebody touched since."""
    batch = _locked(batch, by=by)
    if not batch.can_be_undone:
        raise _not_now()
    check_rights(batch.kind, by)
    return _start(
        batch, by, "import.undo", Import.State.UNDOING, _("Annulation de l’importation de %(file)s"), in_background
    )


@transaction.atomic
def stop_import(batch: Import, *, by: Membership, job: Job) -> Import:
    """After its job was asked to stop: one that had not begun leaves the import as it was before."""
    record("stop_import", by=by, subject=batch)
    batch = _locked(batch, by=by, by_operator=True)
    if batch.is_at_work and job.pk == batch.job_id and job.state == Job.State.CANCELLED:
        before = {
            Import.State.CHECKING: Import.State.NEW,
            Import.State.APPLYING: Import.State.STOPPED if batch.action_id else Import.State.CHECKED,
            Import.State.UNDOING: Import.State.STOPPED,
        }
        batch.state = before[Import.State(batch.state)]
        batch.save(update_fields=["state"])
    return batch


@transaction.atomic
def save_mapping(batch: Import, *, by: Membership, name: str) -> ImportMapping:
    """Keeps the mapping of an import by name for the next file of the same form; a name again replaces it."""
    name = one_line(name)[:80]
    if not name:
        raise required("name", _("Nom"))
    record("save_import_mapping", by=by, kind=batch.kind, mapping=name)
    kept, _is_new = ImportMapping.objects.update_or_create(
        organization_id=by.organization_id,
        kind=batch.kind,
        name=name,
        defaults={"mapping": batch.mapping, "created_by_id": by.user_id},
    )
    return kept


@transaction.atomic
def delete_mapping(mapping: ImportMapping, *, by: Membership) -> None:
    record("delete_import_mapping", by=by, kind=mapping.kind, mapping=mapping.name)
    ImportMapping.objects.filter(pk=mapping.pk, organization_id=by.organization_id).delete()


@transaction.atomic
def discard_import(batch: Import, *, by: Membership) -> None:
    """Forgets an import that was not carried out, or was undone: its file and its rows."""
    batch = _locked(batch, by=by, by_operator=True)
    if batch.is_at_work or batch.can_be_undone:
        raise _not_now()
    record("discard_import", by=by, kind=batch.kind, file=batch.filename)
    batch.rows.all()._raw_delete("default")
    name = batch.file.name or ""
    storage = batch.file.storage
    batch.delete()
    transaction.on_commit(lambda: storage.delete(name))


def check_rights(kind: str, by: Membership, *, by_operator: bool = False) -> None:
    """Some kinds are an administrator's: sectors, topics; some a service provider's: groups; one the operator's."""
    if not kind_named(kind).is_offered_to(by, by_operator=by_operator):
        raise RightMissing


def table_of(batch: Import) -> Table:
    return table_from(batch.path, batch.format, batch.header)


def mapping_of(batch: Import) -> Mapping:
    return from_data(batch.mapping)


def saved_mapping(mapping: ImportMapping) -> Mapping:
    return from_data(mapping.mapping)


def _guess(kind: str, table: Table, by: Membership, *, by_operator: bool) -> Mapping:
    """The mapping that was kept for just these columns, else that of the product whose export they are, else the one
    that their names suggest."""
    for kept in ImportMapping.objects.filter(organization_id=by.organization_id, kind=kind).order_by("-id")[:50]:
        columns = set(kept.mapping.get("columns", {}))
        if columns and columns | set(kept.mapping.get("ignore", [])) == set(table.header):
            return from_data(kept.mapping)
    kit = kit_for(kind, table.header)
    if kit is not None:
        return kit.mapping(table.header)
    samples = [row.cells for row in islice(table.rows(), SAMPLES)]
    codes = Sector.objects.filter(organization_id=by.organization_id).values_list("code", flat=True)
    return matched(kind_for(kind, by, by_operator=by_operator), table.header, samples, codes)


def _start(batch: Import, by: Membership, kind: str, state: str, label: str, in_background: bool) -> Job:
    job = start_job(
        by=by,
        kind=kind,
        label=label % {"file": batch.filename},
        data={"import": batch.pk, "language": (get_language() or "fr")[:2]},
        in_background=in_background,
    )
    batch.state = state
    batch.job_id = job.pk
    batch.error = ""
    batch.save(update_fields=["state", "job_id", "error", "on_duplicate"])
    return job


def _locked(batch: Import, *, by: Membership, by_operator: bool = False) -> Import:
    found = Import.objects.select_for_update().filter(pk=batch.pk, organization_id=by.organization_id).first()
    if found is None:
        raise NotFound
    if found.by_operator and not by_operator:
        message = _("Cette importation est faite par l’exploitant de l’instance, par la commande.")
        raise Refusal("E-IMPORT-OPERATOR", message, status=403)
    return found


def _not_now() -> Refusal:
    return Refusal("E-IMPORT-STATE", _("Cette importation n’en est pas là : rechargez la page."), status=409)


def _file_name(filename: str) -> str:
    return one_line(Path(filename.replace("\\", "/")).name)[:200] or "fichier"
