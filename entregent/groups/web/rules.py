"""« Suivre une règle »: a view of clients whose criteria say who is in the group; what that changes is told first."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import MemberRequest
from entregent.groups.actions.rules import set_rule
from entregent.groups.models import ClientGroup
from entregent.groups.rules import changes_of
from entregent.groups.web.door import at, for_managers, group_named
from entregent.groups.web.forms import GroupForm
from entregent.listing.actions import visible_views
from entregent.listing.conditions import check, mend, sentence
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.ui.pages import render, see

_NONE = "none"
_SHOWN = 5


class RuleForm(GroupForm):
    view = forms.ChoiceField(label=gettext_lazy("Quels clients ?"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, member: Membership, group: ClientGroup, **keywords):
        super().__init__(*args, **keywords)
        self.views = {f"view:{one.pk}": one for one in visible_views(member, "clients") if one.condition}
        fields: Any = self.fields
        fields["view"].choices = [
            (_NONE, _("Ceux que l'on choisit un par un")),
            *((key, _("Ceux de la vue « %(view)s »") % {"view": one}) for key, one in self.views.items()),
        ]

    def condition(self) -> Any:
        chosen = self.views.get(self.cleaned_data.get("view") or "")
        return chosen.condition if chosen is not None else None


@for_managers
def rule(request: MemberRequest, pk: int) -> HttpResponse:
    """A view is chosen, what it changes is shown, and then it is saved."""
    member = request.member
    group = group_named(member, pk)
    form = RuleForm(
        request.POST or (request.GET if "view" in request.GET else None), member=member, group=group,
        initial={"version": group.version},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        made = form.attempt(
            set_rule, group=group, by=member, condition=form.condition(), version=form.cleaned_data["version"]
        )
        if made is not None:
            return see(request, at("detail", member, pk=group.pk), toast=_("Règle enregistrée."))
    context = {
        "group": group,
        "form": form,
        "told": rule_in_words(group, member),
        "preview": _preview(group, form, member) if form.is_bound and form.is_valid() else None,
        "open": group.requests.open().first(),
    }
    return render(request, "groups/rule.html", context, status=form.status)


def rule_in_words(group: ClientGroup, member: Membership) -> str:
    if group.rule is None:
        return ""
    definition = lists(member)["clients"]
    return sentence(mend(group.rule, definition, member)[0], definition, member)


def _preview(group: ClientGroup, form: RuleForm, member: Membership) -> dict[str, Any]:
    """Who would come in and who would go, before anything is saved."""
    condition = form.condition()
    if condition is None:
        return {"is_rule": False}
    group.rule = check(condition, lists(member)["clients"], member).data
    changes = changes_of(group)
    sides: dict[str, Any] = {name: {"number": 0, "names": []} for name in ("entering", "leaving")}
    for name, found, path in zip(sides, changes or (), ("display_name", "client__display_name"), strict=False):
        names: Any = found.order_by().values_list(path, flat=True)
        sides[name] = {"number": names.count(), "names": sorted(names[:_SHOWN])}
    return {"is_rule": True, **sides}
