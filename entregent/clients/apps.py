from django.apps import AppConfig
from django.db.models import Q

from entregent.access.scope import register_scope


class ClientsConfig(AppConfig):
    name = "entregent.clients"

    def ready(self):
        register_scope("sector", _in_sectors)
        register_scope("client", _among_clients)

        from entregent.clients.actions import seed_object_types
        from entregent.organizations.extension_points import organization_defaults

        organization_defaults.add(seed_object_types)


def _in_sectors(ids: list[int], path: str) -> Q:
    return Q(**{f"{path}sector_reach__overlap": ids})


def _among_clients(ids: list[int], path: str) -> Q:
    return Q(**{f"{path}id__in": ids})
