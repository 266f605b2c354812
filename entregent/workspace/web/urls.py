from django.urls import path

from entregent.workspace.web import client, home, search

app_name = "workspace"

urlpatterns = [
    path("", home.home, name="home"),
    path("recherche/", search.search, name="search"),
    path("clients/<str:number>/", client.client_file, name="client"),
]
