"""Where custom fields stand in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section


def administration(member) -> list[AdministrationEntry]:
    if not member.can(Right.CUSTOM_FIELDS):
        return []
    words = _("attribut propriété liste case à cocher date nombre formulaire client personne interaction")
    url = reverse("listing:custom_fields", kwargs={"organization": member.organization.slug})
    return [AdministrationEntry(Section.CLIENTS, _("Champs personnalisés"), "list-details", url, words)]
