from django.apps import AppConfig


class ListingConfig(AppConfig):
    name = "entregent.listing"

    def ready(self):
        from entregent.listing import history
        from entregent.listing.custom_fields import tell_changes
        from entregent.listing.navigation import administration
        from entregent.organizations.extension_points import (
            action_words,
            administration_entries,
            column_tellers,
            column_words,
            table_words,
        )

        action_words.add(history.ACTION_WORDS, name="listing.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="listing.history.TABLE_WORDS")
        column_words.add(("listing", history.COLUMN_WORDS), name="listing")
        column_tellers.add(tell_changes)
        column_tellers.add(history.tell_view)
        administration_entries.add(administration, order=35)
