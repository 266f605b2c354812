"""The product's URLs and, beside them, the « bare page »: the signed-in layout with one query of 25 rows."""

from django.urls import path

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.config.urls import urlpatterns as product
from entregent.ui.pages import render


@requires(Right.CLIENT_VIEW)
def bare(request):
    rows = Client.objects.visible_to(request.member).order_by("sort_key", "id").values_list("number", "display_name")
    return render(request, "benchmarks/bare.html", {"rows": rows[:25]})


# One beside the other and not one within the other: the portal looks for the names of the staff's pages at the root.
urlpatterns = [path("<slug:organization>/page-nue/", bare), *product]
