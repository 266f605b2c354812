from pathlib import Path

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from entregent.access.migration_operations import wall

HERE = Path(__file__).parent.parent


class Migration(migrations.Migration):
    """Without a way back: the function as it was asks the clients themselves, and stands in 0016."""

    dependencies = [("clients", "0017_people_merges")]

    operations = [
        migrations.CreateModel(
            name="ClientReach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.BigIntegerField()),
                ("sector_id", models.BigIntegerField()),
                ("client_id", models.BigIntegerField()),
                ("gone", models.BooleanField()),
                ("before", ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization_id", "sector_id", "client_id"),
                        include=("gone", "before"),
                        name="client_reach_once",
                    )
                ],
            },
        ),
        wall("clients_clientreach"),
        migrations.RunSQL((HERE / "reach_rows.sql").read_text()),
    ]
