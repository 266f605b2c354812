from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0028_status_in_orders")]

    operations = [
        migrations.RemoveIndex(model_name="clientreach", name="client_reach_marks"),
        migrations.AddIndex(
            model_name="clientreach",
            index=models.Index(
                condition=models.Q(("sector_id__gte", 4611686018427387904)),
                fields=["client_id"],
                include=("sector_id", "organization_id", "until", "gone"),
                name="client_reach_marks",
            ),
        ),
    ]
