from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "entregent.webhooks"

    def ready(self):
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            table_words,
        )
        from entregent.outbox.extension_points import endpoint_stops
        from entregent.webhooks import actions, history, navigation
        from entregent.webhooks.telling import webhook_events

        action_words.add(history.ACTION_WORDS, name="webhooks.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="webhooks.history.TABLE_WORDS")
        column_words.add(("webhooks", history.COLUMN_WORDS), name="webhooks")
        administration_entries.add(navigation.administration, order=85)
        events.add(webhook_events, order=80)
        endpoint_stops.add(actions.endpoint_stopped)
