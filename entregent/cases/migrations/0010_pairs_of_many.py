from django.db import migrations

from entregent.access.migration_operations import rewritten


class Migration(migrations.Migration):
    """What follows a change of many rows does not compare each before it with each after it (audit/attach.sql)."""

    dependencies = [("cases", "0009_orders_with_clients"), ("audit", "0005_journal_of_many")]

    operations = [
        rewritten(
            "case_searchable",
            """
        FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE w.case_id = n.id AND (o.title, o.external_ref) IS DISTINCT FROM (n.title, n.external_ref);
            """.strip(),
            """
        FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
              WHERE (o.title, o.external_ref) IS DISTINCT FROM (n.title, n.external_ref) OFFSET 0) n
        WHERE w.case_id = n.id;
            """.strip(),
        ),
    ]
