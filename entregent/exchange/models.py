import secrets
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Membership, Organization, User


def where_files_go(imported: "Import", filename: str) -> str:
    """Under a name of ours: nothing of the name that was sent reaches the disk."""
    return f"imports/{imported.organization_id}/{secrets.token_hex(16)}"


class Import(models.Model):
    """One file brought in: read, matched, tried (the dry run), carried out, perhaps undone.

    `counts` tells how many rows would be or were created, updated, unchanged, rejected, duplicate. `action_id` is the
    entry of the journal under which its changes stand, between `first_change` and `last_change`.
    """

    class State(models.TextChoices):
        NEW = "new", _("À préparer")
        CHECKING = "checking", _("Essai à blanc en cours")
        CHECKED = "checked", _("Essai à blanc terminé")
        APPLYING = "applying", _("Importation en cours")
        DONE = "done", _("Importé")
        STOPPED = "stopped", _("Arrêté")
        FAILED = "failed", _("Échoué")
        UNDOING = "undoing", _("Annulation en cours")
        UNDONE = "undone", _("Annulé")

    class OnDuplicate(models.TextChoices):
        REJECT = "reject", _("Ne pas les importer")
        CREATE = "create", _("Les créer quand même")
        UPDATE = "update", _("Mettre à jour la fiche existante")

    organization = models.ForeignKey(Organization, models.CASCADE)
    kind = models.CharField(_("données"), max_length=30)
    filename = models.CharField(_("fichier"), max_length=200)
    file = models.FileField(upload_to=where_files_go, storage=default_storage, blank=True)
    format = models.JSONField(default=dict)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    on_duplicate = models.CharField(
        _("doublons probables"), max_length=10, choices=OnDuplicate, default=OnDuplicate.REJECT
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    counts = models.JSONField(default=dict)
    # What the dry run has to say besides: groups of one name.
    notes = models.JSONField(default=list, db_default=[])
    # Carried out by the operator's command, who answers for it: nobody goes on with it on the page.
    by_operator = models.BooleanField(default=False, db_default=False)
    rows_read = models.BigIntegerField(default=0)
    job_id = models.BigIntegerField(null=True)
    action_id = models.BigIntegerField(null=True)
    undo_action_id = models.BigIntegerField(null=True)
    first_change = models.BigIntegerField(null=True)
    last_change = models.BigIntegerField(null=True)
    undo_result = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index("organization", models.F("id").desc(), name="import_of_organization")]

    def __str__(self):
        return self.filename

    @property
    def path(self) -> Path:
        return Path(self.file.path)

    @property
    def is_at_work(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.APPLYING, self.State.UNDOING)

    @property
    def can_be_mapped(self) -> bool:
        return self.state in (self.State.NEW, self.State.CHECKED, self.State.FAILED) and self.action_id is None

    @property
    def can_be_applied(self) -> bool:
        return self.state == self.State.CHECKED

    @property
    def can_be_undone(self) -> bool:
        is_done = self.state in (self.State.DONE, self.State.STOPPED) and self.action_id is not None
        return is_done and not self.by_operator

    def count(self, verdict: str) -> int:
        return self.counts.get(verdict, 0)


class ImportRow(models.Model):
    """One row of a file: as it stood there, what it became, and what is to be done with it.

    `fields` holds columns of the table it goes to, `extra` what goes to other tables or is looked up; `key` is what
    the row is recognised by.
    """

    class Verdict(models.TextChoices):
        CREATE = "create", _("à créer")
        UPDATE = "update", _("à mettre à jour")
        UNCHANGED = "unchanged", _("inchangée")
        DUPLICATE = "duplicate", _("doublon probable")
        REJECT = "reject", _("rejetée")

    pk = models.CompositePrimaryKey("batch_id", "line")
    organization_id = models.BigIntegerField()
    batch = models.ForeignKey(Import, models.CASCADE, related_name="rows", db_index=False)
    line = models.IntegerField()
    raw = models.JSONField()
    fields = models.JSONField(default=dict)
    extra = models.JSONField(default=dict)
    key = models.TextField(default="")
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField(default="")
    target_id = models.BigIntegerField(null=True)
    target_version = models.IntegerField(null=True)

    class Meta:
        ordering = ["batch_id", "line"]
        indexes = [
            # A key that stands twice in a file.
            models.Index("batch", "key", name="import_row_key", condition=~Q(key="")),
            # The rejects of an import, and its samples.
            models.Index("batch", "verdict", "line", name="import_row_verdict"),
        ]

    def __str__(self):
        return f"{self.batch_id}/{self.line}"


class ImportMapping(models.Model):
    """A matching of columns to fields, kept by name for the next file of the same form."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    kind = models.CharField(max_length=30)
    name = models.CharField(_("nom"), max_length=80)
    mapping = models.JSONField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "kind", "name"], name="mapping_name_once")]

    def __str__(self):
        return self.name


class CalendarFeed(models.Model):
    """The secret address of a member's calendar of follow-ups. The secret itself is nowhere: `digest` is its hash."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    membership = models.OneToOneField(Membership, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.membership_id}"


class Departure(models.Model):
    """An archive of the whole organization (`leaving`), made by a job; removed when it expires.

    `key` is where the storage keeps it; "" until it is made and after it is removed. What is in it is not journaled,
    who asked for it and who took it is.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    job_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=100, blank=True, default="")
    size = models.BigIntegerField(_("taille"), default=0)
    sha256 = models.CharField(_("empreinte SHA-256"), max_length=64, blank=True, default="")
    rows = models.BigIntegerField(_("lignes"), default=0)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("préparé le"), null=True)
    expires_at = models.DateTimeField(_("expire le"), null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.organization_id}: {self.created_at}"
