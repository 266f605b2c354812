from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "entregent.connectors"

    def ready(self):
        from entregent.clients.extension_points import client_changed
        from entregent.connectors import history, navigation
        from entregent.connectors.actions.noticing import client_noticed
        from entregent.organizations.extension_points import action_words, administration_entries, table_words

        action_words.add(history.ACTION_WORDS, name="connectors.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="connectors.history.TABLE_WORDS")
        administration_entries.add(navigation.administration, order=72)
        client_changed.add(client_noticed, order=95, name="connectors.actions.noticing.client_noticed")
