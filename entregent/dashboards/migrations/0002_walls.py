from django.db import migrations

from entregent.access.migration_operations import journal, wall


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0001_initial"),
        ("access", "0001_application_role"),
        ("audit", "0002_triggers"),
    ]
    operations = [
        wall("dashboards_layout"),
        wall("dashboards_figure"),
        journal("dashboards_layout"),
    ]
