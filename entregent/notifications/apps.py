from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "entregent.notifications"

    def ready(self):
        from entregent.jobs.extension_points import job_failures
        from entregent.notifications import history, jobs, navigation
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_words,
            table_words,
        )

        action_words.add(history.ACTION_WORDS, name="notifications.history.ACTION_WORDS")
        administration_entries.add(navigation.administration, order=25)
        events.add(jobs.job_events, order=80)
        job_failures.add(jobs.tell_initiator)
        table_words.add(history.TABLE_WORDS, name="notifications.history.TABLE_WORDS")
        column_words.add(("notifications", history.COLUMN_WORDS), name="notifications")
