from django.db import migrations

from entregent.access.migration_operations import journal_shared


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_shared_cache"), ("audit", "0004_shared_rows")]
    operations = [
        journal_shared("organizations_organization", owners="SELECT r.id"),
        journal_shared(
            "organizations_user",
            owners="SELECT m.organization_id FROM organizations_membership m WHERE m.user_id = r.id",
            hidden=[
                "password", "last_login", "last_organization_id", "date_joined", "theme", "single_key_shortcuts",
            ],
        ),
    ]
