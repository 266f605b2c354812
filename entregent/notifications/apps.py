from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "entregent.notifications"

    def ready(self):
        from entregent.notifications import history
        from entregent.organizations.extension_points import action_words, table_words

        action_words.add(history.ACTION_WORDS, name="notifications.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="notifications.history.TABLE_WORDS")
