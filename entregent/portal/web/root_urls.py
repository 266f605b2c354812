"""Every URL of the portal's door. Staff pages do not exist here: no name of theirs can be made into an address."""

from django.urls import include, path

handler400 = "entregent.portal.web.errors.bad_request"
handler404 = "entregent.portal.web.errors.not_found"
handler500 = "entregent.portal.web.errors.fault"

urlpatterns = [
    path("portail/", include("entregent.portal.web.account_urls")),
    path("portail/", include("entregent.portal.web.urls")),
]
