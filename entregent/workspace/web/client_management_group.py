"""« Affecter à un groupe » for the clients of a selection: who would come in and who not, then the request."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.groups.actions.requests import checked_name, group_selection, manages_groups, word_for
from entregent.groups.models import ClientGroup
from entregent.groups.selection import preview
from entregent.groups.web.door import asked
from entregent.groups.web.forms import GroupForm
from entregent.groups.web.reading import role_label
from entregent.listing import pages
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal
from entregent.ui.pages import render
from entregent.workspace.web.client_management_bulk import carried, selection_of
from entregent.workspace.web.client_management_pane import MODULE

_NEW = "new"
_OWN = ("group", "name", "word", "version", "number", "step")


class ToGroupForm(GroupForm):
    """Into which group, and what was seen of it."""

    group = forms.ChoiceField(label=gettext_lazy("Groupe"))
    name = forms.CharField(label=gettext_lazy("Nom du nouveau groupe"), required=False)
    word = forms.CharField(required=False)
    version = forms.IntegerField(required=False)
    number = forms.IntegerField(required=False)
    clients = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, member: Membership, **keywords):
        super().__init__(*args, **keywords)
        # Those that follow a rule are filled by it.
        self.groups = {
            str(one.pk): one for one in ClientGroup.objects.of(member.organization).live() if one.rule is None
        }
        fields: Any = self.fields
        fields["group"].choices = [(_NEW, _("Nouveau groupe")), *((key, one.name) for key, one in self.groups.items())]

    @property
    def chosen(self) -> ClientGroup | None:
        return self.groups.get(self.cleaned_data.get("group", ""))


@requires(Right.GROUP_MANAGE, module=MODULE)
@require_POST
def bulk_group(request) -> HttpResponse:
    """The choice of the group; who enters it, who cannot and why; « Affecter » asks for the change."""
    member, step = request.member, request.POST.get("step", "")
    manages_groups(member)
    selection = selection_of(request)
    if selection["ids"] is not None and not selection["ids"]:
        raise Refusal("E-SELECTION", _("Sélectionnez au moins un client."), field="selection")
    clients = pages.selected(selection, lists(member)["clients"], member)
    form = ToGroupForm(request.POST if step else None, member=member, initial={"group": _NEW})
    is_chosen = bool(step) and form.is_valid()
    if is_chosen and step == "assign":
        data = {name: form.cleaned_data[name] for name in ("name", "word", "version", "number")}
        made = form.attempt(group_selection, group=form.chosen, by=member, selection=clients, **data)
        if made is not None:
            return asked(request, made)
    elif is_chosen and form.chosen is None:
        is_chosen = form.attempt(checked_name, name=form.cleaned_data["name"], by=member) is not None
    group = form.chosen if is_chosen else None
    seen = preview(clients, group, member.organization) if is_chosen else None
    employees = group.assignments.live().select_related("user").order_by("user__name") if group is not None else []
    context = {
        "form": form,
        "group": group,
        "preview": seen,
        "employees": [{"name": one.user.name, "role": role_label(one.role)} for one in employees],
        "word": word_for("confirm"),
        "open": group.requests.open().first() if group is not None else None,
        "carried": carried(request, _OWN),
    }
    return render(request, "workspace/client_management_group.html", context, status=form.status)
