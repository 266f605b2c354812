from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.access.scope import clients_in_reach
from entregent.notifications.extension_points import all_events
from entregent.organizations.models import Organization, User


class NotificationQuerySet(models.QuerySet["Notification"]):
    """What somebody may read is asked when they read: a client that left their reach is told of no more."""

    def for_reader(self, member):
        """What `member` sees now of what they were told in the application, newest first."""
        return self.readable_by(member).filter(in_app=True)

    def readable_by(self, member):
        codes = [event.code for event in all_events().values() if event.is_for(member)]
        return self.filter(
            Q(client_id__isnull=True) | Q(client_id__in=clients_in_reach(member)),
            organization_id=member.organization_id,
            user_id=member.user_id,
            event__in=codes,
        )


class Notification(models.Model):
    """One thing told to one person: a line under the bell, a mail at once, a line of tomorrow's digest.

    `words` is plain data for the event's sentence, drawn in the language of whoever reads. No journal: the row says
    itself who was told what and when, and that somebody read it changes no record.
    """

    class Digest(models.TextChoices):
        NONE = "none", _("Aucun résumé")
        PENDING = "pending", _("Dans le prochain résumé")
        SENT = "sent", _("Résumé envoyé")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=60)
    client_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=60, default="", blank=True)
    subject_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=500)
    words = models.JSONField(default=dict)
    by_name = models.CharField(max_length=120, default="", blank=True)
    in_app = models.BooleanField(default=True)
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.NONE)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index("organization_id", "user_id", F("id").desc(), name="notification_of_user"),
            models.Index(
                "organization_id",
                "user_id",
                F("id").desc(),
                name="notification_unread",
                condition=Q(read_at__isnull=True, in_app=True),
            ),
            models.Index("organization_id", "user_id", name="notification_to_digest", condition=Q(digest="pending")),
            models.Index("created_at", name="notification_age"),
            # Merged clients, and what is forgotten with a client.
            models.Index("client_id", name="notification_client", condition=Q(client_id__isnull=False)),
        ]

    def __str__(self):
        return f"{self.event} → {self.user_id}"


class Preference(models.Model):
    """What one person chose for one event in one organization. Without a row, what the event says itself holds."""

    class Scope(models.TextChoices):
        MINE = "mine", _("Mes clients")
        ALL = "all", _("Tous les clients que je vois")
        NONE = "none", _("Aucun")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=60)
    scope = models.CharField(max_length=4, choices=Scope, default=Scope.MINE)
    in_app = models.BooleanField(default=True)
    mail = models.CharField(max_length=5)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "event", "user"], name="preference_once"),
        ]

    def __str__(self):
        return f"{self.user_id} {self.event}"


class EventRule(models.Model):
    """What the organization says of an event for everybody: whether it is told, and to whom besides (R004-30)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=60)
    is_on = models.BooleanField(default=True)
    tells_responsible = models.BooleanField(default=True)
    also = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "event"], name="event_rule_once")]

    def __str__(self):
        return self.event
