from django.apps import AppConfig

from entregent.access.scope import scope_words


class GroupsConfig(AppConfig):
    name = "entregent.groups"

    def ready(self):
        from entregent.clients.extension_points import before_merging, client_changed, movers
        from entregent.groups import history, navigation, tasks
        from entregent.groups.clients import MEMBERS
        from entregent.groups.effects import one_after_the_other
        from entregent.groups.expiry import client_removed, relationship_happened
        from entregent.groups.losses import what_is_lost
        from entregent.groups.news import group_events
        from entregent.groups.rules import client_changed as follow_rules
        from entregent.groups.scopes import group_of, group_words
        from entregent.jobs.extension_points import job_cancellations, job_failures
        from entregent.notifications.extension_points import events
        from entregent.organizations.extension_points import action_words, client_scopes, column_words, table_words
        from entregent.relationships.extension_points import relationship_events
        from entregent.relationships.extension_points import what_is_lost as losses
        from entregent.ui.extension_points import navigation as top_bar

        action_words.add(history.ACTION_WORDS, name="groups.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="groups.history.TABLE_WORDS")
        column_words.add(("groups", history.COLUMN_WORDS), name="groups")
        client_scopes.add(group_of)
        relationship_events.add(relationship_happened, order=50)
        losses.add(what_is_lost, order=50)
        scope_words["group"] = group_words
        before_merging.add(one_after_the_other)
        movers.add(MEMBERS, order=99, name="group_members")
        client_changed.add(client_removed, order=91, name="groups.expiry.client_removed")
        client_changed.add(follow_rules, order=90, name="groups.rules.client_changed")
        events.add(group_events, order=70)
        job_failures.add(tasks.failed)
        job_cancellations.add(tasks.cancelled)
        top_bar.add(navigation.top_bar, order=80)
