"""Where plans of action stand in the top bar and in the administration."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import AdministrationEntry, Section
from entregent.organizations.models import Membership, Module
from entregent.ui.extension_points import NavigationEntry


def top_bar(member: Membership) -> list[NavigationEntry]:
    if not member.organization.has_module(Module.CASEWORK) or not member.can(Right.PROCESS_RUN):
        return []
    url = reverse("processes:work", kwargs={"organization": member.organization.slug})
    return [NavigationEntry(_("Mon travail"), "list-check", url, key="t")]


def administration(member: Membership) -> list[AdministrationEntry]:
    if not member.organization.has_module(Module.CASEWORK) or not member.can(Right.PROCESS_DESIGN):
        return []
    url = reverse("processes:processes", kwargs={"organization": member.organization.slug})
    words = _("processus étapes échéances schéma concevoir publier migrer modèles")
    return [AdministrationEntry(Section.WORK, _("Plans d'action"), "route", url, words)]
