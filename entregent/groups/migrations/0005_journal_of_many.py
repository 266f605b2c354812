from django.db import migrations


class Migration(migrations.Migration):
    """The journal joins the rows before a change to those after it. For that statement a session keeps the estimate of
    the first change that it made: after one of a single client, a hundred thousand would be compared each with each."""

    dependencies = [("groups", "0004_marks_by_ids")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION audit_groups_groupmember_changed() SET enable_nestloop = off",
            "ALTER FUNCTION audit_groups_groupmember_changed() RESET enable_nestloop",
        )
    ]
