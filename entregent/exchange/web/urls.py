from django.urls import path

from entregent.exchange.web import calendar, departures, exports, views

app_name = "exchange"

urlpatterns = [
    path("administration/importations/", views.import_list, name="imports"),
    path("administration/importations/nouvelle/", views.import_create, name="import_create"),
    path("administration/importations/<int:import_id>/", views.import_detail, name="import"),
    path("administration/importations/<int:import_id>/colonnes/", views.columns_update, name="columns"),
    path("administration/importations/<int:import_id>/execution/", views.run_create, name="run"),
    path("administration/importations/<int:import_id>/arret/", views.stop_create, name="stop"),
    path("administration/importations/<int:import_id>/annulation/", views.undo_create, name="undo"),
    path("administration/importations/<int:import_id>/suppression/", views.discard_create, name="discard"),
    path("administration/importations/<int:import_id>/rejets/", views.rejects, name="rejects"),
    path("administration/importations/<int:import_id>/correspondance.yaml", views.mapping_file, name="mapping_file"),
    path("clients/<str:number>/carte.vcf", exports.client_card, name="client_card"),
    path("personnes/<int:pk>/carte.vcf", exports.person_card, name="person_card"),
    path("mon-agenda/", calendar.my_calendar, name="my_calendar"),
    path("exports/listes/", exports.list_export, name="list_export"),
    path("administration/exportation/", exports.export_list, name="exports"),
    path("administration/export-complet/", departures.departure_list, name="departures"),
    path("administration/export-complet/<int:pk>/archive.zip", departures.departure_file, name="departure_file"),
    path("administration/export-complet/<int:pk>/suppression/", departures.departure_remove, name="departure_remove"),
    path("administration/exportation/<slug:kind>/", exports.export_file, name="export"),
]
