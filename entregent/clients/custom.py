"""Clients and people carry custom fields."""

from django.utils.translation import gettext_lazy as _

from entregent.listing.extension_points import CustomSubject

CLIENT = CustomSubject(
    "client", _("Client"), _("Clients"), "clients_client", position=10, list_code="clients", index="clients_index"
)
PERSON = CustomSubject(
    "person",
    _("Personne-ressource"),
    _("Personnes-ressources"),
    "clients_person",
    position=20,
    list_code="people",
    index="people_index",
)
