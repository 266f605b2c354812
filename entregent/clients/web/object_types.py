"""Administration of the types of business objects."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.models import BusinessObjectType
from entregent.clients.web.editing import _version
from entregent.clients.web.forms import ObjectTypeForm
from entregent.clients.web.stale import Comparison
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Stale
from entregent.ui.pages import see


@requires(Right.OBJECT_TYPES)
def type_list(request) -> HttpResponse:
    types = list(BusinessObjectType.objects.filter(organization_id=request.member.organization_id))
    return render_administration(request, "clients/object_types.html", {"types": types})


@requires(Right.OBJECT_TYPES)
def type_create(request) -> HttpResponse:
    form = ObjectTypeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = form.attempt(actions.create_object_type, by=request.member, **form.values())
        if made is not None:
            return see(request, _list_url(request), toast=_("Le type « %(label)s » est créé.") % {"label": made.label})
    context = {"form": form, "object_type": None, "comparison": None, "refusal": None, "version": 0}
    return render_administration(request, "clients/object_type_form.html", context, status=422 if form.errors else 200)


@requires(Right.OBJECT_TYPES)
def type_edit(request, code) -> HttpResponse:
    object_type = BusinessObjectType.objects.filter(organization_id=request.member.organization_id, code=code).first()
    if object_type is None:
        raise NotFound
    initial = ObjectTypeForm.initial_of(object_type)
    form = ObjectTypeForm(request.POST or None, initial=initial)
    form.fields["code"].disabled = True
    comparison = refusal = None
    if request.method == "POST" and "delete" in request.POST:
        try:
            actions.delete_object_type(object_type, by=request.member)
        except Refusal as refused:
            refusal = refused
            form = ObjectTypeForm(initial=initial)
        else:
            return see(request, _list_url(request), toast=_("Le type est supprimé."))
    elif request.method == "POST" and form.is_valid():
        values = {name: value for name, value in form.values().items() if name != "code"}
        version = _version(request)
        try:
            saved = form.attempt(
                actions.update_object_type, object_type=object_type, by=request.member, version=version, **values
            )
        except Stale as stale:
            comparison = Comparison.of(stale, form, version, table="clients_businessobjecttype", read=_initial_of)
            form = ObjectTypeForm(comparison.merged, initial=initial)
            form.fields["code"].disabled = True
        else:
            if saved is not None:
                return see(request, _list_url(request), toast=_("Le type est enregistré."))
    context = {
        "form": form,
        "object_type": object_type,
        "comparison": comparison,
        "refusal": refusal,
        "version": comparison.version
        if comparison
        else object_type.version
        if request.method == "GET"
        else _version(request),
    }
    status = 409 if comparison or refusal else 422 if form.errors else 200
    return render_administration(request, "clients/object_type_form.html", context, status=status)


def _initial_of(row) -> dict:
    return ObjectTypeForm.initial_of(BusinessObjectType(**row) if isinstance(row, dict) else row)


def _list_url(request) -> str:
    return reverse("clients:object_types", args=[request.member.organization.slug])
