"""What hangs on one client, for whoever has opened its file: nobody is asked once more who may see the client."""

from entregent.access.recall import recalled
from entregent.clients.models import Address, BusinessObjectType, ClientPerson, CreditHold


@recalled
def credit_holds_of(member, client_id: int):
    return CreditHold.objects.filter(client=client_id, lifted_at__isnull=True).select_related("set_by")


@recalled
def addresses_at(member, client_id: int):
    return Address.objects.filter(client=client_id).order_by()


@recalled
def people_at(member, client_id: int):
    ties = ClientPerson.objects.filter(client=client_id, person__deleted_at__isnull=True).select_related("person")
    return ties.order_by("-is_primary", "-is_preferred", "-is_billing", "person__sort_key", "person_id")


@recalled
def object_types(member, organization_id: int):
    return BusinessObjectType.objects.filter(organization_id=organization_id)
