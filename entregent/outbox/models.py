from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Message(models.Model):
    """A mail on its way out. One `message_id` for all tries, so that a receiver can tell a repeat.

    `organization_id` is None for mails of the instance itself (password resets). A sender takes a message by a lease
    (`leased_until`) and never holds a row lock while it talks to the mail server.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        SENT = "sent", _("Envoyé")
        FAILED = "failed", _("Échoué")

    class Nature(models.TextChoices):
        """What answers by machines may do with it: a machine never answers what a machine wrote (RFC 3834)."""

        ALERT = "alert", _("Avertissement")
        REPLY = "reply", _("Réponse automatique")
        DIGEST = "digest", _("Résumé")
        LETTER = "letter", _("Courriel écrit par une personne")

    class Reason(models.TextChoices):
        """Why the last try did not succeed, as far as whoever reads it can do something about it."""

        ADDRESS = "address", _("Le serveur de courriel refuse l’adresse du destinataire.")
        SENDER = "sender", _("Le serveur de courriel refuse l’adresse de l’expéditeur.")
        REFUSED = "refused", _("Le serveur de courriel refuse ce courriel.")
        BUSY = "busy", _("Le serveur de courriel demande d’attendre.")
        AWAY = "away", _("Le serveur de courriel ne répond pas.")
        DROPPED = "dropped", _("La liaison avec le serveur de courriel s’est rompue pendant l’envoi.")
        WRONG = "wrong", _("Ce courriel ne peut pas être composé : une adresse n’en est pas une.")
        ATTACHMENT = "attachment", _("Une pièce jointe n’existe plus.")
        FAULT = "fault", _("Une erreur du logiciel a empêché l’envoi.")
        POSTED = "posted", _("Parti par courrier à sa place.")

    organization_id = models.BigIntegerField(null=True)
    nature = models.CharField(max_length=10, choices=Nature, default=Nature.ALERT, db_default="alert")
    language = models.CharField(max_length=2, default="fr", db_default="fr")
    sender = models.CharField(max_length=320)
    recipients = ArrayField(models.EmailField(max_length=320))
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    reply_to = models.CharField(max_length=320, default="", blank=True)
    message_id = models.CharField(max_length=255, unique=True)
    in_reply_to = models.CharField(max_length=998, default="", db_default="", blank=True)
    references = models.TextField(default="", db_default="", blank=True)
    unsubscribe_url = models.CharField(max_length=500, default="", db_default="", blank=True)
    # Kept files by id; an area above reads them (`outbox.attachment_readers`).
    attachments = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    subject_type = models.CharField(max_length=60, default="", blank=True)
    subject_id = models.BigIntegerField(null=True)
    client_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    # Told to the member `user_id` alone (an alert, a digest): nobody else reads it, whatever they reach.
    is_personal = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=10, choices=Reason, default="", db_default="", blank=True)
    error = models.TextField(default="", blank=True)
    # Recipients that the mail server has taken it for: they get no second copy when the others are tried again.
    reached = ArrayField(models.CharField(max_length=320), default=list, db_default=[], blank=True)
    # Subject and recipients as the filter compares them.
    words = models.TextField(default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_message"
        ordering = ["-created_at", "-id"]
        indexes = [
            # What is due to be sent.
            models.Index("next_try_at", name="outbox_due", condition=models.Q(state="pending")),
            # « Boîte d'envoi »: newest first; of one state; of one client; what is about a record.
            models.Index("organization_id", F("created_at").desc(), F("id").desc(), name="outbox_newest_first"),
            models.Index(
                "organization_id",
                F("created_at").desc(),
                F("id").desc(),
                name="outbox_not_sent",
                condition=~models.Q(state="sent"),
            ),
            models.Index(
                "client_id",
                F("created_at").desc(),
                name="outbox_of_client",
                condition=models.Q(client_id__isnull=False),
            ),
            models.Index(
                "subject_id", "subject_type", name="outbox_of_record", condition=models.Q(subject_id__isnull=False)
            ),
            GinIndex(F("organization_id"), OpClass(F("words"), "gin_trgm_ops"), name="outbox_words"),
        ]

    def __str__(self):
        return self.subject


# How the purposes of the endpoints of webhooks begin.
WEBHOOK = "webhook:"


class Endpoint(models.Model):
    """Another system to which the product sends HTTP messages: one for each `purpose` of an organization.

    The secret that signs them and how the other side has been doing stand in `EndpointState`.
    """

    organization_id = models.BigIntegerField()
    purpose = models.CharField(max_length=40)
    url = models.CharField(max_length=500)
    is_on = models.BooleanField(default=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("organization_id", "purpose", name="outbox_endpoint_once")]

    def __str__(self):
        return f"{self.organization_id}: {self.purpose}"

    @property
    def is_webhook(self) -> bool:
        """One of the addresses that an organization has told to listen (`webhooks`)."""
        return self.purpose.startswith(WEBHOOK)


class EndpointState(models.Model):
    """The sealed secret of an endpoint, the one before it while that still signs too, and how the endpoint has been
    doing. Without journal: it changes with every message."""

    organization_id = models.BigIntegerField()
    endpoint = models.OneToOneField(Endpoint, models.CASCADE, related_name="state")
    secret = models.TextField()
    old_secret = models.TextField(default="", blank=True)
    old_secret_until = models.DateTimeField(null=True)
    # Nothing is sent before: the other side is away, or asked to wait.
    paused_until = models.DateTimeField(null=True)
    away = models.IntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    # The first try that failed since the last answer.
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    def __str__(self):
        return f"{self.endpoint_id}: {self.error or 'ok'}"


class Post(models.Model):
    """A signed HTTP message to an endpoint (Standard Webhooks): one `webhook_id` and one body for all tries.

    Those about one record leave in the order in which they were written: while one waits or has failed, those after it
    wait. A sender takes a message by a lease, as with mails. What is confidential is about a record that not everybody
    who reaches its client may see.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        SENT = "sent", pgettext_lazy("message", "Transmis")
        FAILED = "failed", _("Échoué")

    class Reason(models.TextChoices):
        """Why the last try did not succeed."""

        AWAY = "away", _("L’autre système ne répond pas.")
        LATE = "late", _("L’autre système n’a pas répondu à temps.")
        BUSY = "busy", _("L’autre système demande d’attendre.")
        TROUBLE = "trouble", _("L’autre système a rencontré une erreur.")
        REFUSED = "refused", _("L’autre système refuse ce message.")
        REDIRECT = "redirect", _("L’autre système renvoie à une autre adresse : réglez celle-là.")
        GONE = "gone", _("L’autre système ne veut plus de messages : l’envoi est arrêté.")
        ADDRESS = "address", _("L’adresse de l’autre système n’est pas admise.")
        FAULT = "fault", _("Une erreur du logiciel a empêché l’envoi.")

    organization_id = models.BigIntegerField()
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="posts", db_index=False)
    webhook_id = models.CharField(max_length=60, unique=True)
    event = models.CharField(max_length=60)
    body = models.TextField()
    subject_type = models.CharField(max_length=60, default="", blank=True)
    subject_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, default="", blank=True)
    client_id = models.BigIntegerField(null=True)
    is_confidential = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=10, choices=Reason, default="", blank=True)
    error = models.TextField(default="", blank=True)
    status = models.IntegerField(null=True)
    answer = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # What is due; what of a record has not left yet; newest first; of one state; of one record.
            models.Index("next_try_at", "id", name="outbox_post_due", condition=models.Q(state="pending")),
            models.Index(
                "subject_id",
                "subject_type",
                "endpoint",
                "id",
                name="outbox_post_waiting",
                condition=~models.Q(state="sent"),
            ),
            models.Index("organization_id", F("created_at").desc(), F("id").desc(), name="outbox_post_newest"),
            models.Index(
                "organization_id",
                F("created_at").desc(),
                F("id").desc(),
                name="outbox_post_not_sent",
                condition=~models.Q(state="sent"),
            ),
            models.Index("subject_id", "subject_type", F("id").desc(), name="outbox_post_of_record"),
        ]

    def __str__(self):
        return f"{self.event} {self.label}"
