"""Every URL of the product. Pages under `/<organization>/` carry the organization's slug: an address means one thing."""

from django.conf import settings
from django.urls import include, path

# What stands at the root cannot be an organization's slug: `organizations.actions.RESERVED_SLUGS`.
urlpatterns = [
    path("", include("entregent.organizations.web.account_urls")),
    *([path("ui/", include("entregent.ui.web.urls"))] if settings.DEMO or settings.DEBUG else []),
    path("<slug:organization>/", include("entregent.workspace.web.urls")),
    path("<slug:organization>/", include("entregent.clients.web.urls")),
    path("<slug:organization>/", include("entregent.interactions.web.urls")),
    path("<slug:organization>/", include("entregent.exchange.web.urls")),
    path("<slug:organization>/", include("entregent.organizations.web.urls")),
    path("<slug:organization>/", include("entregent.outbox.web.urls")),
    path("<slug:organization>/", include("entregent.jobs.web.urls")),
]
