from django.urls import path

from entregent.relationships.web import asking, relations, settings

app_name = "relationships"

urlpatterns = [
    path("relations-d-affaires/", relations.relation_list, name="list"),
    path("relations-d-affaires/demandes/", asking.request_list, name="requests"),
    path("relations-d-affaires/demander/", asking.ask, name="ask"),
    path("relations-d-affaires/demandes/<int:pk>/", asking.request_detail, name="request"),
    path("relations-d-affaires/demandes/<int:pk>/annuler/", asking.cancel, name="cancel"),
    path("relations-d-affaires/registre.csv", relations.register_file, name="register"),
    path("relations-d-affaires/<int:pk>/", relations.detail, name="detail"),
    path("relations-d-affaires/<int:pk>/abandonner/", relations.give_up, name="give_up"),
    path("administration/relations-d-affaires/", settings.delays, name="settings"),
]
