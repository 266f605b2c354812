from django.apps import AppConfig


class DunningConfig(AppConfig):
    name = "entregent.dunning"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.cases.extension_points import case_events
        from entregent.clients.extension_points import movers, state_changes
        from entregent.dunning import history, navigation
        from entregent.dunning.actions.stopping import before_acting, case_happened, states_changed
        from entregent.dunning.clients import HOLDS
        from entregent.dunning.web.portlets import portlets as own_portlets
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            portlets,
            table_words,
        )
        from entregent.processes.extension_points import run_guards

        action_words.add(history.ACTION_WORDS, name="dunning.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="dunning.history.TABLE_WORDS")
        column_words.add(("dunning", history.COLUMN_WORDS), name="dunning")
        sentences.add(history.sentence)
        movers.add(HOLDS, order=98, name="dunning_holds")
        administration_entries.add(navigation.administration, order=47)
        portlets.add(own_portlets, order=36)
        case_events.add(case_happened, order=110)
        run_guards.add(before_acting)
        state_changes.add(states_changed, order=90)
