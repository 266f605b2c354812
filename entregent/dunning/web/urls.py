from django.urls import path

from entregent.dunning.web import holds, plans, runs

app_name = "dunning"

urlpatterns = [
    path("relances/", runs.running, name="running"),
    path("relances/<int:pk>/apercu/", runs.preview, name="preview"),
    path("relances/<int:pk>/lancer/", runs.launch, name="launch"),
    path("clients/<str:number>/relances/", holds.of_client, name="of_client"),
    path("clients/<str:number>/relances/suspendre/", holds.hold, name="hold"),
    path("administration/relances/", plans.plan_list, name="plans"),
    path("administration/relances/nouveau/", plans.plan_create, name="plan_create"),
    path("administration/relances/<int:pk>/", plans.plan_update, name="plan_update"),
]
