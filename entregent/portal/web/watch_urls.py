"""The portal's pages for a member who sees them as a client does, at the staff's door."""

from django.urls import path

from entregent.portal.web import cases, details, documents, exchanges, home, transfers
from entregent.portal.web.watch import watched

app_name = "portal_watch"

urlpatterns = [
    path("portail/voir/<int:access_id>/", watched(home.home), name="home"),
    path("portail/voir/<int:access_id>/echanges/", watched(exchanges.exchanges), name="exchanges"),
    path("portail/voir/<int:access_id>/echanges/<int:number>/", watched(exchanges.exchange), name="exchange"),
    path("portail/voir/<int:access_id>/dossiers/", watched(cases.cases), name="cases"),
    path("portail/voir/<int:access_id>/dossiers/<int:number>/", watched(cases.case), name="case"),
    path("portail/voir/<int:access_id>/documents/", watched(documents.documents), name="documents"),
    path("portail/voir/<int:access_id>/documents/<int:pk>/", watched(documents.document), name="document"),
    path("portail/voir/<int:access_id>/coordonnees/", watched(details.details), name="details"),
    path("portail/voir/<int:access_id>/transferts/", watched(transfers.transfers), name="transfers"),
    path("portail/voir/<int:access_id>/transferts/<int:number>/", watched(transfers.transfer), name="transfer"),
    path(
        "portail/voir/<int:access_id>/transferts/<int:number>/fichiers/<int:pk>/",
        watched(transfers.transfer_file),
        name="transfer_file",
    ),
    path(
        "portail/voir/<int:access_id>/transferts/<int:number>/fichiers/<int:pk>/preuve/",
        watched(transfers.transfer_evidence),
        name="transfer_evidence",
    ),
]
