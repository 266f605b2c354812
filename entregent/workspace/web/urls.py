from django.urls import path

from entregent.workspace.web import advanced, client, client_management, home, search
from entregent.workspace.web import client_management_bulk as bulk
from entregent.workspace.web import client_management_kept as kept
from entregent.workspace.web import client_management_pane as pane
from entregent.workspace.web import client_management_values as values
from entregent.workspace.web.client_management_group import bulk_group
from entregent.workspace.web.client_management_launch import bulk_launch

app_name = "workspace"

urlpatterns = [
    path("", home.home, name="home"),
    path("recherche/", search.search, name="search"),
    path("recherche/avancee/", advanced.advanced_search, name="advanced_search"),
    path("recherche/avancee/vues/", advanced.advanced_view_save, name="advanced_view_save"),
    path("recherche/avancee/vues/<int:pk>/suppression/", advanced.advanced_view_delete, name="advanced_view_delete"),
    path("recherche/avancee/vues/<int:pk>/abonnement/", advanced.advanced_subscription, name="advanced_subscription"),
    path("gestion-des-clients/", client_management.client_management, name="client_management"),
    path("gestion-des-clients/critere/", client_management.criterion, name="criterion"),
    path("gestion-des-clients/etat/", kept.keep_state, name="keep_state"),
    path("gestion-des-clients/champs/", kept.keep_columns, name="keep_columns"),
    path("gestion-des-clients/vues/", kept.view_create, name="view_create"),
    path("gestion-des-clients/vues/<int:pk>/suppression/", kept.view_delete, name="view_delete"),
    path("gestion-des-clients/volet/", pane.lower_pane, name="lower_pane"),
    path("gestion-des-clients/interactions/<int:number>/", pane.interaction_pane, name="interaction_pane"),
    path("gestion-des-clients/clients/<str:number>/personnes/", pane.client_people, name="client_people"),
    path("gestion-des-clients/clients/<str:number>/valeurs/<str:field>/", values.client_value, name="client_value"),
    path("gestion-des-clients/personnes/<int:pk>/valeurs/<str:field>/", values.person_value, name="person_value"),
    path("gestion-des-clients/plans-d-action/", bulk_launch, name="bulk_launch"),
    path("gestion-des-clients/groupe/", bulk_group, name="bulk_group"),
    path("gestion-des-clients/lots/", bulk.bulk_create, name="bulk_create"),
    path("gestion-des-clients/lots/<int:job_id>/", bulk.bulk_detail, name="bulk"),
    path("gestion-des-clients/lots/<int:job_id>/refus/", bulk.bulk_refused, name="bulk_refused"),
    path("gestion-des-clients/lots/<int:job_id>/annulation/", bulk.bulk_cancel, name="bulk_cancel"),
    path("clients/<str:number>/", client.client_file, name="client"),
]
