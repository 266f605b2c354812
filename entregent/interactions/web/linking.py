"""What a form asks to link to a record, or to take off it: a party, a colleague, an object."""

from typing import Any

from django.utils.translation import gettext as _

from entregent.clients.merging import by_number, person_by_id
from entregent.clients.models import BusinessObject, Client, Person
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, required
from entregent.toolbox.text import as_id


def party_asked(request) -> Client | Person:
    """By client number, or by the id of a person; within reach."""
    typed, person_id = request.POST.get("client", "").strip(), as_id(request.POST.get("person", ""))
    if person_id is not None:
        return person_by_id(Person.objects.visible_to(request.member), person_id)
    if not typed:
        raise required("client", _("Client"))
    try:
        return by_number(Client.objects.visible_to(request.member), typed)
    except NotFound as unknown:
        raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client") from unknown


def agent_asked(request, roles: Any) -> dict[str, Any]:
    """The colleague and the role, as the actions take them; a participant where no role of `roles` is named."""
    key = as_id(request.POST.get("user", ""))
    members = Membership.objects.active().filter(organization_id=request.member.organization_id)
    colleague = members.select_related("user").filter(user_id=key).first() if key is not None else None
    if colleague is None:
        raise required("user", _("Agent"))
    role = request.POST.get("role", "")
    return {"user": colleague.user, "role": role if role in roles.values else roles.PARTICIPANT}


def object_asked(request) -> BusinessObject:
    key = as_id(request.POST.get("object", ""))
    if key is None:
        raise required("object", _("Objet métier"))
    return BusinessObject.objects.get_visible(request.member, pk=key)


def one_of(links: Any, key: int) -> Any:
    """The row of that id among those of the record."""
    found = links.filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
