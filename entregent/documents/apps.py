from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "entregent.documents"

    def ready(self):
        from entregent.documents import history, mails
        from entregent.organizations.extension_points import action_words, column_words, table_words
        from entregent.outbox.extension_points import attachment_readers

        attachment_readers.add(mails.attachments)
        action_words.add(history.ACTION_WORDS, name="documents.history.ACTION_WORDS")
        table_words.add(history.TABLE_WORDS, name="documents.history.TABLE_WORDS")
        column_words.add(("documents", history.COLUMN_WORDS), name="documents")

        from entregent.clients.extension_points import movers
        from entregent.documents.movers import LETTERS
        from entregent.documents.navigation import administration
        from entregent.documents.template_actions import seed_templates
        from entregent.organizations.extension_points import administration_entries, organization_defaults

        administration_entries.add(administration, order=42)
        organization_defaults.add(seed_templates, order=30)
        movers.add(LETTERS, order=120, name="letters")
