"""Where this area stands in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership


def administration(member: Membership) -> list[AdministrationEntry]:
    slug, entries = member.organization.slug, []
    if member.can(Right.OBJECT_TYPES):
        words = _("contrat facture compteur relève point de livraison état attribut")
        url = reverse("clients:object_types", args=[slug])
        entries.append(AdministrationEntry(Section.CLIENTS, _("Types d’objets métier"), "file-invoice", url, words))
    if member.can(Right.SETTINGS):
        words = _("doublon fusion ressemblance poids seuil score")
        url = reverse("clients:duplicate_rules", args=[slug])
        entries.append(AdministrationEntry(Section.CLIENTS, _("Règles de doublons"), "git-merge", url, words))
    if member.can(Right.CLIENT_DELETE):
        words = _("corbeille rétablir restaurer suppression")
        url = reverse("clients:deleted", args=[slug])
        entries.append(AdministrationEntry(Section.CLIENTS, _("Clients supprimés"), "trash", url, words))
    return entries
