from django.db import migrations

from entregent.access.migration_operations import journal, journal_shared, wall

# Before an organization is chosen, the users of a business account see what was asked of it and what it gave.
_OF_ACCOUNT = """
    coalesce(current_setting('app.org_id', true), '') = '' AND EXISTS (
        SELECT 1 FROM relationships_accountuser u JOIN relationships_businessaccount b ON b.id = u.account_id
        WHERE {account} AND u.is_active
          AND u.user_id = NULLIF(current_setting('app.user_id', true), '')::bigint)
"""
_PROVIDERS = """
    SELECT DISTINCT organization_id FROM relationships_relationship WHERE account_id = {account} AND state = 'active'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("relationships", "0001_initial"),
        ("audit", "0004_shared_rows"),
        ("access", "__first__"),
    ]

    operations = [
        wall("relationships_rules"),
        wall("relationships_accessrequest", also=_OF_ACCOUNT.format(account="b.number = relationships_accessrequest.account_number")),
        wall("relationships_relationship", also=_OF_ACCOUNT.format(account="b.id = relationships_relationship.account_id")),
        wall(
            "relationships_relationshipprogram",
            also="""
            EXISTS (SELECT 1 FROM relationships_relationship r
                    WHERE r.id = relationships_relationshipprogram.relationship_id)
            """,
        ),
        journal("relationships_rules"),
        journal("relationships_accessrequest", client="r.client_id"),
        journal("relationships_relationship"),
        journal("relationships_relationshipprogram"),
        # What the authority's record says changes for all providers who act for the business.
        journal_shared("relationships_businessaccount", owners=_PROVIDERS.format(account="r.id")),
        journal_shared("relationships_programaccount", owners=_PROVIDERS.format(account="r.account_id")),
    ]
