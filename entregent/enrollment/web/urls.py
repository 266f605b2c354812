from django.urls import path

from entregent.enrollment.web import applications, enrolling, head_office

app_name = "enrollment"

urlpatterns = [
    path("demandes-de-pret/", applications.application_list, name="list"),
    path("demandes-de-pret/nouvelle/", applications.application_create, name="create"),
    path("demandes-de-pret/<str:number>/", applications.application_detail, name="detail"),
    path("demandes-de-pret/<str:number>/modification/", applications.application_update, name="update"),
    path("demandes-de-pret/<str:number>/services/", applications.services, name="services"),
    path("demandes-de-pret/<str:number>/effectif-grc/", enrolling.enroll, name="enroll"),
    path("demandes-de-pret/<str:number>/effectif-grc/annonce/", enrolling.announce, name="announce"),
    path("siege-social/", head_office.queue, name="head_office"),
    path("siege-social/chargement/", head_office.load_all, name="load_all"),
    path("siege-social/extraction/", applications.extraction, name="extraction"),
    path("siege-social/extraction/criteres/", applications.criteria_save, name="criteria_save"),
    path("siege-social/<int:number>/", head_office.transmission_detail, name="transmission"),
    path("siege-social/<int:number>/chargement/", head_office.transmission_load, name="load"),
    path("siege-social/<int:number>/rejet/", head_office.transmission_reject, name="reject"),
    path("administration/effectif-grc/", head_office.settings, name="settings"),
]
