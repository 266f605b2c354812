"""What opens the top bar: home, and the clients."""

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.ui.extension_points import NavigationEntry


def top_bar(member) -> list[NavigationEntry]:
    if not member.can(Right.CLIENT_VIEW):
        return []
    slug = member.organization.slug
    return [
        NavigationEntry(_("Accueil"), "layout-dashboard", _at("workspace:home", slug), key="a", exact=True),
        NavigationEntry(_("Clients"), "users", _at("clients:list", slug), key="c"),
    ]


def _at(name: str, slug: str) -> str:
    return reverse(name, kwargs={"organization": slug})
