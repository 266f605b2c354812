"""Pages of the portal. What stands first cannot be an organization's slug (`organizations.actions.RESERVED_SLUGS`)."""

from django.urls import path

from entregent.portal.web import cases, details, documents, exchanges, home, invitation, transfers

app_name = "portal"

urlpatterns = [
    path("", home.choose, name="choose"),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("<slug:organization>/", home.home, name="home"),
    path("<slug:organization>/echanges/", exchanges.exchanges, name="exchanges"),
    path("<slug:organization>/echanges/nouveau/", exchanges.new_request, name="new_request"),
    path("<slug:organization>/echanges/telecharger/", exchanges.download, name="download"),
    path("<slug:organization>/echanges/<int:number>/", exchanges.exchange, name="exchange"),
    path("<slug:organization>/dossiers/", cases.cases, name="cases"),
    path("<slug:organization>/dossiers/<int:number>/", cases.case, name="case"),
    path("<slug:organization>/documents/", documents.documents, name="documents"),
    path("<slug:organization>/documents/<int:pk>/", documents.document, name="document"),
    path("<slug:organization>/coordonnees/", details.details, name="details"),
    path("<slug:organization>/coordonnees/avis/", details.notices, name="notices"),
    path("<slug:organization>/coordonnees/renoncer/", details.renounce, name="renounce"),
    path("<slug:organization>/transferts/", transfers.transfers, name="transfers"),
    path("<slug:organization>/transferts/<int:number>/", transfers.transfer, name="transfer"),
    path("<slug:organization>/transferts/<int:number>/fichiers/", transfers.transfer_add, name="transfer_add"),
    path(
        "<slug:organization>/transferts/<int:number>/fichiers/<int:pk>/", transfers.transfer_file, name="transfer_file"
    ),
    path(
        "<slug:organization>/transferts/<int:number>/fichiers/<int:pk>/retrait/",
        transfers.transfer_remove,
        name="transfer_remove",
    ),
    path(
        "<slug:organization>/transferts/<int:number>/fichiers/<int:pk>/signature/",
        transfers.transfer_sign,
        name="transfer_sign",
    ),
    path(
        "<slug:organization>/transferts/<int:number>/fichiers/<int:pk>/preuve/",
        transfers.transfer_evidence,
        name="transfer_evidence",
    ),
    path("<slug:organization>/transferts/<int:number>/remise/", transfers.transfer_complete, name="transfer_complete"),
    path("<slug:organization>/transferts/<int:number>/envois/", transfers.upload_begin, name="transfer_uploads"),
    path(
        "<slug:organization>/transferts/<int:number>/envois/<str:token>/",
        transfers.upload_state,
        name="transfer_upload_state",
    ),
    path(
        "<slug:organization>/transferts/<int:number>/envois/<str:token>/<int:offset>/",
        transfers.upload_piece,
        name="transfer_upload_piece",
    ),
    path("<slug:organization>/contexte/", home.choose_context, name="choose_context"),
]
