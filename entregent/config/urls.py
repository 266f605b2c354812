"""Every URL of the product. Pages under `/<organization>/` carry its slug: an address means one thing to everybody."""

from django.conf import settings
from django.urls import include, path

from entregent.config import health
from entregent.exchange.web.calendar import calendar
from entregent.portal.web import account_urls as portal_account_urls

handler400 = "entregent.ui.web.errors.bad_request"
handler404 = "entregent.ui.web.errors.not_found"
handler500 = "entregent.ui.web.errors.fault"

# What stands at the root cannot be an organization's slug: `organizations.actions.RESERVED_SLUGS`.
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("agenda/<str:secret>.ics", calendar, name="calendar"),
    path("api/v1/", include("entregent.api.urls")),
    path("", include("entregent.organizations.web.account_urls")),
    # The client portal is asked by its own URL conf (portal/sessions.py); here its addresses can be made and walked.
    path("portail/", include((portal_account_urls.urlpatterns, "portal_account"))),
    path("portail/entreprises/", include("entregent.portal.web.accounts_urls")),
    path("portail/", include("entregent.portal.web.urls")),
    *([path("ui/", include("entregent.ui.web.urls"))] if settings.DEMO or settings.DEBUG else []),
    *([path("demo/", include("entregent.organizations.web.demo_urls"))] if settings.DEMO else []),
    *([path("demo/", include("entregent.cases.web.demo_urls"))] if settings.DEMO else []),
    path("<slug:organization>/", include("entregent.portal.web.watch_urls")),
    # What is asked for all day stands first: an address is compared with one after another. After the words that the
    # area of clients puts after `clients/`, since `clients/<number>/` would take them.
    path("<slug:organization>/", include("entregent.clients.web.urls")),
    path("<slug:organization>/", include("entregent.workspace.web.urls")),
    path("<slug:organization>/", include("entregent.interactions.web.urls")),
    path("<slug:organization>/", include("entregent.cases.web.urls")),
    path("<slug:organization>/", include("entregent.documents.web.urls")),
    path("<slug:organization>/", include("entregent.inbound.web.urls")),
    path("<slug:organization>/", include("entregent.dashboards.web.urls")),
    path("<slug:organization>/", include("entregent.listing.web.urls")),
    path("<slug:organization>/", include("entregent.exchange.web.urls")),
    path("<slug:organization>/", include("entregent.webhooks.web.urls")),
    path("<slug:organization>/", include("entregent.transfers.web.urls")),
    path("<slug:organization>/", include("entregent.enrollment.web.urls")),
    path("<slug:organization>/", include("entregent.connectors.web.urls")),
    path("<slug:organization>/", include("entregent.processes.web.urls")),
    path("<slug:organization>/", include("entregent.dunning.web.urls")),
    path("<slug:organization>/", include("entregent.groups.web.urls")),
    path("<slug:organization>/", include("entregent.relationships.web.urls")),
    path("<slug:organization>/", include("entregent.organizations.web.urls")),
    path("<slug:organization>/", include("entregent.notifications.web.urls")),
    path("<slug:organization>/", include("entregent.outbox.web.urls")),
    path("<slug:organization>/", include("entregent.jobs.web.urls")),
]
