from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """A mail on its way out. One `message_id` for all tries, so that a receiver can tell a repeat.

    `organization_id` is None for mails of the instance itself (password resets). A sender takes a message by a lease
    (`leased_until`) and never holds a row lock while it talks to the mail server.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        SENT = "sent", _("Envoyé")
        FAILED = "failed", _("Échoué")

    organization_id = models.BigIntegerField(null=True)
    sender = models.CharField(max_length=320)
    recipients = ArrayField(models.EmailField(max_length=320))
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    reply_to = models.CharField(max_length=320, default="", blank=True)
    message_id = models.CharField(max_length=255, unique=True)
    subject_type = models.CharField(max_length=60, default="", blank=True)
    subject_id = models.BigIntegerField(null=True)
    client_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_message"
        ordering = ["-id"]
        indexes = [
            # What is due to be sent.
            models.Index("next_try_at", name="outbox_due", condition=models.Q(state="pending")),
            models.Index("organization_id", models.F("id").desc(), name="outbox_of_organization"),
        ]

    def __str__(self):
        return self.subject
