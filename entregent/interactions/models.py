from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.db.models.lookups import IsNull
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import BusinessObject, Client, Person
from entregent.documents.models import StoredFile
from entregent.interactions import portal_models  # noqa: F401
from entregent.interactions.template_models import RecordTemplate
from entregent.organizations.models import Organization, User

if TYPE_CHECKING:
    from entregent.interactions.audience import Audience


class Topic(models.Model):
    """« Rubrique »: what an interaction is about. An inactive topic is no longer offered but stays displayed."""

    class AppliesTo(models.TextChoices):
        CLIENT = "client", _("Clients")
        PROSPECT = "prospect", _("Prospects")
        PERSON = "person", _("Personnes sans client")

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=40)
    label_fr = models.CharField(_("libellé français"), max_length=60)
    label_en = models.CharField(_("libellé anglais"), max_length=60)
    applies_to = ArrayField(models.CharField(max_length=10, choices=AppliesTo), default=list, blank=True)
    position = models.IntegerField(_("ordre"), default=100)
    is_active = models.BooleanField(_("proposée"), default=True)
    # What a contact on this topic is filled with.
    template = models.ForeignKey(RecordTemplate, models.SET_NULL, null=True, blank=True, related_name="topics")
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="topic_code_once")]

    def __str__(self):
        return self.label

    @property
    def label(self):
        return self.label_en if get_language() == "en" else self.label_fr


def person_in_reach(member) -> Q:
    """Asked row by row, only where there is no client: as a set, all people in reach would be read first."""
    person = Person.objects.visible_to(member, Right.CLIENT_VIEW, among_few=True).filter(pk=OuterRef("person_id"))
    return Q(IsNull(Subquery(person.order_by().values("pk")[:1]), False))


class InteractionQuerySet(ScopedQuerySet["Interaction"]):
    """Seen with its client; without one, with its person; a person tied to no client is seen by every member."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.INTERACTION_VIEW):
        return super().visible_to(member, right).filter(deleted_at__isnull=True)

    def deleted_in_reach(self, member, right=Right.INTERACTION_VIEW):
        """What was deleted and may be brought back; `visible_to` never shows it."""
        return super().visible_to(member, right).filter(deleted_at__isnull=False)

    def in_scope(self, condition, member, right):
        return condition | (Q(client__isnull=True) & person_in_reach(member))

    def to_follow_up(self):
        return self.filter(follow_up_on__isnull=False, follow_up_done_at__isnull=True)

    def since(self, moment):
        return self.filter(occurred_at__gte=moment)


class Interaction(models.Model):
    """One exchange with a client or a person, whatever its mode (glossary: contact, interaction client).

    `contact_name` and `contact_phone` hold for this record only and never change the person (R003-17). The follow-up
    has an owner (the author unless changed) and a done date.
    """

    class Channel(models.TextChoices):
        PHONE_CALL = "phone_call", _("Appel téléphonique")
        PHONE_MESSAGE = "phone_message", _("Message téléphonique")
        FRONT_DESK = "front_desk", pgettext_lazy("channel", "Accueil")
        LETTER = "letter", _("Courrier")
        EMAIL = "email", _("Courriel")
        WEB = "web", _("Internet")
        # With a context: the library's own catalogue takes the bare word for English.
        NOTE = "note", pgettext_lazy("channel", "Note")
        PORTAL = "portal", _("Portail client")
        FILE_TRANSFER = "file_transfer", _("Transfert de fichiers")
        OTHER = "other", _("Autre")

    class Direction(models.TextChoices):
        INCOMING = "incoming", _("Entrant")
        OUTGOING = "outgoing", _("Sortant")
        NONE = "none", _("Sans objet")

    class Status(models.TextChoices):
        OPEN = "open", _("Ouverte")
        WAITING = "waiting", _("En attente du client")
        CLOSED = "closed", _("Close")

    class Priority(models.TextChoices):
        LOW = "low", _("Basse")
        NORMAL = "normal", _("Normale")
        HIGH = "high", _("Haute")

    class Origin(models.TextChoices):
        SCREEN = "screen", _("Écran")
        API = "api", _("API")
        IMPORT = "import", _("Import")
        PORTAL = "portal", _("Portail")
        MAIL = "mail", _("Courriel")
        PROCESS = "process", _("Plan d'action")
        TRANSFER = "transfer", _("Transfert")

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.BigIntegerField(_("n°"))
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="interactions")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="interactions")
    topic = models.ForeignKey(Topic, models.PROTECT, verbose_name=_("rubrique"), related_name="+")
    channel = models.CharField(_("canal"), max_length=20, choices=Channel)
    direction = models.CharField(_("sens"), max_length=10, choices=Direction, default=Direction.NONE)
    subject = models.CharField(_("objet"), max_length=200, blank=True, default="")
    occurred_at = models.DateTimeField(_("date interaction"))
    status = models.CharField(_("statut"), max_length=10, choices=Status, default=Status.OPEN)
    priority = models.CharField(_("priorité"), max_length=10, choices=Priority, default=Priority.NORMAL)
    due_on = models.DateField(_("échéance"), null=True, blank=True)
    follow_up_on = models.DateField(_("date de suivi"), null=True, blank=True)
    follow_up_owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    follow_up_done_at = models.DateTimeField(null=True, blank=True)
    follow_up_done_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    contact_name = models.CharField(_("nom du contact"), max_length=120, blank=True, default="")
    contact_phone = models.CharField(_("téléphone du contact"), max_length=40, blank=True, default="")
    sales_contact = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    salesperson = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    reference = models.CharField(_("référence"), max_length=120, blank=True, default="")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.SCREEN)
    external_key = models.CharField(max_length=80, blank=True, default="")
    custom = models.JSONField(_("champs personnalisés"), default=dict, db_default={}, blank=True)
    # « Nom entrée » of the first entry, in the form in which names are sorted: a sort key of lists (R003-15).
    entry_sort_key = models.CharField(max_length=80, blank=True, default="", db_default="", editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    version = models.IntegerField(default=1)

    objects = InteractionQuerySet.as_manager()

    # Whom the entry written with it reached: set by the action that wrote it.
    audience: "Audience | None" = None

    class Meta:
        ordering = ["-occurred_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="interaction_number_once"),
            models.CheckConstraint(
                condition=Q(client__isnull=False) | Q(person__isnull=False), name="interaction_with_somebody"
            ),
            models.UniqueConstraint(
                fields=["organization", "external_key"], condition=~Q(external_key=""), name="interaction_external_key"
            ),
        ]
        indexes = [
            # The timeline of the client file.
            models.Index(
                "client", F("occurred_at").desc(), F("id").desc(), name="interaction_of_client",
                condition=Q(deleted_at__isnull=True),
            ),
            # The list of all interactions, newest first; with the client, by which who reaches few goes through it.
            models.Index(
                fields=["organization", "-occurred_at", "-id"], include=["client"], name="interaction_by_date",
                condition=Q(deleted_at__isnull=True),
            ),
            # The list of all interactions by day of follow-up.
            models.Index(
                fields=["organization", "follow_up_on", "id"], include=["client"], name="interaction_by_follow_up",
                condition=Q(deleted_at__isnull=True),
            ),
            # The list of all interactions by « Nom entrée ».
            models.Index(
                fields=["organization", "entry_sort_key", "id"], include=["client"], name="interaction_by_entry_name",
                condition=Q(deleted_at__isnull=True),
            ),
            # « Mes suivis » on the home page.
            models.Index(
                "organization", "follow_up_owner", "follow_up_on", "id", name="interaction_follow_ups",
                condition=Q(follow_up_on__isnull=False, follow_up_done_at__isnull=True, deleted_at__isnull=True),
            ),
            # Follow-ups of one client.
            models.Index(
                "client", "follow_up_on", name="interaction_follow_up_client",
                condition=Q(follow_up_on__isnull=False, follow_up_done_at__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(
                "person", F("occurred_at").desc(), name="interaction_of_person",
                condition=Q(person__isnull=False, deleted_at__isnull=True),
            ),
            # Values of custom fields: « is », and which have any.
            GinIndex(OpClass(F("custom"), "jsonb_path_ops"), name="interaction_custom", condition=~Q(custom={})),
        ]

    def __str__(self):
        return f"{self.number}"

    @property
    def is_system(self) -> bool:
        """The product made it (a step of a file transfer): nobody edits it (R004-20)."""
        return self.origin == self.Origin.TRANSFER


class InteractionEntry(models.Model):
    """An entry of the conversation, the unit of publication: internal ones never leave the organization.

    `published_at`: communicated to the client then, and until it is withdrawn. Who wrote it is `author`, or
    `author_person` at the client, or neither (the product itself); `entry_name` is the name that is shown. `folded`:
    what a mail quoted and its signature, kept and shown folded.
    """

    class Origin(models.TextChoices):
        SCREEN = "screen", _("Écran")
        PORTAL = "portal", _("Portail")
        MAIL = "mail", _("Courriel")
        SYSTEM = "system", _("Système")

    organization = models.ForeignKey(Organization, models.CASCADE)
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="entries")
    seq = models.IntegerField(default=1)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    author_person = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.SCREEN, db_default=Origin.SCREEN)
    entry_name = models.CharField(_("nom entrée"), max_length=80)
    internal = models.BooleanField(_("interne"), default=False)
    incoming = models.BooleanField(_("entrant"), default=False)
    notify = models.BooleanField(_("avertir les abonnés"), default=False)
    notes = models.TextField(_("notes"), max_length=20000, blank=True, default="")
    folded = models.TextField(blank=True, default="", db_default="")
    mail_message_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)

    # Whom it reached: set by the action that wrote it.
    audience: "Audience | None" = None

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["interaction", "seq"], name="entry_seq_once"),
            models.CheckConstraint(condition=~Q(internal=True, incoming=True), name="entry_internal_or_incoming"),
            models.CheckConstraint(
                condition=~Q(internal=True, published_at__isnull=False), name="entry_internal_stays"
            ),
            # What is published points to both: the database itself keeps an internal entry out (publication.sql).
            models.UniqueConstraint(fields=["id", "internal"], name="entry_with_its_visibility"),
            models.UniqueConstraint(
                fields=["organization", "mail_message_id"], condition=~Q(mail_message_id=""), name="entry_mail_once"
            ),
        ]
        indexes = [
            models.Index("author_person", name="entry_author_person", condition=Q(author_person__isnull=False)),
        ]

    def __str__(self):
        return f"{self.interaction_id}/{self.seq}"


class EntryAttachment(models.Model):
    """A file of an entry. Who may read the entry may read the file."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    entry = models.ForeignKey(InteractionEntry, models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["entry", "file"], name="attachment_once")]

    def __str__(self):
        return f"{self.entry_id}: {self.file_id}"


class PublishedEntry(models.Model):
    """What a client may see of a conversation: the only thing that the portal, mails to clients and exports to clients
    read (`publication.py`).

    Written by triggers alone (`publication.sql`), from entries that are communicated to the client; gone when the entry
    is withdrawn, made internal or deleted. An entry that is internal cannot stand here: a foreign key over its id and
    its visibility, and a check, forbid it. Ids without foreign keys, so that no reader walks from here to what is not
    published.
    """

    class Direction(models.TextChoices):
        INCOMING = "incoming", _("Reçu du client")
        OUTGOING = "outgoing", _("Envoyé au client")

    entry_id = models.BigIntegerField(primary_key=True)
    internal = models.BooleanField(default=False, editable=False)
    organization_id = models.BigIntegerField()
    interaction_id = models.BigIntegerField()
    client_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    author_person_id = models.BigIntegerField(null=True)
    number = models.BigIntegerField()
    subject = models.CharField(max_length=200, blank=True, default="")
    topic = models.ForeignKey(Topic, models.DO_NOTHING, related_name="+", db_index=False)
    channel = models.CharField(max_length=20, choices=Interaction.Channel)
    status = models.CharField(max_length=10, choices=Interaction.Status)
    occurred_at = models.DateTimeField()
    published_at = models.DateTimeField()
    seq = models.IntegerField()
    direction = models.CharField(max_length=10, choices=Direction)
    shown_name = models.CharField(max_length=80)
    text = models.TextField(blank=True, default="")
    has_files = models.BooleanField(default=False)

    class Meta:
        ordering = ["interaction_id", "seq"]
        constraints = [models.CheckConstraint(condition=Q(internal=False), name="published_is_not_internal")]
        indexes = [
            models.Index("interaction_id", "seq", name="published_thread"),
            # How the client names it.
            models.Index("organization_id", "number", "seq", name="published_by_number"),
            models.Index("client_id", F("published_at").desc(), name="published_of_client"),
            models.Index(
                "person_id", F("published_at").desc(), name="published_of_person", condition=Q(person_id__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.number}/{self.seq}"

    @property
    def topic_label(self) -> str:
        return self.topic.label

    @property
    def is_incoming(self) -> bool:
        """From the client."""
        return self.direction == self.Direction.INCOMING


class PublishedFile(models.Model):
    """A file of what is published: written by triggers with its entry, and gone with it."""

    attachment_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    entry = models.ForeignKey(PublishedEntry, models.DO_NOTHING, related_name="files", db_constraint=False)
    file = models.ForeignKey(StoredFile, models.DO_NOTHING, related_name="+", db_index=False)

    class Meta:
        ordering = ["attachment_id"]

    def __str__(self):
        return f"{self.entry_id}: {self.file_id}"


class InteractionParticipant(models.Model):
    """« Interlocuteur lié »: a client or a person who took part, with their role. A set: no pair twice."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="participants")
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, person__isnull=True) | Q(client__isnull=True, person__isnull=False),
                name="participant_client_or_person",
            ),
            models.UniqueConstraint(
                fields=["interaction", "client"], condition=Q(client__isnull=False), name="participant_client_once"
            ),
            models.UniqueConstraint(
                fields=["interaction", "person"], condition=Q(person__isnull=False), name="participant_person_once"
            ),
        ]

    def __str__(self):
        return f"{self.interaction_id}: {self.client_id or self.person_id}"


class InteractionAgent(models.Model):
    """« Agent lié »: exactly one émetteur, who cannot be removed; any number of responsibles and participants."""

    class Role(models.TextChoices):
        ORIGINATOR = "originator", _("Émetteur")
        RESPONSIBLE = "responsible", _("Responsable")
        PARTICIPANT = "participant", _("Participant")

    organization = models.ForeignKey(Organization, models.CASCADE)
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="agents")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["interaction", "user"], name="interaction_agent_once"),
            models.UniqueConstraint(
                fields=["interaction"], condition=Q(role="originator"), name="interaction_one_originator"
            ),
        ]

    def __str__(self):
        return f"{self.interaction_id}: {self.user_id}"


class InteractionObject(models.Model):
    """« Objet »: a business object that the interaction is about."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="objects_linked")
    object = models.ForeignKey(BusinessObject, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interaction", "object"], name="interaction_object_once")]

    def __str__(self):
        return f"{self.interaction_id}: {self.object_id}"


class InteractionWords(models.Model):
    """The words by which an interaction is found (`search.sql` writes them, `search.py` asks).

    Like the entries of the quick search without row-level security, which would hide its index: whoever asks names the
    organization and reads what was found through `visible_to`. Without a foreign key: the trigger removes the row.
    """

    interaction_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    words = SearchVectorField()

    class Meta:
        db_table = "interactions_words"
        indexes = [GinIndex(fields=["organization_id", "words"], name="interactions_words_found")]

    def __str__(self):
        return f"{self.interaction_id}"
