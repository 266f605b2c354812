"""The product's URLs and, beside them, the « bare page »: the signed-in layout with one query of 25 rows; and for the
API a bare JSON answer of one query, behind its door and without."""

from django.http import JsonResponse
from django.urls import path

from entregent.access.guard import public, requires
from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.api.guard import BearerToken, operation
from entregent.clients.models import Client
from entregent.config.urls import urlpatterns as product
from entregent.ui.pages import render


@requires(Right.CLIENT_VIEW)
def bare(request):
    rows = Client.objects.visible_to(request.member).order_by("sort_key", "id").values_list("number", "display_name")
    return render(request, "benchmarks/bare.html", {"rows": rows[:25]})


def _one(number):
    return Client.objects.filter(number=number, deleted_at=None).values("number", "display_name", "status").get()


@operation(Right.CLIENT_VIEW)
def _behind_the_door(request, number):
    return JsonResponse(_one(number))


@public
def bare_json(request, number):
    request.auth = BearerToken()(request)
    return _behind_the_door(request, number)


@public
def plain_json(request, number):
    with in_organization(1):
        return JsonResponse(_one(number))


# One beside the other and not one within the other: the portal looks for the names of the staff's pages at the root.
urlpatterns = [
    path("json-nu/<str:number>/", bare_json),
    path("json-sans-porte/<str:number>/", plain_json),
    path("<slug:organization>/page-nue/", bare),
    *product,
]
