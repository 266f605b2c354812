from django.db import migrations, models

from entregent.access.migration_operations import journal_shared


class Migration(migrations.Migration):
    dependencies = [("organizations", "0004_journal_of_settings_and_accounts")]
    operations = [
        migrations.AddField(
            model_name="organization",
            name="custom_fields_stamp",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        # Says nothing to a person: the fields that changed are journaled themselves.
        migrations.RunSQL("SELECT audit_detach('organizations_organization')", migrations.RunSQL.noop),
        journal_shared("organizations_organization", owners="SELECT r.id", hidden=["custom_fields_stamp"]),
    ]
