from django.apps import AppConfig

from entregent.access import guard
from entregent.access.scope import scope_words


class OrganizationsConfig(AppConfig):
    name = "entregent.organizations"

    def ready(self):
        from entregent.jobs.extension_points import initiator_finders
        from entregent.organizations import calendars, journal, letterhead, navigation, sign_in
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_tellers,
            column_words,
            table_words,
        )
        from entregent.organizations.membership import find_initiator, find_member
        from entregent.organizations.scopes import sector_words
        from entregent.organizations.web import account_conditions
        from entregent.outbox.extension_points import letterheads
        from entregent.ui.extension_points import navigation as top_bar

        guard.member_finders.add(find_member)
        guard.entry_conditions.add(account_conditions.long_password, order=10)
        guard.entry_conditions.add(account_conditions.second_factor, order=20)
        guard.entry_conditions.add(account_conditions.remember_organization, order=30)
        sign_in.connect_signals()
        initiator_finders.add(find_initiator)
        letterheads.add(letterhead.letterhead)
        scope_words["sector"] = sector_words
        action_words.add(journal.ACTION_WORDS, order=10, name="organizations")
        table_words.add(journal.TABLE_WORDS, order=10, name="organizations")
        for area, words in journal.AREA_WORDS.items():
            column_words.add((area, words), name=area)
        column_tellers.add(calendars.tell_days)
        administration_entries.add(navigation.entries, order=10)
        top_bar.add(navigation.top_bar, order=900)
