"""The photo of a person: shown, set, removed."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.actions.photos import remove_photo, set_photo
from entregent.clients.models import Person, PersonPhoto
from entregent.clients.photos import MOST, too_heavy
from entregent.toolbox.errors import NotFound, required
from entregent.ui.pages import see


@require_safe
@requires(Right.CLIENT_VIEW)
def person_photo(request, pk) -> HttpResponse:
    return photo_response(Person.objects.get_visible(request.member, pk=pk))


def photo_response(person: Person) -> HttpResponse:
    """The photo of a person whom the member sees, for pages and the API; `NotFound` where there is none."""
    photo = PersonPhoto.objects.filter(person=person).first()
    if photo is None:
        raise NotFound
    response = HttpResponse(bytes(photo.content), content_type=photo.media_type)
    # A picture that somebody sent is shown as one, and as nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
@requires(Right.CLIENT_EDIT)
def person_photo_set(request, pk) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk)
    here = reverse("clients:person", args=[request.member.organization.slug, person.pk])
    if request.POST.get("geste") == "retirer":
        remove_photo(person, by=request.member)
        return see(request, here, toast=_("Photo retirée."))
    file = request.FILES.get("photo")
    if file is None:
        raise required("photo", _("Photo"))
    if file.size > MOST:
        raise too_heavy()
    set_photo(person, by=request.member, content=file.read())
    return see(request, here, toast=_("Photo enregistrée."))
