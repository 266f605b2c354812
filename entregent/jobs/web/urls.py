from django.urls import path

from entregent.jobs.web import views

app_name = "jobs"

urlpatterns = [
    path("administration/travaux/", views.job_list, name="list"),
    path("administration/travaux/<int:job_id>/", views.job_detail, name="detail"),
    path("administration/travaux/<int:job_id>/annulation/", views.cancellation_create, name="cancel"),
]
