"""The demo's own existing system, which answers the messages of cases."""

from django.urls import path

from entregent.cases.web import demo

urlpatterns = [path("systeme-existant/<slug:slug>/", demo.existing_system, name="demo-existing-system")]
