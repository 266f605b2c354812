from django.db import migrations, models
from django.db.models import F, Q

STANDING = Q(deleted_at__isnull=True)
ORDERS = {
    "client_by_name": ("organization", "sort_key", "id"),
    "client_by_creation": ("organization", F("created_at").desc(), F("id").desc()),
    "client_by_change": ("organization", "updated_at", "id"),
}


class Migration(migrations.Migration):

    dependencies = [
        ("clients", "0027_often_heard"),
    ]

    operations = [
        *(
            operation
            for name, order in ORDERS.items()
            for operation in (
                migrations.RemoveIndex(model_name="client", name=name),
                migrations.AddIndex(
                    model_name="client",
                    index=models.Index(*order, condition=STANDING, include=("status",), name=name),
                ),
            )
        ),
        migrations.AddIndex(
            model_name="client",
            index=models.Index(fields=["organization", "status"], condition=STANDING, name="client_by_status"),
        ),
    ]
