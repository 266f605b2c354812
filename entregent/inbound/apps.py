from django.apps import AppConfig


class InboundConfig(AppConfig):
    name = "entregent.inbound"

    def ready(self):
        from entregent.inbound import calls, history, navigation
        from entregent.inbound.events import events as own_events
        from entregent.inbound.routing import is_taken
        from entregent.interactions.extension_points import contact_beginnings
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            address_claims,
            administration_entries,
            column_words,
            table_words,
        )

        action_words.add(history.ACTION_WORDS, name="inbound.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="inbound.history.TABLE_WORDS")
        column_words.add(("inbound", history.COLUMN_WORDS), name="inbound")
        administration_entries.add(navigation.administration, order=35)
        address_claims.add(is_taken)
        events.add(own_events, order=60)
        contact_beginnings.add(calls.tie_call)
