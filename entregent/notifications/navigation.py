"""Where the organization's choice of announcements stands in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.notifications.extension_points import all_events
from entregent.organizations.extension_points import AdministrationEntry, Section


def administration(member) -> list[AdministrationEntry]:
    if not member.can(Right.SETTINGS) or not any(event.by_settings for event in all_events().values()):
        return []
    url = reverse("notifications:rules", kwargs={"organization": member.organization.slug})
    return [
        AdministrationEntry(
            Section.ORGANIZATION, _("Avertissements"), "bell", url, _("notifications alertes annonces cloche")
        )
    ]
