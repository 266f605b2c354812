import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.organizations.models import Organization


class Connector(models.Model):
    """Another system to which clients are pushed, and what of them it is sent: one for each system.

    `settings` are those of its kind (a database, a folder, the field that holds our number), `mapping` names for each
    of our fields that is sent the field over there. The secret and how the other side is doing stand in
    `ConnectorState`.
    """

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("Message signé (webhook)")
        FILE = "file", _("Dépôt de fichiers sur le serveur")
        SFTP = "sftp", _("Dépôt de fichiers par SFTP")
        ENTREGENT = "entregent", _("Un autre Entregent")
        ODOO = "odoo", "Odoo"
        ESPOCRM = "espocrm", "EspoCRM"

    class Audience(models.TextChoices):
        """Whose copies the other system holds; whoever is no longer among them is withdrawn from it."""

        ENROLLED = "enrolled", _("Les clients inscrits par l’effectif GRC")
        CLIENTS = "clients", _("Tous les clients")
        EVERYONE = "everyone", _("Les clients et les prospects")

    organization = models.ForeignKey(Organization, models.CASCADE)
    name = models.CharField(pgettext_lazy("thing", "nom"), max_length=80)
    kind = models.CharField(_("genre"), max_length=10, choices=Kind)
    address = models.CharField(_("adresse"), max_length=500, blank=True, default="")
    settings = models.JSONField(_("réglages"), default=dict)
    mapping = models.JSONField(_("champs envoyés"), default=dict)
    audience = models.CharField(_("clients transmis"), max_length=10, choices=Audience, default=Audience.ENROLLED)
    is_on = models.BooleanField(_("en service"), default=False)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(_("créé le"), db_default=Now())

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint("organization", "name", name="connector_name_once")]

    def __str__(self):
        return self.name


class ConnectorState(models.Model):
    """The sealed secret of a connector, and how the other system is doing. Without journal: it changes with each
    exchange. `leased_until`: one sender at a time, and the next one takes over when it has died."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    connector = models.OneToOneField(Connector, models.CASCADE, related_name="state")
    secret = models.TextField(default="", blank=True)
    leased_until = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    away = models.IntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    error = models.TextField(default="", blank=True)

    def __str__(self):
        return f"{self.connector_id}: {self.error or 'ok'}"


class Copy(models.Model):
    """What another system holds of one client: under which id there, since when, and until when.

    The client is named by id alone: a copy outlives a client who is purged, until it is withdrawn. `digest` is of what
    was written down last to be sent. `creating` is what a first push carried whose outcome nobody knows yet: the next
    one repeats it under the same key before anything else, so that the other side makes one record.
    """

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("copy", "Envoi en attente")
        HELD = "held", pgettext_lazy("copy", "L’a encore")
        LEAVING = "leaving", pgettext_lazy("copy", "Retrait demandé")
        GONE = "gone", pgettext_lazy("copy", "Retiré, accusé reçu")

    organization = models.ForeignKey(Organization, models.CASCADE)
    connector = models.ForeignKey(Connector, models.CASCADE, related_name="copies", verbose_name=_("connecteur"))
    client_id = models.BigIntegerField(_("client"))
    external_id = models.CharField(_("identifiant là-bas"), max_length=200, blank=True, default="")
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.PENDING)
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    creating = models.JSONField(null=True, editable=False)
    # Something has left for there: until the withdrawal is acknowledged, nobody can say that nothing is there.
    tried_at = models.DateTimeField(null=True, editable=False)
    confirmed_at = models.DateTimeField(_("reçu le"), null=True)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True)

    class Meta:
        constraints = [models.UniqueConstraint("connector", "client_id", name="copy_once")]
        indexes = [
            models.Index("client_id", name="copy_of_client"),
            models.Index("connector", "state", "id", name="copy_by_state"),
        ]

    def __str__(self):
        return f"{self.connector_id}: {self.client_id}"

    @property
    def tone(self) -> str:
        return {"pending": "info", "held": "accent", "leaving": "warn", "gone": "ok"}[self.state]


class Exchange(models.Model):
    """One push or withdrawal: what was sent, how often, and what the other system answered. One `key` for all tries.

    Those about one client leave in the order in which they were written. One that has failed for good holds up none
    after it: each carries the whole of what the other side shall hold.
    """

    class Operation(models.TextChoices):
        PUSH = "push", _("Envoi")
        WITHDRAW = "withdraw", pgettext_lazy("copy", "Retrait")

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        DROPPED = "dropped", pgettext_lazy("exchange", "Déposé, accusé attendu")
        ACCEPTED = "accepted", pgettext_lazy("exchange", "Accusé reçu")
        FAILED = "failed", _("Échoué")
        SUPERSEDED = "superseded", pgettext_lazy("exchange", "Remplacé")

    organization = models.ForeignKey(Organization, models.CASCADE)
    connector = models.ForeignKey(Connector, models.CASCADE, related_name="exchanges", db_index=False)
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    client_id = models.BigIntegerField()
    number = models.CharField(_("n° client"), max_length=40)
    operation = models.CharField(_("opération"), max_length=8, choices=Operation)
    record = models.JSONField(default=dict)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.PENDING)
    tries = models.IntegerField(_("essais"), default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    external_id = models.CharField(max_length=200, blank=True, default="")
    status = models.IntegerField(null=True)
    error = models.TextField(_("motif"), blank=True, default="")
    answer = models.TextField(_("réponse"), blank=True, default="")
    created_at = models.DateTimeField(_("écrit le"), db_default=Now())
    settled_at = models.DateTimeField(_("réglé le"), null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # What waits, in order, as a whole and of one client; the log; what of a client was exchanged.
            models.Index("connector", "id", name="exchange_due", condition=Q(state="pending")),
            models.Index("connector", "client_id", "id", name="exchange_waiting", condition=Q(state="pending")),
            models.Index("connector", "state", F("id").desc(), name="exchange_by_state"),
            models.Index("connector", F("id").desc(), name="exchange_newest"),
            models.Index("client_id", F("id").desc(), name="exchange_of_client"),
        ]

    def __str__(self):
        return f"{self.operation} {self.number}"

    @property
    def tone(self) -> str:
        return {"pending": "info", "dropped": "info", "accepted": "ok", "failed": "bad", "superseded": "neutral"}[
            self.state
        ]


class Touched(models.Model):
    """A client who has changed, by whatever door (triggers, `connectors.sql`), until the connectors have looked."""

    organization = models.ForeignKey(
        Organization, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    client_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index("organization", "id", name="touched_in_order")]

    def __str__(self):
        return f"{self.client_id}"
