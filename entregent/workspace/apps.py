from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "entregent.workspace"
