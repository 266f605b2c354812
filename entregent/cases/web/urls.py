from django.urls import path

from entregent.cases.web import views

app_name = "cases"

urlpatterns = [
    path("dossiers/<int:number>/", views.case_detail, name="detail"),
]
