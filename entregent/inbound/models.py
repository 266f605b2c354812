from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client, Person
from entregent.documents.models import StoredFile
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.models import Organization, User


class Mailbox(models.Model):
    """« Boîte de réception »: where the organization's mails are fetched (IMAP), or the address for which a mail server
    hands them to us (LMTP).

    `topic` is that of the interactions that its mails make. An agent may put its address in copy of a mail to a client:
    `copies_internal` says whether what is logged then stays internal. The password and how far the reader is stand in
    `MailboxState`.
    """

    class Kind(models.TextChoices):
        IMAP = "imap", _("Relevée par IMAP")
        LMTP = "lmtp", _("Remise par le serveur de courriel (LMTP)")

    class Security(models.TextChoices):
        SSL = "ssl", _("SSL/TLS")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", pgettext_lazy("security", "Aucune")

    class Afterwards(models.TextChoices):
        SEEN = "seen", _("Les marquer comme lus")
        MOVE = "move", _("Les déplacer dans un dossier")

    organization = models.ForeignKey(Organization, models.CASCADE)
    name = models.CharField(_("nom de la boîte"), max_length=80)
    kind = models.CharField(_("genre"), max_length=4, choices=Kind, default=Kind.IMAP)
    address = models.EmailField(_("adresse de la boîte"))
    host = models.CharField(_("serveur"), max_length=253, blank=True, default="")
    port = models.PositiveIntegerField(_("port"), null=True, blank=True)
    security = models.CharField(_("sécurité"), max_length=8, choices=Security, default=Security.SSL)
    username = models.CharField(_("identifiant"), max_length=320, blank=True, default="")
    folder = models.CharField(_("dossier relevé"), max_length=255, default="INBOX")
    afterwards = models.CharField(_("une fois les courriels gardés"), max_length=4, choices=Afterwards, default="seen")
    done_folder = models.CharField(_("dossier d’arrivée"), max_length=255, blank=True, default="")
    topic = models.ForeignKey(
        Topic, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("rubrique")
    )
    copies_internal = models.BooleanField(_("les copies des agents restent internes"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(F("organization"), Lower("address"), name="mailbox_address_once"),
            # A mail server names nothing but the address: it must lead to one organization.
            models.UniqueConstraint(Lower("address"), condition=Q(kind="lmtp"), name="mailbox_delivered_once"),
            models.CheckConstraint(condition=~Q(kind="imap") | ~Q(host=""), name="mailbox_imap_has_a_host"),
        ]

    def __str__(self):
        return self.name


class MailboxState(models.Model):
    """The sealed password of a mailbox, and how far its reader is. Without journal: it changes with every reading."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    mailbox = models.OneToOneField(Mailbox, models.CASCADE, related_name="state")
    secret = models.TextField(blank=True, default="")
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)
    last_mail_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    failing_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.mailbox_id}: {self.last_uid}"


class InstanceMailbox(models.Model):
    """How far the reader is in the mailbox that ENTREGENT_INBOUND_MAIL_URL names, which belongs to no organization.

    `digest` tells mailboxes apart without keeping the address, which holds a password.
    """

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    def __str__(self):
        return self.digest[:8]


class RawMailQuerySet(ScopedQuerySet["RawMail"]):
    """Whoever reaches the whole organization sees all; others those of clients in their reach, or guessed to be."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.INBOUND_ATTACH):
        return super().visible_to(member, right)

    def in_scope(self, condition, member, right):
        is_guessed = models.Func(
            F("pk"),
            OuterRef("guesses"),
            template="(%(expressions)s))",
            arg_joiner=" = ANY(",
            output_field=models.BooleanField(),
        )
        guessed = Client.objects.visible_to(member, right).filter(is_guessed)
        return (condition & Q(client__isnull=False, client__deleted_at__isnull=True)) | Q(
            Exists(guessed), client__isnull=True
        )


class RawMail(models.Model):
    """A mail as it came. It is kept before its server is told that it is ours, read afterwards, and never removed.

    `digest` is of what makes the mail (sender, date, subject, Message-ID, body) and of nothing that its way added: the
    same mail from two mailboxes, or seen again, is one. Another mail under the Message-ID of one that came waits in
    « À rattacher ». `client` is whose it is, once known; `guesses` whose it may be; `asked_number` the interaction that
    its address or its headers name. Without journal: it says itself what came; what people do with it is recorded.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Reçu")
        FILED = "filed", _("Classé")
        TO_ATTACH = "to_attach", _("À rattacher")
        QUARANTINED = "quarantined", _("En quarantaine")
        IGNORED = "ignored", _("Ignoré")

    class Reason(models.TextChoices):
        UNKNOWN_SENDER = "unknown_sender", _("L’expéditeur n’est l’adresse d’aucun client.")
        SEVERAL_CLIENTS = "several_clients", _("L’adresse de l’expéditeur est celle de plusieurs clients.")
        OTHER_SENDER = "other_sender", _("La réponse vient d’une adresse que le client de cet échange n’a pas.")
        INTERACTION_GONE = "interaction_gone", _("L’interaction à laquelle ce courriel répond n’existe plus.")
        NOT_AUTHENTIC = "not_authentic", _("Le serveur n’a pas pu confirmer l’expéditeur (DMARC).")
        UNKNOWN_RECIPIENT = "unknown_recipient", _("Copie d’un agent : aucun destinataire n’est un client.")
        OUT_OF_REACH = "out_of_reach", _("Copie d’un agent : le client est hors de son habilitation.")
        SHARED_ADDRESS = "shared_address", _("Plusieurs membres écrivent de cette adresse.")
        SAME_ID = "same_id", _("Un autre courriel porte la même marque (Message-ID).")
        AUTOMATIC = "automatic", _("Réponse automatique.")
        BOUNCE = "bounce", _("Avis de non-remise.")
        LOOP = "loop", _("Courriel de ce logiciel, revenu.")
        BY_HAND = "by_hand", _("Ignoré par un membre.")
        UNREADABLE = "unreadable", _("Ce courriel est mal formé.")
        TOO_NESTED = "too_nested", _("Ce courriel a trop de parties imbriquées.")
        TOO_LARGE = "too_large", _("Ce courriel est trop volumineux ; il est resté sur le serveur.")
        REFUSED = "refused", _("Ce courriel n’a pas pu être classé.")
        CRASHED = "crashed", _("La lecture de ce courriel s’est interrompue plusieurs fois.")

    organization = models.ForeignKey(Organization, models.CASCADE)
    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, blank=True, related_name="+")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    message_id = models.CharField(max_length=255, blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(_("état"), max_length=11, choices=State, default=State.RECEIVED)
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    tries = models.IntegerField(default=0)
    sender = models.CharField(_("expéditeur"), max_length=320, blank=True, default="")
    sender_name = models.CharField(max_length=200, blank=True, default="")
    recipients = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    subject = models.CharField(_("objet"), max_length=200, blank=True, default="")
    preview = models.CharField(max_length=300, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    has_files = models.BooleanField(default=False)
    client = models.ForeignKey(Client, models.SET_NULL, null=True, blank=True, related_name="+")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    guesses = ArrayField(models.BigIntegerField(), default=list, blank=True)
    asked_number = models.BigIntegerField(null=True)
    handled_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    handled_at = models.DateTimeField(null=True)

    objects = RawMailQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "digest"], name="raw_mail_once")]
        indexes = [
            # The lists: of one state, newest first.
            models.Index(
                "organization", "state", F("received_at").desc(), F("id").desc(), name="raw_mail_newest_first"
            ),
            # What is to be read, in the order in which it came.
            models.Index("organization", "id", name="raw_mail_received", condition=Q(state="received")),
            # What a reply refers to.
            models.Index("organization", "message_id", name="raw_mail_message_id", condition=~Q(message_id="")),
            models.Index("client", name="raw_mail_client", condition=Q(client__isnull=False)),
        ]

    def __str__(self):
        return self.subject or self.message_id

    @property
    def is_open(self) -> bool:
        """Whether somebody can still say whose it is."""
        return self.state in (self.State.TO_ATTACH, self.State.IGNORED)


class FiledMail(models.Model):
    """Behind which interactions a mail stands. Without an entry: a reply of a machine, kept beside the conversation."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    mail = models.ForeignKey(RawMail, models.CASCADE, related_name="filed")
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="mails")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "interaction"], name="filed_mail_once")]

    def __str__(self):
        return f"{self.mail_id} → {self.interaction_id}"


class PhoneLine(models.Model):
    """The extension on which a member is called. Whoever has one is shown who calls, on the page at hand."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    extension = models.CharField(_("poste"), max_length=40)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="phone_line_of_member_once"),
            models.UniqueConstraint(fields=["organization", "extension"], name="phone_line_extension_once"),
        ]

    def __str__(self):
        return self.extension


class PhoneCall(models.Model):
    """A call that the telephone system told of. Its events come in any order and more than once: one row.

    `caller` is in E.164 where it is a number. `client` and `person` are whose number it is, if it is one's.
    Without journal: it says itself who called when.
    """

    class State(models.TextChoices):
        RINGING = "ringing", _("Sonne")
        ANSWERED = "answered", pgettext_lazy("call", "En cours")
        ENDED = "ended", pgettext_lazy("call", "Terminé")

    organization = models.ForeignKey(Organization, models.CASCADE)
    call_id = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.RINGING)
    caller = models.CharField(_("appelant"), max_length=40, blank=True, default="")
    called = models.CharField(_("appelé"), max_length=60, blank=True, default="")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    client = models.ForeignKey(Client, models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    recording_url = models.CharField(max_length=500, blank=True, default="")
    began_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    interaction = models.ForeignKey(Interaction, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-began_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "call_id"], name="phone_call_once")]
        indexes = [
            # What the page of a member asks every few seconds.
            models.Index(
                "organization",
                "user",
                F("began_at").desc(),
                name="phone_call_open",
                condition=Q(closed_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.caller} → {self.called}"
