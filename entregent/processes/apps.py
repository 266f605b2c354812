from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "entregent.processes"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.cases.extension_points import (
            case_events,
            elements,
            open_work,
            type_moves,
            waiting,
            work_enders,
        )
        from entregent.clients.extension_points import movers, state_changes
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            portlets,
            table_words,
        )
        from entregent.outbox.extension_points import mail_failures
        from entregent.processes import history, navigation, notices
        from entregent.processes.actions.designing import type_moved
        from entregent.processes.actions.happening import (
            case_happened,
            case_waits,
            end_work_of_case,
            open_work_of_case,
        )
        from entregent.processes.actions.mailing import mail_failed
        from entregent.processes.actions.state_changes import states_changed
        from entregent.processes.clients import RUNS
        from entregent.processes.elements import elements_of_case
        from entregent.processes.web.portlets import portlets as own_portlets
        from entregent.ui.extension_points import navigation as top_bar

        action_words.add(history.ACTION_WORDS, name="processes.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="processes.history.TABLE_WORDS")
        column_words.add(("processes", history.COLUMN_WORDS), name="processes")
        sentences.add(history.sentence)
        portlets.add(own_portlets, order=34)
        movers.add(RUNS, order=97, name="process_runs")
        events.add(notices.events, order=36)
        administration_entries.add(navigation.administration, order=45)
        top_bar.add(navigation.top_bar, order=33)
        state_changes.add(states_changed)
        case_events.add(case_happened)
        mail_failures.add(mail_failed)
        elements.add(elements_of_case)
        open_work.add(open_work_of_case)
        waiting.add(case_waits)
        work_enders.add(end_work_of_case)
        type_moves.add(type_moved)
