import tempfile
from itertools import islice

import yaml
from django.http import FileResponse, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.exchange import actions
from entregent.exchange import rejects as rejected_rows
from entregent.exchange.fields import KINDS, kind_for, kind_named
from entregent.exchange.kits import kit_for
from entregent.exchange.mapping import from_yaml
from entregent.exchange.models import Import, ImportMapping
from entregent.exchange.web.forms import ColumnsForm, ImportForm, RunForm, posted_mapping
from entregent.jobs.actions import cancel_job
from entregent.jobs.models import Job
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal
from entregent.ui.pages import add_refusal, see

EXAMPLES = 5
SAMPLES_SHOWN = 20


@require_GET
@requires(Right.DATA_IMPORT)
def import_list(request):
    batches = list(_visible(request.member).select_related("created_by")[:100])
    labels = {name: kind.label for name, kind in KINDS.items()}
    return render_administration(request, "exchange/import_list.html", {"batches": batches, "labels": labels})


@require_http_methods(["GET", "POST"])
@requires(Right.DATA_IMPORT)
def import_create(request):
    """Step 1: the file, and what it holds."""
    form = ImportForm(request.POST or None, request.FILES or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = actions.create_import(
                by=request.member, kind=form.cleaned_data["kind"], file=file, filename=file.name
            )
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, _url(request, "columns", batch))
    status = 422 if form.is_bound and form.errors else 200
    return render_administration(request, "exchange/import_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@requires(Right.DATA_IMPORT)
def columns_update(request, import_id):
    """Step 2: which column is which field. Its button starts the dry run."""
    batch = _batch(request, import_id)
    if not batch.can_be_mapped:
        return see(request, _url(request, "import", batch))
    kind = kind_for(batch.kind, request.member, by_operator=batch.by_operator)
    mapping = actions.mapping_of(batch)
    refusal = None
    if request.method == "POST":
        act = request.POST.get("act", "check")
        try:
            if act == "use":
                mapping = actions.saved_mapping(_saved(request, batch))
            elif act == "read":
                mapping = _uploaded(request)
            else:
                mapping = posted_mapping(request.POST, kind, batch.header)
            batch = actions.set_mapping(batch, by=request.member, mapping=mapping)
            if act in ("use", "read"):
                return see(request, _url(request, "columns", batch), toast=_("La correspondance est reprise."))
            if act == "save":
                actions.save_mapping(batch, by=request.member, name=request.POST.get("name", ""))
                return see(request, _url(request, "columns", batch), toast=_("La correspondance est gardée."))
            actions.start_check(batch, by=request.member)
        except Refusal as refused:
            refusal = refused
        else:
            return see(request, _url(request, "import", batch))
    samples = [row.cells for row in islice(actions.table_of(batch).rows(), EXAMPLES)]
    context = {
        "batch": batch,
        "kind": kind,
        "form": ColumnsForm(batch, mapping, samples, kind, request.member),
        "format": actions.table_of(batch).form.words,
        "saved": list(
            ImportMapping.objects.filter(organization_id=request.member.organization_id, kind=batch.kind)[:50]
        ),
        "refusal": refusal,
        "kit": kit_for(batch.kind, batch.header),
    }
    return render_administration(request, "exchange/columns.html", context, status=422 if refusal else 200)


@require_GET
@requires(Right.DATA_IMPORT)
def import_detail(request, import_id):
    """Steps 3: how far it is, what the dry run found, how it ended."""
    batch = _batch(request, import_id)
    return render_administration(request, "exchange/import_detail.html", _told(request, batch), fragment="state")


@require_POST
@requires(Right.DATA_IMPORT)
def run_create(request, import_id):
    batch = _batch(request, import_id)
    form = RunForm(request.POST)
    on_duplicate = (form.is_valid() and form.cleaned_data["on_duplicate"]) or Import.OnDuplicate.REJECT
    actions.start_import(batch, by=request.member, on_duplicate=on_duplicate)
    return see(request, _url(request, "import", batch))


@require_POST
@requires(Right.DATA_IMPORT)
def stop_create(request, import_id):
    batch = _batch(request, import_id)
    job = Job.objects.filter(pk=batch.job_id or 0, organization_id=request.member.organization_id).first()
    if job is None:
        raise NotFound
    actions.stop_import(batch, by=request.member, job=cancel_job(job, by=request.member))
    return see(request, _url(request, "import", batch), toast=_("L’importation s’arrête après le lot en cours."))


@require_POST
@requires(Right.DATA_IMPORT)
def undo_create(request, import_id):
    batch = _batch(request, import_id)
    actions.start_undo(batch, by=request.member)
    return see(request, _url(request, "import", batch))


@require_POST
@requires(Right.DATA_IMPORT)
def discard_create(request, import_id):
    actions.discard_import(_batch(request, import_id), by=request.member)
    url = reverse("exchange:imports", args=[request.member.organization.slug])
    return see(request, url, toast=_("L’importation est oubliée."))


@require_GET
@requires(Right.DATA_IMPORT)
def rejects(request, import_id):
    """The rejected rows in the form of the file that came in; cards as a table, which can be mended."""

    batch = _batch(request, import_id)
    if not batch.file:
        raise NotFound
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    for piece in rejected_rows.pieces(batch):
        file.write(piece)
    file.seek(0)
    stem, _dot, suffix = batch.filename.rpartition(".")
    if batch.format["kind"] == "vcf":
        suffix = "csv"
    name = f"{stem}.rejets.{suffix}" if stem else f"{suffix}.rejets"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")


@require_GET
@requires(Right.DATA_IMPORT)
def mapping_file(request, import_id):
    """The mapping as `entregent import --mapping` reads it."""
    text = yaml.safe_dump(_batch(request, import_id).mapping, allow_unicode=True, sort_keys=False)
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="correspondance.yaml"'
    return response


def _told(request, batch: Import) -> dict:
    job = Job.objects.filter(pk=batch.job_id, organization_id=batch.organization_id).first() if batch.job_id else None
    rows = batch.rows.filter(organization_id=batch.organization_id).order_by("line")
    is_known = not batch.is_at_work and batch.state != Import.State.NEW
    is_carried_out = not batch.can_be_mapped and not batch.can_be_applied
    sampled = [
        (verdict, label, list(rows.filter(verdict=verdict).values("line", "raw", "reason", "key")[:SAMPLES_SHOWN]))
        for verdict, label in (
            ("reject", _("Lignes rejetées")),
            ("duplicate", _("Doublons probables")),
            ("create", _("Lignes créées") if is_carried_out else _("Lignes à créer")),
            ("update", _("Lignes mises à jour") if is_carried_out else _("Lignes à mettre à jour")),
        )
        if is_known and (batch.count(verdict) or (verdict == "reject" and batch.count("refused")))
    ]
    return {
        "batch": batch,
        "kind": kind_named(batch.kind),
        "job": job,
        "samples": sampled,
        "form": RunForm(initial={"on_duplicate": batch.on_duplicate}),
        "has_rejects": is_known and rejected_rows.exist(batch),
        "to_do": batch.count("create") + batch.count("update"),
        "done": {
            "created": batch.count("created"),
            "updated": batch.count("updated"),
            "unchanged": batch.count("unchanged"),
            "rejected": max(
                batch.rows_read - batch.count("unchanged") - batch.count("created") - batch.count("updated"), 0
            ),
        },
    }


def _visible(member):
    """Who imports for the whole organization sees all imports, others their own: the rows show what they hold."""
    batches = Import.objects.filter(organization_id=member.organization_id)
    return batches if member.reach.is_whole(Right.DATA_IMPORT) else batches.filter(created_by_id=member.user_id)


def _batch(request, import_id: int) -> Import:
    batch = _visible(request.member).filter(pk=import_id).first()
    if batch is None:
        raise NotFound
    actions.check_rights(batch.kind, request.member, by_operator=batch.by_operator)
    return batch


def _saved(request, batch: Import) -> ImportMapping:
    chosen = request.POST.get("saved", "")
    found = ImportMapping.objects.filter(
        organization_id=request.member.organization_id,
        kind=batch.kind,
        pk=int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0,
    ).first()
    if found is None:
        raise Refusal("E-MAPPING", _("Choisissez une correspondance gardée."), field="saved")
    return found


def _uploaded(request):
    file = request.FILES.get("mapping")
    if file is None:
        raise Refusal("E-MAPPING", _("Choisissez un fichier de correspondance (YAML)."), field="mapping")
    return from_yaml(file.read(1_000_000))


def _url(request, name: str, batch: Import) -> str:
    return reverse(f"exchange:{name}", args=[request.member.organization.slug, batch.pk])
