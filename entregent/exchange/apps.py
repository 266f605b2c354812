from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "entregent.exchange"

    def ready(self):
        from entregent.exchange.navigation import entries
        from entregent.organizations.extension_points import administration_entries

        administration_entries.add(entries, order=60)
