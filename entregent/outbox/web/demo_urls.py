"""In the demo no mail leaves: those of the instance (password resets, invitations) are read here."""

from django.urls import path

from entregent.outbox.web import views

urlpatterns = [path("courriels/", views.demo_mails, name="demo-mails")]
