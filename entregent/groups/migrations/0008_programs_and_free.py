from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    """How many program accounts a group has, and which clients are in none: kept, so that no page goes through all."""

    dependencies = [
        ("groups", "0007_journal_as_others"),
        ("clients", "0026_mark_rows"),
        ("relationships", "0007_who_works_and_uses"),
    ]

    operations = [
        migrations.AddField(
            model_name="clientgroup",
            name="program_count",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL((Path(__file__).parent.parent / "marks.sql").read_text()),
        migrations.RunSQL(
            """
            UPDATE groups_clientgroup g SET program_count = groups_programs(e.ids)
            FROM (
                SELECT group_id, array_agg(client_id) AS ids FROM groups_groupmember WHERE left_at IS NULL
                GROUP BY group_id) e
            WHERE g.id = e.group_id AND groups_programs(e.ids) <> 0;
            SELECT groups_refresh_free(array_agg(id)) FROM clients_client WHERE business_account_id IS NOT NULL;
            """,
            migrations.RunSQL.noop,
        ),
    ]
