from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F
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
