"""Administration of custom fields: define, order, archive, delete, restore, purge."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.listing import custom_field_actions as actions
from entregent.listing.custom_columns import views_using
from entregent.listing.custom_fields import subject_named, subjects
from entregent.listing.models import CustomField
from entregent.listing.web.forms import CustomFieldForm
from entregent.organizations.web.administration import render_administration, with_version
from entregent.organizations.web.forms import both_versions
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, see

FORM = "listing/custom_field.html"


@requires(Right.CUSTOM_FIELDS)
def field_list(request: MemberRequest) -> HttpResponse:
    known = list(CustomField.objects.filter(organization_id=request.member.organization_id))
    groups = [
        (subject, [field for field in known if field.subject == subject.code and field.deleted_at is None])
        for subject in subjects()
    ]
    context = {"groups": groups, "deleted": [field for field in known if field.deleted_at is not None]}
    return render_administration(request, "listing/custom_fields.html", context)


@requires(Right.CUSTOM_FIELDS)
def field_create(request: MemberRequest) -> HttpResponse:
    form = CustomFieldForm(request.POST or None, subject=request.GET.get("sur", "client"))
    if request.method == "POST" and form.is_valid():
        try:
            created = actions.create_custom_field(by=request.member, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, _("Champ « %(field)s » créé.") % {"field": created.label})
    return _form(request, form, None)


@requires(Right.CUSTOM_FIELDS)
def field_edit(request: MemberRequest, pk: int) -> HttpResponse:
    field = _field(request, pk)
    form = CustomFieldForm(request.POST or None, field=field)
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            saved = actions.update_custom_field(field, by=request.member, version=version, **form.values())
        except Stale as refusal:
            form = CustomFieldForm(with_version(request, refusal.current.version), field=field)
            form.is_valid()
            versions = both_versions(form, CustomFieldForm(field=refusal.current))
            return _form(request, form, field, refusal=refusal, versions=versions)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, _("Champ « %(field)s » enregistré.") % {"field": saved.label})
    return _form(request, form, field)


@requires(Right.CUSTOM_FIELDS)
@require_POST
def field_offer(request: MemberRequest, pk: int) -> HttpResponse:
    """« Archiver » and « Proposer de nouveau »."""
    field = _field(request, pk)
    if request.POST.get("to") == "archived":
        actions.archive_custom_field(field, by=request.member)
        return _back(request, _("Champ « %(field)s » archivé.") % {"field": field.label})
    actions.offer_custom_field(field, by=request.member)
    return _back(request, _("Champ « %(field)s » proposé de nouveau.") % {"field": field.label})


@requires(Right.CUSTOM_FIELDS)
def field_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Says what uses the field, and offers to archive it instead."""
    field = _field(request, pk)
    if request.method == "POST":
        actions.delete_custom_field(field, by=request.member)
        return see(
            request,
            _address(request, "custom_fields"),
            toast=_("Champ « %(field)s » supprimé.") % {"field": field.label},
            undo_url=_address(request, "custom_field_restore", pk=field.pk),
        )
    context = {"field": field, "uses": uses_of(field, request.member), "subject": subject_named(field.subject)}
    return render_administration(request, "listing/custom_field_delete.html", context)


@requires(Right.CUSTOM_FIELDS)
@require_POST
def field_restore(request: MemberRequest, pk: int) -> HttpResponse:
    field = actions.restore_custom_field(_field(request, pk, is_deleted=True), by=request.member)
    return _back(request, _("Champ « %(field)s » rétabli.") % {"field": field.label})


@requires(Right.PURGE)
def field_purge(request: MemberRequest, pk: int) -> HttpResponse:
    """For good: the values of a deleted field go, record after record, then the field."""
    field = _field(request, pk, is_deleted=True)
    refusal = None
    if request.method == "POST":
        if request.POST.get("word", "").strip() == _("EFFACER"):
            job = actions.purge_custom_field(field, by=request.member)
            url = reverse("jobs:detail", kwargs={"organization": request.member.organization.slug, "job_id": job.pk})
            return see(request, url)
        refusal = _("Tapez %(word)s pour confirmer.") % {"word": _("EFFACER")}
    context = {"field": field, "held": actions.values_held(field), "refusal": refusal}
    status = 422 if refusal else 200
    return render_administration(request, "listing/custom_field_purge.html", context, status=status)


def uses_of(field: CustomField, member) -> list[str]:
    """« 42 clients ont une valeur », « 2 vues l’utilisent »: what a deletion hides."""
    held, views = actions.values_held(field), views_using(field, member)
    sentences = []
    if held:
        sentences.append(
            ngettext("%(num)d fiche a une valeur.", "%(num)d fiches ont une valeur.", held) % {"num": held}
        )
    if views:
        told = ngettext("%(num)d vue l’utilise :", "%(num)d vues l’utilisent :", len(views)) % {"num": len(views)}
        sentences.append(f"{told} {', '.join(view.name for view in views[:10])}.")
    return sentences


def _field(request: MemberRequest, pk: int, *, is_deleted: bool = False) -> CustomField:
    found = CustomField.objects.filter(
        pk=pk, organization_id=request.member.organization_id, deleted_at__isnull=not is_deleted
    ).first()
    if found is None:
        raise NotFound
    return found


def _form(request: MemberRequest, form, field, *, refusal=None, versions=()) -> HttpResponse:
    context = {"form": form, "field": field, "refusal": refusal, "versions": list(versions), "uses": [], "dropped": []}
    if field is not None:
        context |= {
            "uses": uses_of(field, request.member),
            "subject": subject_named(field.subject),
            "dropped": [one for one in field.options if not one.get("is_active", True)],
        }
    status = refusal.status if refusal else 422 if request.method == "POST" else 200
    return render_administration(request, FORM, context, status=status)


def _back(request: MemberRequest, toast: str) -> HttpResponse:
    return see(request, _address(request, "custom_fields"), toast=toast)


def _address(request: MemberRequest, name: str, **kwargs) -> str:
    return reverse(f"listing:{name}", kwargs={"organization": request.member.organization.slug, **kwargs})
