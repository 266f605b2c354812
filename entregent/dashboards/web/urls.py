from django.urls import path

from entregent.dashboards.web import views

app_name = "dashboards"

urlpatterns = [
    path("tableau-de-bord/", views.firm, name="firm"),
    path("tableau-de-bord/disposition/", views.arrange, name="arrange"),
    path("tableau-de-bord/<slug:code>/", views.portlet, name="portlet"),
    path("clients/<str:number>/tableau-de-bord/", views.client_board, name="client"),
    path("clients/<str:number>/tableau-de-bord/<slug:code>/", views.client_portlet, name="client_portlet"),
]
