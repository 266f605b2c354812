"""Pages of the design system; included in the demo and in development only."""

from django.urls import path

from entregent.ui.web import views

app_name = "ui"
urlpatterns = [path("", views.gallery, name="gallery")]
