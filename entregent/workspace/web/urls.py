from django.urls import path

from entregent.workspace.web import client, home, search

app_name = "workspace"

urlpatterns = [
    path("", home.home, name="home"),
    path("accueil/interactions-recentes/", home.recent_interactions, name="recent"),
    path("accueil/blocages-de-credit/", home.clients_on_hold, name="held"),
    path("recherche/", search.search, name="search"),
    path("clients/<str:number>/", client.client_file, name="client"),
]
