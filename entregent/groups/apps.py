from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "entregent.groups"

    def ready(self):
        from entregent.clients.extension_points import movers
        from entregent.groups import history
        from entregent.groups.clients import MEMBERS
        from entregent.organizations.extension_points import action_words, table_words

        action_words.add(history.ACTION_WORDS, name="groups.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="groups.history.TABLE_WORDS")
        movers.add(MEMBERS, order=99, name="group_members")
