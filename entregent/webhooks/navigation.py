"""Where webhooks stand in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership


def administration(member: Membership) -> list[AdministrationEntry]:
    if not member.can(Right.WEBHOOKS) or not member.reach.is_whole(Right.CLIENT_VIEW):
        return []
    url = reverse("webhooks:list", kwargs={"organization": member.organization.slug})
    words = _("webhook évènement message signature secret intégration autre système adresse")
    return [AdministrationEntry(Section.DATA, _("Webhooks"), "plug", url, words)]
