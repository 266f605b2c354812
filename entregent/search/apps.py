from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "entregent.search"

    def ready(self):
        from entregent.search import lookups  # noqa: F401
