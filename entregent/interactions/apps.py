from django.apps import AppConfig


class InteractionsConfig(AppConfig):
    name = "entregent.interactions"

    def ready(self):
        from entregent.interactions.actions import seed_topics
        from entregent.organizations.extension_points import organization_defaults

        organization_defaults.add(seed_topics)
