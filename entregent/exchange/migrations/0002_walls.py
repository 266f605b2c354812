from django.db import migrations

from entregent.access.migration_operations import journal, wall


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0001_initial"),
        ("access", "0001_application_role"),
        ("audit", "0002_triggers"),
        ("clients", "0002_walls_and_triggers"),
        ("interactions", "0002_walls_and_triggers"),
    ]
    operations = [
        wall("exchange_import"),
        wall("exchange_importrow"),
        wall("exchange_importmapping"),
        journal("exchange_importmapping"),
    ]
