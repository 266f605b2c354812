"""What somebody is about to change in a group: chosen, and not yet asked for."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from entregent.clients.models import Client
from entregent.organizations.models import Organization, User


class Draft(models.Model):
    """The clients that somebody has chosen for a group (none: for a new one), page after page.

    `is_sealed`: it was asked for; its rows stand until that request is over, so that it can be tried again.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    group = models.ForeignKey("groups.ClientGroup", models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200, blank=True, default="")
    is_sealed = models.BooleanField(default=False)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "group"],
                condition=Q(is_sealed=False),
                nulls_distinct=False,
                name="group_draft_once",
            )
        ]

    def __str__(self):
        return f"{self.user_id}: {self.group_id or self.name}"


class DraftRow(models.Model):
    """A client chosen to come into the group, or to leave it; never both."""

    class Change(models.TextChoices):
        ADD = "add"
        REMOVE = "remove"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="rows", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    change = models.CharField(max_length=6, choices=Change)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["draft", "client"], name="group_draft_client_once")]
        indexes = [models.Index(fields=["draft", "change", "id"], name="group_draft_in_order")]

    def __str__(self):
        return f"{self.draft_id}: {self.change} {self.client_id}"
