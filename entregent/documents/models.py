from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client
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


class Letterhead(models.Model):
    """How an organization's letters look: sender, logo, foot, colour, and where the window of its envelopes is.

    Without a row: the name of the organization, and the window of its country.
    """

    class Window(models.TextChoices):
        FRENCH = "fr", _("Française : adresse à droite (DL, 110 × 220 mm)")
        CANADIAN = "ca", _("Canadienne : adresse à gauche (n° 10)")

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="document_letterhead")
    name = models.CharField(_("nom sur les lettres"), max_length=120, blank=True, default="")
    address = models.TextField(_("adresse et coordonnées"), max_length=600, blank=True, default="")
    place = models.CharField(_("lieu, devant la date"), max_length=80, blank=True, default="")
    logo = models.ForeignKey(StoredFile, models.SET_NULL, null=True, blank=True, related_name="+")
    footer_fr = models.TextField(_("pied de page français"), max_length=400, blank=True, default="")
    footer_en = models.TextField(_("pied de page anglais"), max_length=400, blank=True, default="")
    window = models.CharField(_("fenêtre de l’enveloppe"), max_length=2, choices=Window, default=Window.FRENCH)
    colour = models.CharField(_("couleur"), max_length=7, blank=True, default="#1f4f8f")
    version = models.IntegerField(default=1)

    def __str__(self):
        return self.name


class DocumentTemplate(models.Model):
    """What a letter, a Word document or a mail says, in both languages, with variables (`documents.texts`).

    Letters and mails are texts in the markup of `documents.markup`; a Word document is a file with the same variables.
    """

    class Kind(models.TextChoices):
        LETTER = "letter", _("Courrier (PDF)")
        WORD = "word", _("Document Word")
        MAIL = "mail", _("Courriel")

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=40)
    name_fr = models.CharField(_("nom français"), max_length=80)
    name_en = models.CharField(_("nom anglais"), max_length=80)
    kind = models.CharField(_("sorte"), max_length=6, choices=Kind, default=Kind.LETTER)
    subject_fr = models.CharField(_("objet français"), max_length=300, blank=True, default="")
    subject_en = models.CharField(_("objet anglais"), max_length=300, blank=True, default="")
    body_fr = models.TextField(_("texte français"), max_length=20_000, blank=True, default="")
    body_en = models.TextField(_("texte anglais"), max_length=20_000, blank=True, default="")
    file = models.ForeignKey(StoredFile, models.SET_NULL, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(_("proposé"), default=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name_fr", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="document_template_code_once")]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return self.name_in(get_language() or "fr")

    def name_in(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_fr

    def subject_in(self, language: str) -> str:
        """In the other language where it is not written in this one."""
        first, second = (self.subject_en, self.subject_fr) if language == "en" else (self.subject_fr, self.subject_en)
        return first or second

    def body_in(self, language: str) -> str:
        first, second = (self.body_en, self.body_fr) if language == "en" else (self.body_fr, self.body_en)
        return first or second


class LetterQuerySet(ScopedQuerySet["Letter"]):
    """Seen with its client; one of a confidential dossier, by who wrote it and by who may see such dossiers."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.CASE_VIEW):
        records = super().visible_to(member, right).filter(client__deleted_at__isnull=True)
        # The right of this client, not one that the member has elsewhere.
        if member.reach.covers(Right.CASE_CONFIDENTIAL, right):
            return records
        known = Q(is_confidential=False) | Q(created_by=member.user_id)
        condition = member.reach.client_condition(Right.CASE_CONFIDENTIAL, self.path_to_client)
        return records.filter(known if condition is None else known | condition)


class Letter(models.Model):
    """A letter to a client that is to be put into an envelope: it waits for the next printing, or has been printed.

    The file is kept where it belongs too (the dossier); this row is for those who print.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    file = models.OneToOneField(StoredFile, models.CASCADE, related_name="letter")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    title = models.CharField(_("objet"), max_length=300)
    pages = models.IntegerField(_("pages"), default=1)
    is_confidential = models.BooleanField(default=False)
    batch = models.ForeignKey("PrintBatch", models.SET_NULL, null=True, related_name="letters")
    # Of its batch: in which of its PDFs it stands. None: not put into one yet.
    part = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            # What waits for the next printing.
            models.Index("organization", "id", name="letter_to_print", condition=Q(batch__isnull=True)),
            # The chunks of a printing.
            models.Index(fields=["batch", "part", "id"], name="letter_of_batch"),
        ]

    def __str__(self):
        return self.title


class PrintBatch(models.Model):
    """Letters printed together: one PDF, or several (`PrintPart.MOST`)."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    job_id = models.BigIntegerField(null=True)
    count = models.IntegerField(_("courriers"), default=0)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index("organization", F("id").desc(), name="print_batch_latest")]

    def __str__(self):
        return f"{self.pk}"


class PrintPart(models.Model):
    """One PDF of a printing, in the order of its letters."""

    # Letters, and bytes of them: a logo is in each, and the whole is put together in memory.
    MOST, MOST_BYTES = 1000, 64_000_000

    organization = models.ForeignKey(Organization, models.CASCADE)
    batch = models.ForeignKey(PrintBatch, models.CASCADE, related_name="parts")
    number = models.IntegerField()
    count = models.IntegerField(default=0)
    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="print_part_once")]

    def __str__(self):
        return f"{self.batch_id}/{self.number}"
