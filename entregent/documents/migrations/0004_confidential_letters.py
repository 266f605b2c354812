from django.db import migrations

from entregent.access.migration_operations import journal


class Migration(migrations.Migration):
    """Of a letter in a confidential dossier nothing stands in the history of the client."""

    dependencies = [("documents", "0003_letters_and_templates")]

    operations = [
        migrations.RunSQL(
            ["SELECT audit_detach('documents_letter')"],
            reverse_sql=["SELECT audit_attach('documents_letter', $journal$r.client_id$journal$)"],
        ),
        journal("documents_letter", client="CASE WHEN r.is_confidential THEN NULL ELSE r.client_id END"),
    ]
