from django.urls import path

from entregent.notifications.web import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.notification_list, name="list"),
    path("notifications/cloche/", views.bell, name="bell"),
    path("notifications/nombre/", views.bell_count, name="bell_count"),
    path("notifications/dernieres/", views.bell_items, name="bell_items"),
    path("notifications/lues/", views.read_create, name="read"),
    path("notifications/choix/", views.preferences, name="preferences"),
    path("notifications/<int:pk>/", views.notification_open, name="open"),
    path("administration/avertissements/", views.event_rules, name="rules"),
]
