from django.apps import AppConfig

from entregent.access import guard


class OrganizationsConfig(AppConfig):
    name = "entregent.organizations"

    def ready(self):
        from entregent.organizations.membership import find_member

        guard.member_finders.add(find_member)
