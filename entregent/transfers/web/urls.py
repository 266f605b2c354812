from django.urls import path

from entregent.transfers.web import settings, views

app_name = "transfers"

urlpatterns = [
    path("transferts/", views.transfer_list, name="list"),
    path("transferts/envoyer/", views.transfer_send, name="send"),
    path("transferts/demander/", views.transfer_request, name="request"),
    path("transferts/sceau/", settings.seal, name="seal"),
    path("transferts/envois/", views.upload_begin, name="upload_begin"),
    path("transferts/envois/<str:token>/", views.upload_state, name="upload_state"),
    path("transferts/envois/<str:token>/<int:offset>/", views.upload_piece, name="upload_piece"),
    path("transferts/<int:number>/", views.transfer_detail, name="detail"),
    path("transferts/<int:number>/volet/", views.transfer_pane, name="pane"),
    path("transferts/<int:number>/fichiers/<int:pk>/", views.file_download, name="file"),
    path("transferts/<int:number>/fichiers/<int:pk>/preuve/", views.evidence_download, name="evidence"),
    path("transferts/<int:number>/relancer/", views.transfer_remind, name="remind"),
    path("transferts/<int:number>/annuler/", views.transfer_cancel, name="cancel"),
    path("transferts/<int:number>/supprimer/", views.transfer_delete, name="delete"),
    path("transferts/<int:number>/retablir/", views.transfer_restore, name="restore"),
    path("transferts/<int:number>/acces/", views.access_promote, name="promote"),
    path("clients/<str:number>/transferts/", views.client_transfers, name="of_client"),
    path("administration/transferts/", settings.settings, name="settings"),
]
