"""Where loan applications and head office stand in the top bar and in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Module
from entregent.ui.extension_points import NavigationEntry


def is_on(member) -> bool:
    return member.organization.has_module(Module.MORTGAGE)


def top_bar(member) -> list[NavigationEntry]:
    if not is_on(member):
        return []
    entries = []
    if member.can(Right.LOAN_VIEW):
        entries.append(NavigationEntry(_("Demandes de prêt"), "file-text", _at("list", member)))
    if member.can(Right.HEAD_OFFICE):
        entries.append(NavigationEntry(_("Siège social"), "building", _at("head_office", member)))
    return entries


def administration(member) -> list[AdministrationEntry]:
    if not is_on(member) or not member.can(Right.SETTINGS):
        return []
    words = _("siège social chargement automatique transmission effectif GRC inscription hypothèque")
    return [AdministrationEntry(Section.ORGANIZATION, _("Effectif GRC"), "building", _at("settings", member), words)]


def _at(name: str, member) -> str:
    return reverse(f"enrollment:{name}", kwargs={"organization": member.organization.slug})
