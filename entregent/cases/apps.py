from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "entregent.cases"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.cases import history, navigation
        from entregent.cases.actions.types import seed_case_types
        from entregent.cases.beginnings import begun_from_case
        from entregent.cases.clients import CASES, OF_PEOPLE, PARTICIPANTS, open_cases
        from entregent.cases.events import events as own_events
        from entregent.cases.lists import case_lists
        from entregent.cases.search import CaseSource
        from entregent.cases.web.portlets import portlets as own_portlets
        from entregent.clients.extension_points import deletion_blockers, movers, person_movers
        from entregent.interactions.extension_points import contact_beginnings, entry_written
        from entregent.listing.extension_points import list_definitions
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_tellers,
            column_words,
            organization_defaults,
            portlets,
            table_words,
        )
        from entregent.search.extension_points import search_sources
        from entregent.ui.extension_points import navigation as top_bar

        action_words.add(history.ACTION_WORDS, name="cases.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="cases.history.TABLE_WORDS")
        column_tellers.add(history.tell_sub_status)
        column_words.add(("cases", history.COLUMN_WORDS), name="cases")
        sentences.add(history.sentence)
        events.add(own_events, order=35)
        movers.add(CASES, order=95, name="cases")
        movers.add(PARTICIPANTS, order=96, name="case_participants")
        person_movers.add(OF_PEOPLE, order=95, name="case_participants")
        deletion_blockers.add(open_cases)
        contact_beginnings.add(begun_from_case)
        list_definitions.add(case_lists, order=25)
        search_sources.add(CaseSource(), order=35, name="cases")
        portlets.add(own_portlets, order=35)
        administration_entries.add(navigation.administration, order=35)
        top_bar.add(navigation.top_bar, order=35)
        organization_defaults.add(seed_case_types, order=40)

        from entregent.cases.actions import clocks, mirroring
        from entregent.cases.extension_points import case_events
        from entregent.cases.mail_subjects import subjects
        from entregent.outbox.extension_points import post_outcomes, subject_finders

        # Before whatever an event starts: what that does to the case is told after it.
        case_events.add(mirroring.case_happened, order=10)
        case_events.add(clocks.case_happened, order=20)
        entry_written.add(clocks.entry_written)
        post_outcomes.add(mirroring.settled)
        subject_finders.add(subjects)

        from entregent.cases.facts import example
        from entregent.documents.extension_points import example_facts

        example_facts.add(example)
