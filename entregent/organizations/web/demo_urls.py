"""In the demo no mail leaves: all of them are read here."""

from django.urls import path

from entregent.organizations.web import demo

urlpatterns = [path("courriels/", demo.demo_mails, name="demo-mails")]
