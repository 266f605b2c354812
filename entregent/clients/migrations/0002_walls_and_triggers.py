from pathlib import Path

from django.db import migrations

from entregent.access.migration_operations import journal, wall

HERE = Path(__file__).parent.parent


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0001_initial"),
        ("organizations", "0002_walls_and_triggers"),
        ("search", "0002_functions"),
    ]
    operations = [
        wall("clients_client"),
        wall("clients_credithold"),
        wall("clients_person"),
        wall("clients_clientperson"),
        wall("clients_address"),
        wall("clients_businessobjecttype"),
        wall("clients_businessobject"),
        migrations.RunSQL((HERE / "clients.sql").read_text(), migrations.RunSQL.noop),
        journal("clients_client", client="r.id"),
        journal("clients_credithold", client="r.client_id"),
        # A person is shown in the history of the clients that they stand for: by person, since there may be several.
        journal("clients_person"),
        journal("clients_clientperson", client="r.client_id"),
        journal("clients_address", client="r.client_id"),
        journal("clients_businessobjecttype"),
        journal("clients_businessobject", client="r.client_id"),
    ]
