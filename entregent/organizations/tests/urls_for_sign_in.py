"""The site, with one more page of an organization, on which the tests of sign-in try who may enter."""

from django.http import HttpResponse
from django.urls import include, path

from entregent.access.guard import requires
from entregent.access.rights import Right


@requires(Right.CLIENT_VIEW)
def page(request):
    return HttpResponse(f"Bienvenue, {request.member.user.name}")


urlpatterns = [path("<slug:organization>/essai/", page), path("", include("entregent.config.urls"))]
