from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "entregent.processes"

    def ready(self):
        from entregent.audit.extension_points import sentences
        from entregent.clients.extension_points import movers
        from entregent.organizations.extension_points import action_words, table_words
        from entregent.processes import history
        from entregent.processes.clients import RUNS

        action_words.add(history.ACTION_WORDS, name="processes.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="processes.history.TABLE_WORDS")
        sentences.add(history.sentence)
        movers.add(RUNS, order=97, name="process_runs")
