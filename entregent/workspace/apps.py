from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "entregent.workspace"

    def ready(self):
        from entregent.ui.extension_points import navigation as top_bar
        from entregent.workspace import navigation

        top_bar.add(navigation.top_bar, order=10)
