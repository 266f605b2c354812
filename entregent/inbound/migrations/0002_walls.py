from pathlib import Path

from django.db import migrations

from entregent.access.migration_operations import journal, wall


class Migration(migrations.Migration):
    dependencies = [
        ("inbound", "0001_initial"),
        ("access", "0001_application_role"),
        ("audit", "0004_shared_rows"),
        ("clients", "0015_duplicate_keys_at_once"),
        ("organizations", "0007_mail_settings"),
    ]
    operations = [
        wall("inbound_mailbox"),
        wall("inbound_mailboxstate"),
        wall("inbound_rawmail"),
        wall("inbound_filedmail"),
        wall("inbound_phoneline"),
        wall("inbound_phonecall"),
        journal("inbound_mailbox"),
        journal("inbound_phoneline"),
        migrations.RunSQL((Path(__file__).parent.parent / "inbound.sql").read_text(), migrations.RunSQL.noop),
    ]
