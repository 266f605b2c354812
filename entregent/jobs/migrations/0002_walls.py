from django.db import migrations

from entregent.access.migration_operations import wall


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial"), ("access", "0001_application_role")]
    operations = [wall("jobs_job")]
