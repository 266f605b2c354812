from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "entregent.exchange"

    def ready(self):
        from entregent.exchange import history
        from entregent.exchange.navigation import entries
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            table_words,
        )

        administration_entries.add(entries, order=60)
        action_words.add(history.ACTION_WORDS, name="exchange.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="exchange.history.TABLE_WORDS")
        column_words.add(("exchange", history.COLUMN_WORDS), name="exchange")
