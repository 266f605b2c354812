from datetime import timedelta

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client, Person
from entregent.documents.models import StoredFile
from entregent.organizations.models import Organization, User

# Whose transfers beyond one's own a right reaches to (R004-31).
OF_ALL = {
    Right.TRANSFER_VIEW: Right.TRANSFER_VIEW_ALL,
    Right.TRANSFER_SEND: Right.TRANSFER_BEHALF,
    Right.TRANSFER_DELETE: Right.TRANSFER_DELETE_ALL,
}


class FileTransferQuerySet(ScopedQuerySet["FileTransfer"]):
    """Seen with its client (without one, with its person) by who sent it, and by who sees those of all."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.TRANSFER_VIEW):
        found = super().visible_to(member, right).filter(deleted_at__isnull=True)
        return found if member.can(OF_ALL[right]) else found.filter(self._own(member))

    def deleted_in_reach(self, member, right=Right.TRANSFER_DELETE):
        """What was deleted and may be brought back; `visible_to` never shows it."""
        found = super().visible_to(member, right).filter(deleted_at__isnull=False)
        return found if member.can(OF_ALL[right]) else found.filter(self._own(member))

    def _own(self, member) -> Q:
        return Q(sender_id=member.user_id) | Q(created_by_id=member.user_id)

    def in_scope(self, condition, member, right):
        people = Person.objects.visible_to(member, Right.CLIENT_VIEW).values("id")
        return condition | Q(client__isnull=True, person__in=people)

    def open(self):
        """Neither done, cancelled nor out of time, whatever the task that closes them has written by now."""
        return self.filter(state__in=FileTransfer.OPEN, expires_at__gt=Now())

    def of_access(self, access):
        """Those of somebody at the client: theirs alone, for the client that their access is for."""
        return self.filter(
            organization_id=access.organization_id,
            person_id=access.person_id,
            client_id=access.client_id,
            deleted_at__isnull=True,
        )


class FileTransfer(models.Model):
    """Files sent to a person, or asked of them, through the portal (R004-21 to -31).

    `sender` is in whose name it goes, `created_by` who did it. The message stands in the mail, or with
    `secure_message` on the portal alone. Open are those in wait and those that are ready; on `expires_at` an open one
    expires, and nobody at the client reads the files of any.
    """

    class Direction(models.TextChoices):
        SEND = "send", _("Envoi")
        REQUEST = "request", _("Demande")

    class State(models.TextChoices):
        WAITING = "waiting", _("En attente de fichiers")
        READY = "ready", _("Prêt pour téléchargement")
        DONE = "done", pgettext_lazy("transfer", "Terminé")
        EXPIRED = "expired", pgettext_lazy("transfer", "Expiré")
        CANCELLED = "cancelled", pgettext_lazy("transfer", "Annulé")

    OPEN = (State.WAITING, State.READY)

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.BigIntegerField(_("n°"))
    direction = models.CharField(_("type"), max_length=8, choices=Direction)
    state = models.CharField(_("statut"), max_length=10, choices=State)
    sender = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("de"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="transfers", verbose_name=_("à"))
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="transfers", verbose_name=_("pour")
    )
    email = models.EmailField(_("courriel"), max_length=320)
    subject = models.CharField(_("objet"), max_length=200)
    message = models.TextField(_("message"), max_length=20000, blank=True, default="")
    secure_message = models.BooleanField(_("message sur le portail seulement"), default=False)
    with_signature = models.BooleanField(_("signature demandée"), default=False)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("expire le"))
    completed_at = models.DateTimeField(_("fichiers remis le"), null=True)
    closed_at = models.DateTimeField(_("terminé le"), null=True)
    reminded_at = models.DateTimeField(null=True)
    reminders = models.IntegerField(default=0)
    # Both sides were told that the end is near.
    warned_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    version = models.IntegerField(default=1)

    objects = FileTransferQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="transfer_number_once"),
            models.CheckConstraint(
                condition=~Q(direction="send", state="waiting"), name="transfer_sent_waits_for_no_file"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "ready"], closed_at__isnull=True)
                | (~Q(state__in=["waiting", "ready"]) & Q(closed_at__isnull=False)),
                name="transfer_closed_when_not_open",
            ),
        ]
        indexes = [
            # The list, newest first, and by the other orders that it offers.
            models.Index(
                "organization", F("created_at").desc(), F("id").desc(), name="transfer_by_date",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index("organization", "expires_at", "id", name="transfer_by_end",
                         condition=Q(deleted_at__isnull=True)),
            models.Index("client", F("created_at").desc(), name="transfer_of_client"),
            models.Index("person", F("created_at").desc(), name="transfer_of_person"),
            # What expires, and whom to remind.
            models.Index("organization", "expires_at", name="transfer_open",
                         condition=Q(state__in=["waiting", "ready"])),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.subject}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN and not self.is_over

    @property
    def is_over(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def state_now(self) -> str:
        """« Expiré » from the minute on, whatever the task has written by then."""
        return self.State.EXPIRED if self.state in self.OPEN and self.is_over else self.state

    @property
    def state_label(self) -> str:
        return str(self.State(self.state_now).label)

    @property
    def is_request(self) -> bool:
        return self.direction == self.Direction.REQUEST

    @property
    def days_left(self) -> int:
        return max(0, (self.expires_at - timezone.now()) // timedelta(days=1))


def transfers_of(access) -> "FileTransferQuerySet":
    """Those that somebody at the client may know of: the portal's way in."""
    return FileTransfer.objects.of_access(access)


def deleted_transfer(member, number: int) -> FileTransfer:
    """One that was deleted and that the member may bring back, or NotFound."""
    return FileTransfer.objects.deleted_in_reach(member).found(number=number)


def state_now():
    """The state of a transfer as an expression: what is over is expired."""
    over = When(state__in=list(FileTransfer.OPEN), expires_at__lte=Now(), then=Value(FileTransfer.State.EXPIRED.value))
    return Case(over, default=F("state"), output_field=models.CharField())


class TransferFile(models.Model):
    """A file of a transfer."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Téléversé")
        READY = "ready", _("Prêt pour téléchargement")
        DOWNLOADED = "downloaded", _("Téléchargé")
        EXPIRED = "expired", pgettext_lazy("transfer", "Expiré")
        CANCELLED = "cancelled", pgettext_lazy("transfer", "Annulé")

    organization = models.ForeignKey(Organization, models.CASCADE)
    transfer = models.ForeignKey(FileTransfer, models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    state = models.CharField(_("statut"), max_length=10, choices=State)
    downloaded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["file"], name="transfer_file_once")]

    def __str__(self):
        return f"{self.transfer_id}: {self.file_id}"


class Signature(models.Model):
    """What a person decided about a file: signed, with all that proves it, or rejected.

    `facts` are what the evidence page says, `seal` their HMAC with the key of the instance; each names the seal of the
    signature before it, so that none can be taken out (`entregent.transfers.evidence`).
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("En attente de signature")
        SIGNED = "signed", _("Signé")
        REJECTED = "rejected", _("Rejeté")
        EXPIRED = "expired", pgettext_lazy("signature", "Expirée")

    organization = models.ForeignKey(Organization, models.CASCADE)
    file = models.OneToOneField(TransferFile, models.CASCADE, related_name="signature")
    state = models.CharField(_("signature"), max_length=10, choices=State, default=State.WAITING)
    name = models.CharField(_("nom du signataire"), max_length=120, blank=True, default="")
    reason = models.CharField(_("motif"), max_length=500, blank=True, default="")
    at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    seal = models.CharField(max_length=64, blank=True, default="")
    evidence = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="signed") | (~Q(name="") & ~Q(seal="") & Q(at__isnull=False)),
                name="signature_proven",
            )
        ]
        indexes = [models.Index("organization", "seal", name="signature_seal", condition=~Q(seal=""))]

    def __str__(self):
        return f"{self.file_id}: {self.state}"


class TransferSettings(models.Model):
    """How long transfers live, and when both sides are told that the end is near. Without a row: 30 days, 3 ahead."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="transfer_settings")
    delay_days = models.IntegerField(_("durée d’un transfert, en jours"), default=30)
    reminder_days = models.IntegerField(_("rappel, en jours avant l’échéance"), default=3)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(delay_days__gte=1, delay_days__lte=365), name="transfer_delay"),
            models.CheckConstraint(
                condition=Q(reminder_days__gte=0) & Q(reminder_days__lt=F("delay_days")), name="transfer_reminder"
            ),
        ]

    def __str__(self):
        return f"{self.organization_id}"

    @classmethod
    def of(cls, organization_id: int) -> "TransferSettings":
        return cls.objects.filter(organization_id=organization_id).first() or cls(organization_id=organization_id)
