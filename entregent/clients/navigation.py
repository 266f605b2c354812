"""Where this area stands in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry
from entregent.organizations.models import Membership


def administration(member: Membership) -> list[AdministrationEntry]:
    if not member.can(Right.OBJECT_TYPES):
        return []
    url = reverse("clients:object_types", args=[member.organization.slug])
    words = _("contrat facture compteur relève point de livraison état attribut")
    return [AdministrationEntry(_("Types d’objets métier"), "file-invoice", url, words)]
