"""Where relationships stand in the top bar and in the administration: for service providers only (R002-01)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership
from entregent.relationships.reach import is_provider
from entregent.ui.extension_points import NavigationEntry


def top_bar(member: Membership) -> list[NavigationEntry]:
    if not is_provider(member) or not member.can(Right.RELATIONSHIPS):
        return []
    if member.reach.is_whole(Right.GROUP_MANAGE):
        return []  # They find it under « Configurer mon portail », with groups of clients.
    url = reverse("relationships:list", kwargs={"organization": member.organization.slug})
    return [NavigationEntry(_("Relations d'affaires"), "user-check", url)]


def administration(member: Membership) -> list[AdministrationEntry]:
    if not is_provider(member) or not member.can(Right.SETTINGS):
        return []
    url = reverse("relationships:settings", kwargs={"organization": member.organization.slug})
    words = _("délai demande accès attente réponse jours fournisseur")
    return [AdministrationEntry(Section.ORGANIZATION, _("Délais des relations d'affaires"), "clock", url, words)]
