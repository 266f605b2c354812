"""Who listens to what, and what has happened and is not yet a message."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Organization
from entregent.outbox.models import Endpoint


class Webhook(models.Model):
    """An address that is told of `events` (« client.created »). Address, secret and whether it is on stand in its
    endpoint of the outbox, with the messages themselves.

    `stopped` says why the product has switched it off by itself: the other side wants no more (410), or has answered
    nothing for days. `stopped_at` is when it was switched off, by whomever.
    """

    class Stopped(models.TextChoices):
        GONE = "gone", _("L’autre système ne veut plus de messages.")
        FAILING = "failing", _("Aucun message n’a été reçu depuis plusieurs jours.")

    organization = models.ForeignKey(Organization, models.CASCADE)
    endpoint = models.OneToOneField(Endpoint, models.CASCADE, related_name="webhook")
    name = models.CharField(_("nom"), max_length=80)
    events = ArrayField(models.CharField(max_length=60))
    stopped = models.CharField(max_length=10, choices=Stopped, blank=True, default="")
    stopped_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self):
        return self.name


class Event(models.Model):
    """Something that happened to a record and that a webhook of the organization listens to. Written by triggers, gone
    once its messages are written. Events of one record have their numbers in the order of its changes."""

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    label = models.CharField(max_length=200, default="", blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["organization", "id"], name="webhooks_event_turn")]

    def __str__(self):
        return f"{self.name} {self.record_id}"
