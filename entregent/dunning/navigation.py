"""Where dunning stands in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership, Module


def administration(member: Membership) -> list[AdministrationEntry]:
    if not member.organization.has_module(Module.CASEWORK) or not member.can(Right.DUNNING):
        return []
    url = reverse("dunning:plans", kwargs={"organization": member.organization.slug})
    words = _("relance impayé facture échéance retard recouvrement lettre")
    return [AdministrationEntry(Section.WORK, _("Relances"), "file-invoice", url, words)]
