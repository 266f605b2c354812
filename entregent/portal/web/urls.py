"""Pages of the portal. What stands first cannot be an organization's slug (`organizations.actions.RESERVED_SLUGS`)."""

from django.urls import path

from entregent.portal.web import home, invitation

app_name = "portal"

urlpatterns = [
    path("", home.choose, name="choose"),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("<slug:organization>/", home.home, name="home"),
    path("<slug:organization>/contexte/", home.choose_context, name="choose_context"),
]
