from django.apps import AppConfig


class RelationshipsConfig(AppConfig):
    name = "entregent.relationships"

    def ready(self):
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            table_words,
        )
        from entregent.relationships import history, mails, navigation
        from entregent.relationships.extension_points import relationship_events
        from entregent.ui.extension_points import navigation as top_bar_entries

        action_words.add(history.ACTION_WORDS, name="relationships.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="relationships.history.TABLE_WORDS")
        column_words.add(("relationships", history.COLUMN_WORDS), name="relationships")
        administration_entries.add(navigation.administration, order=45)
        top_bar_entries.add(navigation.top_bar, order=60)
        # Last: sending leaves the organization for a moment, and with it the action that the journal ties changes to.
        relationship_events.add(mails.tell_account, order=900)
