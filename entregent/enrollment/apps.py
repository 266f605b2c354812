from django.apps import AppConfig


class EnrollmentConfig(AppConfig):
    name = "entregent.enrollment"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.cases.extension_points import responsible_proposals
        from entregent.clients.extension_points import deletion_blockers, movers, state_changes
        from entregent.enrollment import clients, history, navigation
        from entregent.enrollment.events import events as own_events
        from entregent.enrollment.lists import loan_lists
        from entregent.listing.extension_points import list_definitions
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            table_words,
        )
        from entregent.ui.extension_points import navigation as top_bar

        action_words.add(history.ACTION_WORDS, name="enrollment.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="enrollment.history.TABLE_WORDS")
        column_words.add(("enrollment", history.COLUMN_WORDS), name="enrollment")
        sentences.add(history.sentence)
        events.add(own_events)
        list_definitions.add(loan_lists, order=60)
        administration_entries.add(navigation.administration, order=70)
        top_bar.add(navigation.top_bar, order=32)
        movers.add(clients.APPLICANTS, order=100, name="loan_applicants")
        movers.add(clients.TRANSMISSIONS, order=101, name="transmissions")
        deletion_blockers.add(clients.open_transmissions)
        state_changes.add(clients.states_changed, order=95)
        responsible_proposals.add(clients.corresponding_agent)
