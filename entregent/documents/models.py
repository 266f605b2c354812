from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Organization, User

MEGABYTE = 1024 * 1024
# What an organization may choose for one file, in megabytes, and what it starts with.
SMALLEST_LIMIT, FIRST_LIMIT, LARGEST_LIMIT = 1, 100, 1024


class StoredFile(models.Model):
    """A file kept under a name of ours (`key`); the given one is for people only, and cleaned.

    `media_type` is told by the content. `removed_at`: the content is gone, the row says that there was one. The
    content is written before its row and removed after it: what is left over is swept (`tasks.sweep`).
    """

    class Scan(models.TextChoices):
        CLEAN = "clean", _("Aucun virus trouvé")
        NOT_SCANNED = "not_scanned", _("Sans analyse antivirus")
        INFECTED = "infected", _("Virus trouvé")

    organization = models.ForeignKey(Organization, models.CASCADE)
    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(_("nom"), max_length=200)
    media_type = models.CharField(_("type"), max_length=120)
    size = models.BigIntegerField(_("taille"))
    sha256 = models.CharField(max_length=64)
    scan = models.CharField(_("antivirus"), max_length=11, choices=Scan, default=Scan.NOT_SCANNED)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # Whoever gave it on the client's side; without a foreign key, since people stand beside.
    created_by_person_id = models.BigIntegerField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            # What the sweep looks at.
            models.Index("organization", "removed_at", name="storedfile_removed", condition=Q(removed_at__isnull=False))
        ]

    def __str__(self):
        return self.name


class Upload(models.Model):
    """A file on its way in, piece by piece: `received` octets have come, the next piece starts there.

    `token` is its address, known to who began it only; `owner` says who that is (« user:12 », « access:7 ») and
    `purpose` what it is for (« transfer:3 »). Each piece is an object of the storage; the last one makes the file.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    token = models.CharField(max_length=43, unique=True)
    owner = models.CharField(max_length=40)
    purpose = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    # Where each piece starts, in order.
    pieces = models.JSONField(default=list)
    file = models.ForeignKey(StoredFile, models.CASCADE, null=True, related_name="+")
    # The form that it was for has come: the file belongs to somebody now.
    is_taken = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(received__gte=0) & Q(received__lte=F("size")), name="upload_received"),
        ]
        indexes = [models.Index("organization", "last_at", name="upload_by_age")]

    def __str__(self):
        return f"{self.name} {self.received}/{self.size}"


class FileSettings(models.Model):
    """How large a file may be in this organization. Without a row: 100 MB."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="file_settings")
    largest = models.IntegerField(_("taille maximale d’un fichier, en Mo"), default=FIRST_LIMIT)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(largest__gte=SMALLEST_LIMIT) & Q(largest__lte=LARGEST_LIMIT), name="file_limit_sane"
            )
        ]

    def __str__(self):
        return f"{self.largest} Mo"
