from django.db import migrations

from entregent.access.migration_operations import rewritten


class Migration(migrations.Migration):
    """What follows a change of many rows does not compare each before it with each after it (audit/attach.sql)."""

    dependencies = [("interactions", "0016_search_custom"), ("audit", "0005_journal_of_many")]

    operations = [
        rewritten(
            "interaction_entry_published",
            """
        FROM old_rows o JOIN new_rows n ON n.id = o.id
        JOIN interactions_interactionentry e ON e.interaction_id = n.interaction_id AND e.published_at IS NOT NULL
        WHERE n.seq = 1 AND o.internal IS DISTINCT FROM n.internal;
            """.strip(),
            """
        FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
              WHERE o.internal IS DISTINCT FROM n.internal OFFSET 0) n
        JOIN interactions_interactionentry e ON e.interaction_id = n.interaction_id AND e.published_at IS NOT NULL
        WHERE n.seq = 1;
            """.strip(),
        ),
        rewritten(
            "interaction_published",
            """
    FROM old_rows o JOIN new_rows n ON n.id = o.id
    JOIN interactions_interactionentry e ON e.interaction_id = n.id AND e.published_at IS NOT NULL
    WHERE (o.client_id, o.person_id, o.number, o.subject, o.topic_id, o.channel, o.status, o.occurred_at, o.deleted_at)
        IS DISTINCT FROM
          (n.client_id, n.person_id, n.number, n.subject, n.topic_id, n.channel, n.status, n.occurred_at, n.deleted_at);
            """.strip(),
            """
    FROM (
        SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.client_id, o.person_id, o.number, o.subject, o.topic_id, o.channel, o.status, o.occurred_at, o.deleted_at)
            IS DISTINCT FROM
            (n.client_id, n.person_id, n.number, n.subject, n.topic_id, n.channel, n.status, n.occurred_at, n.deleted_at)
        OFFSET 0) n
    JOIN interactions_interactionentry e ON e.interaction_id = n.id AND e.published_at IS NOT NULL;
            """.strip(),
        ),
        rewritten(
            "interaction_person_searchable",
            """
    FROM old_rows o JOIN new_rows n ON n.id = o.id JOIN interactions_interaction i ON i.person_id = n.id
    WHERE (o.first_name, o.last_name, o.file_as) IS DISTINCT FROM (n.first_name, n.last_name, n.file_as);
            """.strip(),
            """
    FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
          WHERE (o.first_name, o.last_name, o.file_as) IS DISTINCT FROM (n.first_name, n.last_name, n.file_as) OFFSET 0) n
    JOIN interactions_interaction i ON i.person_id = n.id;
            """.strip(),
        ),
    ]
