"""What employees are told of groups: that they work with one, in which role, and that they do no longer (§3.6)."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.groups.models import GROUP_ROLES, ProcessingRequest, ProcessingRow
from entregent.notifications.actions import notify
from entregent.notifications.extension_points import About, Event
from entregent.organizations.models import Module

ACCESS = "group.access"


def group_events() -> list[Event]:
    return [
        Event(
            ACCESS, gettext_lazy("Mon accès à un groupe de clients change"), _sentence, about=About.ONESELF,
            icon="users-group", module=Module.DELEGATION,
        )
    ]  # fmt: skip


def _sentence(words: dict) -> str:
    if not words["role"]:
        return _("Vous n'avez plus accès aux clients du groupe « %(group)s ».") % {"group": words["group"]}
    role = dict(GROUP_ROLES).get(words["role"], words["role"])
    return _("Vous avez accès aux clients du groupe « %(group)s » : %(role)s.") % {
        "group": words["group"], "role": str(role),
    }  # fmt: skip


def tell_employees(request: ProcessingRequest, *, by) -> None:
    """Those whose role in the group has just changed, one message for each role."""
    rows = request.rows.filter(change=ProcessingRow.Change.ROLE, result=ProcessingRow.Result.OK)
    roles: dict[str, list[int]] = {}
    for user_id, role in rows.values_list("user_id", "role_after"):
        roles.setdefault(role, []).append(user_id)
    url = reverse("clients:list", kwargs={"organization": request.organization.slug})
    for role, users in roles.items():
        words = {"group": request.group_name, "role": role}
        notify(organization=request.organization, event=ACCESS, users=users, url=url, words=words, by=by)
