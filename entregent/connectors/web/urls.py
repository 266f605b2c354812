from django.urls import path

from entregent.connectors.web import views

app_name = "connectors"

urlpatterns = [
    path("clients/<str:number>/autres-systemes/", views.of_client, name="of_client"),
    path("administration/connecteurs/", views.connector_list, name="list"),
    path("administration/connecteurs/nouveau/", views.connector_create, name="create"),
    path("administration/connecteurs/<int:pk>/", views.connector_detail, name="connector"),
    path("administration/connecteurs/<int:pk>/reglages/", views.connector_update, name="update"),
    path("administration/connecteurs/<int:pk>/suppression/", views.connector_delete, name="delete"),
    path("administration/connecteurs/<int:pk>/test/", views.connector_try, name="try"),
    path("administration/connecteurs/<int:pk>/secret/", views.secret_rotate, name="secret"),
    path("administration/connecteurs/<int:pk>/envoi/", views.everything_send, name="send"),
    path("administration/connecteurs/<int:pk>/essai/", views.dry_run, name="dry_run"),
    path("administration/connecteurs/<int:pk>/rejeu/", views.failed_replay, name="replay"),
    path("administration/connecteurs/<int:pk>/rattachement/", views.copy_map, name="map"),
    path("administration/connecteurs/<int:pk>/echanges/<int:exchange>/", views.exchange_detail, name="exchange"),
    path(
        "administration/connecteurs/<int:pk>/echanges/<int:exchange>/rejeu/", views.exchange_replay,
        name="exchange_replay",
    ),
]  # fmt: skip
