from django.apps import AppConfig


class InteractionsConfig(AppConfig):
    name = "entregent.interactions"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.interactions import history, mail_subjects, navigation
        from entregent.interactions.actions import seed_topics
        from entregent.interactions.custom import INTERACTION
        from entregent.interactions.lists import further_columns, interaction_lists
        from entregent.interactions.notices import events as own_events
        from entregent.interactions.quick import InteractionSource
        from entregent.interactions.web.portlets import portlets as own_portlets
        from entregent.listing.extension_points import custom_subjects, list_columns, list_definitions
        from entregent.notifications.extension_points import events
        from entregent.search.extension_points import search_sources

        search_sources.add(InteractionSource(), order=40, name="interactions")
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            organization_defaults,
            portlets,
            table_words,
        )
        from entregent.outbox.extension_points import subject_finders
        from entregent.ui.extension_points import navigation as top_bar

        subject_finders.add(mail_subjects.subjects)
        custom_subjects.add(INTERACTION, order=30, name="interactions")
        list_definitions.add(interaction_lists, order=20)
        list_columns.add(further_columns)

        organization_defaults.add(seed_topics, order=20)
        administration_entries.add(navigation.administration, order=30)
        action_words.add(history.ACTION_WORDS, name="interactions.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="interactions.history.TABLE_WORDS")
        column_words.add(("interactions", history.COLUMN_WORDS), name="interactions")
        sentences.add(history.sentence)

        from entregent.clients.extension_points import client_changed, movers, person_deleted, person_movers
        from entregent.interactions import portal_access
        from entregent.interactions.movers import INTERACTIONS, OF_PEOPLE, PARTICIPANTS, PORTAL_ACCESSES

        person_deleted.add(portal_access.close_of_person)
        client_changed.add(portal_access.close_untied)
        movers.add(PORTAL_ACCESSES, order=90, name="portal_accesses")

        movers.add(INTERACTIONS, order=70, name="interactions")
        movers.add(PARTICIPANTS, order=80, name="participants")
        for place, (name, mover) in enumerate(OF_PEOPLE.items()):
            person_movers.add(mover, order=40 + place, name=name)
        top_bar.add(navigation.top_bar, order=30)

        events.add(own_events, order=30)
        portlets.add(own_portlets, order=30)
