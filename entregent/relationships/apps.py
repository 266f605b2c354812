from django.apps import AppConfig


class RelationshipsConfig(AppConfig):
    name = "entregent.relationships"

    def ready(self):
        from entregent.organizations.extension_points import action_words, table_words
        from entregent.relationships import history, mails
        from entregent.relationships.extension_points import relationship_events

        action_words.add(history.ACTION_WORDS, name="relationships.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="relationships.history.TABLE_WORDS")
        # Last: sending leaves the organization for a moment, and with it the action that the journal ties changes to.
        relationship_events.add(mails.tell_account, order=900)
