from pathlib import Path

from django.db import migrations

from entregent.access.migration_operations import journal, wall

HERE = Path(__file__).parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        ("access", "0001_application_role"),
        ("audit", "0002_triggers"),
    ]
    operations = [
        wall("organizations_sector"),
        # Before an organization is chosen, a person sees their own memberships.
        wall(
            "organizations_membership",
            also="user_id = NULLIF(current_setting('app.user_id', true), '')::bigint",
        ),
        wall("organizations_grant"),
        wall("organizations_substitution"),
        # An API call is known by its token before its organization is.
        wall("organizations_apitoken", also="digest = NULLIF(current_setting('app.token_digest', true), '')"),
        wall("organizations_counter"),
        wall("organizations_idempotencykey"),
        journal("organizations_sector"),
        journal("organizations_membership"),
        journal("organizations_grant"),
        journal("organizations_substitution"),
        migrations.RunSQL((HERE / "sectors.sql").read_text(), migrations.RunSQL.noop),
    ]
