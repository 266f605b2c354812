from django.urls import path

from entregent.webhooks.web import views

app_name = "webhooks"

urlpatterns = [
    path("administration/webhooks/", views.webhook_list, name="list"),
    path("administration/webhooks/nouveau/", views.webhook_create, name="create"),
    path("administration/webhooks/<int:pk>/", views.webhook_detail, name="detail"),
    path("administration/webhooks/<int:pk>/modification/", views.webhook_update, name="update"),
    path("administration/webhooks/<int:pk>/suppression/", views.webhook_delete, name="delete"),
    path("administration/webhooks/<int:pk>/secret/", views.secret_rotate, name="secret"),
    path("administration/webhooks/<int:pk>/essai/", views.connection_try, name="try"),
    path("administration/webhooks/<int:pk>/nouvel-essai/", views.replay, name="replay"),
]
