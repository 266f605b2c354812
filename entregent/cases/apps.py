from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "entregent.cases"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.cases import history
        from entregent.cases.beginnings import begun_from_case
        from entregent.cases.clients import CASES, OF_PEOPLE, PARTICIPANTS, open_cases
        from entregent.cases.events import events as own_events
        from entregent.clients.extension_points import deletion_blockers, movers, person_movers
        from entregent.interactions.extension_points import contact_beginnings
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import action_words, table_words

        action_words.add(history.ACTION_WORDS, name="cases.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="cases.history.TABLE_WORDS")
        sentences.add(history.sentence)
        events.add(own_events, order=35)
        movers.add(CASES, order=95, name="cases")
        movers.add(PARTICIPANTS, order=96, name="case_participants")
        person_movers.add(OF_PEOPLE, order=95, name="case_participants")
        deletion_blockers.add(open_cases)
        contact_beginnings.add(begun_from_case)
