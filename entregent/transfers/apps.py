from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "entregent.transfers"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.clients.extension_points import deletion_blockers, movers, person_deleted, person_movers
        from entregent.listing.extension_points import list_definitions
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            portlets,
            table_words,
        )
        from entregent.transfers import history, navigation
        from entregent.transfers.clients import OF_PEOPLE, TRANSFERS, cancel_those_of, open_transfers
        from entregent.transfers.events import events as own_events
        from entregent.transfers.lists import transfer_lists
        from entregent.transfers.web.portlets import portlets as own_portlets
        from entregent.ui.extension_points import navigation as top_bar

        action_words.add(history.ACTION_WORDS, name="transfers.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="transfers.history.TABLE_WORDS")
        column_words.add(("transfers", history.COLUMN_WORDS), name="transfers")
        sentences.add(history.sentence)
        events.add(own_events)
        list_definitions.add(transfer_lists, order=30)
        portlets.add(own_portlets, order=40)
        administration_entries.add(navigation.administration, order=60)
        top_bar.add(navigation.top_bar, order=35)
        movers.add(TRANSFERS, order=90, name="transfers")
        person_movers.add(OF_PEOPLE, order=90, name="transfers")
        deletion_blockers.add(open_transfers)
        person_deleted.add(cancel_those_of)
