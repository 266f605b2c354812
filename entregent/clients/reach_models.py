from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

# The mark of a group is its id with this bit; this bit alone marks a client that could be in a group and is in none.
GROUP = 1 << 62


class ClientReach(models.Model):
    """A sector in which a client stands (`Client.sector_reach`, row by row), for `clients_in_reach` alone; or the mark
    of the group that it is in (`marks.py`), or that of none (`groups/marks.sql`).

    Written by triggers (`reach_rows.sql`; those of groups by `groups/marks.sql`), without foreign keys: gone with its
    client. `before`: the sectors that come earlier in the client's reach. `until`: the moment from which on the row
    counts no longer, whoever has or has not written that down by then.
    """

    organization_id = models.BigIntegerField()
    sector_id = models.BigIntegerField()
    client_id = models.BigIntegerField()
    gone = models.BooleanField()
    before = ArrayField(models.BigIntegerField())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "sector_id", "client_id"],
                include=["gone", "before", "until"],
                name="client_reach_once",
            )
        ]
        indexes = [
            # The mark of a client, if it has one.
            models.Index(
                fields=["client_id"],
                include=["sector_id", "organization_id", "until", "gone"],
                name="client_reach_marks",
                condition=Q(sector_id__gte=GROUP),
            )
        ]

    def __str__(self):
        return f"{self.sector_id}: {self.client_id}"
