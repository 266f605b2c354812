from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "entregent.config"
    label = "config"
