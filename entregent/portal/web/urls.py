"""Pages of the portal. What stands first cannot be an organization's slug (`organizations.actions.RESERVED_SLUGS`)."""

from django.urls import path

from entregent.portal.web import details, documents, exchanges, home, invitation

app_name = "portal"

urlpatterns = [
    path("", home.choose, name="choose"),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("<slug:organization>/", home.home, name="home"),
    path("<slug:organization>/echanges/", exchanges.exchanges, name="exchanges"),
    path("<slug:organization>/echanges/nouveau/", exchanges.new_request, name="new_request"),
    path("<slug:organization>/echanges/<int:number>/", exchanges.exchange, name="exchange"),
    path("<slug:organization>/documents/", documents.documents, name="documents"),
    path("<slug:organization>/documents/<int:pk>/", documents.document, name="document"),
    path("<slug:organization>/coordonnees/", details.details, name="details"),
    path("<slug:organization>/coordonnees/avis/", details.notices, name="notices"),
    path("<slug:organization>/coordonnees/renoncer/", details.renounce, name="renounce"),
    path("<slug:organization>/contexte/", home.choose_context, name="choose_context"),
]
