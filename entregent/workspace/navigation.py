"""What opens the top bar: home, and the clients."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.organizations.models import Module
from entregent.ui.extension_points import NavigationEntry


def top_bar(member) -> list[NavigationEntry]:
    if not member.can(Right.CLIENT_VIEW):
        return []
    slug = member.organization.slug
    return [
        NavigationEntry(_("Accueil"), "layout-dashboard", _at("workspace:home", slug), key="a", exact=True),
        NavigationEntry(member.organization.term("clients"), "users", _at("clients:list", slug), key="c"),
        *_actions(member, slug),
    ]


def _actions(member, slug) -> list[NavigationEntry]:
    """« Actions »: what is done with many records at once. « Gérer les clients » needs its module (R004-01)."""
    items = []
    if member.organization.has_module(Module.CLIENT_MGMT):
        items.append(
            NavigationEntry(_("Gérer les clients"), "table", _at("workspace:client_management", slug), key="m")
        )
    items.append(NavigationEntry(_("Recherche avancée"), "filter", _at("workspace:advanced_search", slug)))
    if member.can(Right.CLIENT_CREATE):
        items.append(NavigationEntry(_("Nouveau client"), "plus", _at("clients:create", slug)))
        items.append(NavigationEntry(_("Nouveau prospect"), "user-plus", _at("clients:prospect_create", slug)))
    if member.can(Right.CLIENT_EDIT):
        items.append(NavigationEntry(_("Doublons possibles"), "users-group", _at("clients:pairs", slug)))
    if member.organization.has_module(Module.CASEWORK) and member.can(Right.DOCUMENT_WRITE):
        items.append(NavigationEntry(_("Courriers à imprimer"), "printer", _at("documents:letters", slug)))
    return [NavigationEntry(_("Actions"), "list-check", items[0].url, items=tuple(items))]


def _at(name: str, slug: str) -> str:
    return reverse(name, kwargs={"organization": slug})
