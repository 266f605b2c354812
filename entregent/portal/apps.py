from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "entregent.portal"

    def ready(self):
        from entregent.access.guard import refusal_pages
        from entregent.portal.web.errors import draw_refusal

        refusal_pages.add(draw_refusal, order=10)
