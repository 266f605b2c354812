from django.db import migrations


class Migration(migrations.Migration):
    """What 0005 set is no longer needed: no journal compares each row with each."""

    dependencies = [("groups", "0006_marks_in_turn"), ("audit", "0005_journal_of_many")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION audit_groups_groupmember_changed() RESET enable_nestloop",
            "ALTER FUNCTION audit_groups_groupmember_changed() SET enable_nestloop = off",
        )
    ]
