from django.contrib.postgres.fields import ArrayField
from django.db import models


class ClientReach(models.Model):
    """A sector in which a client stands (`Client.sector_reach`, row by row), for `clients_in_reach` alone.

    Written by triggers (`reach_rows.sql`), without foreign keys: gone with its client. `before`: the sectors that come
    earlier in the client's reach.
    """

    organization_id = models.BigIntegerField()
    sector_id = models.BigIntegerField()
    client_id = models.BigIntegerField()
    gone = models.BooleanField()
    before = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "sector_id", "client_id"],
                include=["gone", "before"],
                name="client_reach_once",
            )
        ]

    def __str__(self):
        return f"{self.sector_id}: {self.client_id}"
