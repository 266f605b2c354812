"""« Configurer mon portail »: where groups of clients stand in the top bar."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.models import Membership, Module
from entregent.ui.extension_points import NavigationEntry


def top_bar(member: Membership) -> list[NavigationEntry]:
    """For account managers of a service provider; nobody else is offered it (R002-01, -02)."""
    if not is_offered(member):
        return []
    organization = member.organization
    relationships = reverse("relationships:list", kwargs={"organization": organization.slug})
    items = (
        NavigationEntry(_("Gérer mes groupes de clients"), "users-group", _at("list", member), key="r"),
        NavigationEntry(_("Accès des employés"), "user-check", _at("employees", member)),
        NavigationEntry(_("Demandes de traitement"), "list-check", _at("requests", member)),
        *(
            [NavigationEntry(_("Relations d'affaires"), "building", relationships)]
            if member.can(Right.RELATIONSHIPS)
            else []
        ),
    )
    return [NavigationEntry(_("Configurer mon portail"), "settings", items[0].url, items=items)]


def is_offered(member: Membership) -> bool:
    organization = member.organization
    is_there = organization.has_module(Module.DELEGATION) and bool(organization.provider_kind)
    return is_there and member.reach.is_whole(Right.GROUP_MANAGE)


def _at(name: str, member: Membership) -> str:
    return reverse(f"groups:{name}", kwargs={"organization": member.organization.slug})
