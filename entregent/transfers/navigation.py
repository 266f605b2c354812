"""Where transfers stand in the administration, and who sees them at all."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Module
from entregent.ui.extension_points import NavigationEntry


def sees_transfers(member) -> bool:
    """The module is on, and the portal that it needs."""
    organization = member.organization
    on = organization.has_module(Module.FILE_TRANSFER) and organization.has_module(Module.PORTAL)
    return on and member.can(Right.TRANSFER_VIEW)


def top_bar(member) -> list[NavigationEntry]:
    if not sees_transfers(member) or not member.can(Right.TRANSFER_SEND):
        return []
    return [NavigationEntry(_("Transferts"), "transfer", _at("list", member))]


def administration(member) -> list[AdministrationEntry]:
    if not member.can(Right.SETTINGS):
        return []
    words = _("fichier transfert taille limite durée rappel signature sceau antivirus")
    return [
        AdministrationEntry(Section.EXCHANGES, _("Fichiers et transferts"), "transfer", _at("settings", member), words)
    ]


def _at(name: str, member) -> str:
    return reverse(f"transfers:{name}", kwargs={"organization": member.organization.slug})
