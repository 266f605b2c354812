"""Where interactions stand in the top bar and in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Module
from entregent.ui.extension_points import NavigationEntry


def top_bar(member) -> list[NavigationEntry]:
    if not member.can(Right.INTERACTION_VIEW):
        return []
    return [NavigationEntry(_("Interactions"), "message-2", _at("list", member), key="i")]


def administration(member) -> list[AdministrationEntry]:
    shown = []
    if member.can(Right.TOPICS):
        words = _("motif type de contact composer touche chiffre")
        shown.append(AdministrationEntry(Section.EXCHANGES, _("Rubriques"), "tags", _at("topics", member), words))
    if member.can(Right.TEMPLATES):
        words = _("modèle contact dossier éligibilité objets interlocuteurs agents rubrique")
        label = _("Modèles de contact et de dossier")
        shown.append(AdministrationEntry(Section.EXCHANGES, label, "clipboard", _at("templates", member), words))
    if member.can(Right.SETTINGS) and member.organization.has_module(Module.PORTAL):
        words = _("clients accueil conditions invitation collègues coordonnées")
        shown.append(
            AdministrationEntry(
                Section.ORGANIZATION, _("Portail client"), "globe", _at("portal_settings", member), words
            )
        )
    return shown


def _at(name: str, member) -> str:
    return reverse(f"interactions:{name}", kwargs={"organization": member.organization.slug})
