from django.apps import AppConfig

from entregent.access import guard


class UiConfig(AppConfig):
    name = "entregent.ui"

    def ready(self):
        from entregent.ui.pages import draw_refusal

        guard.refusal_pages.add(draw_refusal)
