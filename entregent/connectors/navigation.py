"""Where connectors stand in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section


def administration(member) -> list[AdministrationEntry]:
    if not member.can(Right.CONNECTORS):
        return []
    words = _("connecteur webhook sftp dépôt fichiers odoo espocrm entregent synchronisation retrait accusé")
    address = reverse("connectors:list", kwargs={"organization": member.organization.slug})
    return [AdministrationEntry(Section.DATA, _("Connecteurs"), "link", address, words)]
