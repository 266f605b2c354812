"""Where interactions stand in the top bar and in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry
from entregent.ui.extension_points import NavigationEntry


def top_bar(member) -> list[NavigationEntry]:
    if not member.can(Right.INTERACTION_VIEW):
        return []
    return [NavigationEntry(_("Interactions"), "message-2", _at("list", member), key="i")]


def administration(member) -> list[AdministrationEntry]:
    if not member.can(Right.TOPICS):
        return []
    words = _("motif type de contact composer touche chiffre")
    return [AdministrationEntry(_("Rubriques"), "tags", _at("topics", member), words)]


def _at(name: str, member) -> str:
    return reverse(f"interactions:{name}", kwargs={"organization": member.organization.slug})
