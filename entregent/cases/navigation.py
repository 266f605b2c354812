"""Where cases stand in the top bar and in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.cases.search import sees_cases
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Module
from entregent.ui.extension_points import NavigationEntry


def top_bar(member) -> list[NavigationEntry]:
    if not sees_cases(member):
        return []
    return [NavigationEntry(_("Dossiers"), "folder", _at("list", member), key="d")]


def administration(member) -> list[AdministrationEntry]:
    if not member.organization.has_module(Module.CASEWORK):
        return []
    entries = []
    if member.can(Right.CASE_TYPES):
        words = _("classification arbre sous-statut échéance modèle dossier")
        entries.append(AdministrationEntry(Section.WORK, _("Types de dossier"), "folder", _at("types", member), words))
        words = _("SLA délai première réponse suivante solution échéance promesse")
        entries.append(
            AdministrationEntry(Section.WORK, _("Délais de réponse"), "clock", _at("promises", member), words)
        )
    if member.can(Right.EXISTING_SYSTEM):
        words = _("affaire système d’information message signé secret transmission")
        entries.append(
            AdministrationEntry(Section.DATA, _("Système existant"), "send", _at("existing_system", member), words)
        )
    return entries


def _at(name: str, member) -> str:
    return reverse(f"cases:{name}", kwargs={"organization": member.organization.slug})
