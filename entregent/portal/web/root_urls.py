"""Every URL of the portal's door. Pages of the staff cannot be reached here; their names make addresses all the same,
for what a client's action tells the staff by mail and in the application."""

from importlib import import_module

from django.conf import settings
from django.urls import URLResolver, include, path
from django.urls.exceptions import Resolver404

handler400 = "entregent.portal.web.errors.bad_request"
handler404 = "entregent.portal.web.errors.not_found"
handler500 = "entregent.portal.web.errors.fault"


class NamesOnly(URLResolver):
    """Addresses can be made of the names below it, and none of them leads anywhere."""

    def resolve(self, path):
        raise Resolver404({"path": path, "tried": []})


def _names_of_the_staff() -> list[NamesOnly]:
    return [
        NamesOnly(part.pattern, part.urlconf_name, part.default_kwargs, part.app_name, part.namespace)
        for part in import_module(settings.ROOT_URLCONF).urlpatterns
        if isinstance(part, URLResolver) and part.namespace and not part.namespace.startswith("portal")
    ]


urlpatterns = [
    path("portail/", include("entregent.portal.web.account_urls")),
    path("portail/entreprises/", include("entregent.portal.web.accounts_urls")),
    path("portail/", include("entregent.portal.web.urls")),
    *_names_of_the_staff(),
]
