from django.urls import path

from entregent.outbox.web import views

app_name = "outbox"

urlpatterns = [
    path("administration/boite-d-envoi/", views.message_list, name="list"),
    path("administration/boite-d-envoi/<int:message_id>/", views.message_detail, name="detail"),
    path("administration/boite-d-envoi/<int:message_id>/nouvel-essai/", views.retry_create, name="retry"),
]
