"""The tables of §3.2: accounts are global, what ties them to a provider stands behind that provider's wall."""

from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Role
from entregent.organizations.models import Organization, User

# Roles on an account, from the highest to the lowest (R002-39): the words of the source.
ACCOUNT_ROLES = {
    Role.ADMIN: _("Gestionnaire de compte d'entreprise"),
    Role.MANAGER: _("Gestionnaire de compte de programme"),
    Role.EDITOR: _("Éditeur"),
    Role.READER: _("Lecture seule"),
}
MANAGERS_ADVISED = 2
# So many days before the end of a relationship the provider is warned, and before a request lapses those who decide.
WARNED_AHEAD = (30, 7, 1)
REMINDED_AHEAD = (7, 1)


def today_of(organization: Organization) -> date:
    """The day it is where the organization works: relationships end at its midnight."""
    return timezone.now().astimezone(ZoneInfo(organization.time_zone)).date()


def stage_of(days_left: int, stages: tuple[int, ...]) -> int | None:
    """The last of these warnings, from the earliest, that is due with so many days left."""
    return min((stage for stage in stages if days_left <= stage), default=None)


class BusinessAccount(models.Model):
    """A business as the authority's record has it, whatever providers act for it. `registered_at`: when its first
    manager proved to know the record; until then nobody answers requests."""

    number = models.CharField(
        _("numéro d'entreprise"), max_length=9, unique=True, validators=[RegexValidator(r"^[0-9]{9}$")]
    )
    name = models.CharField(_("nom"), max_length=200)
    postal_code = models.CharField(_("code postal"), max_length=12, blank=True, default="")
    city = models.CharField(_("ville"), max_length=120, blank=True, default="")
    country = models.CharField(_("pays"), max_length=2, default="FR")
    registered_at = models.DateTimeField(null=True, blank=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "id"]

    def __str__(self):
        return f"{self.number} {self.name}"


class ProgramAccount(models.Model):
    """One program of a business (« RM0001 »): what an access may be narrowed to."""

    account = models.ForeignKey(BusinessAccount, models.CASCADE, related_name="programs")
    number = models.CharField(
        _("compte de programme"), max_length=15, unique=True, validators=[RegexValidator(r"^[0-9]{9}[A-Z]{2}[0-9]{4}$")]
    )
    label = models.CharField(_("libellé"), max_length=120, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return self.number


class AccountUser(models.Model):
    """A user on the client's side, with a role on one account: what somebody may decide there.

    Managers of programs, editors and readers have the programs named in `programs`; managers of the account all.
    """

    account = models.ForeignKey(BusinessAccount, models.CASCADE, related_name="users")
    user = models.ForeignKey(User, models.CASCADE, related_name="business_accounts")
    role = models.CharField(
        _("rôle"), max_length=10, choices=[(role.value, label) for role, label in ACCOUNT_ROLES.items()]
    )
    programs = models.ManyToManyField(ProgramAccount, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)
    # Told by mail of requests to answer and of accesses that end (R002-40).
    wants_mail = models.BooleanField(default=True, db_default=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["user__name", "id"]
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="account_user_once")]

    def __str__(self):
        return f"{self.user_id} @ {self.account_id}: {self.role}"

    @property
    def manages_all(self) -> bool:
        return self.is_active and self.role == Role.ADMIN

    @property
    def decides(self) -> bool:
        """May this user answer requests at all (R002-30)?"""
        return self.is_active and self.role in (Role.ADMIN, Role.MANAGER)

    @property
    def role_label(self):
        return ACCOUNT_ROLES[Role(self.role)]


class AccountInvitation(models.Model):
    """Somebody is asked by mail to work on an account. The secret of its link is kept as its hash and serves once; a
    row that was accepted or withdrawn goes. It lets in only while `invited_by` could still give the role."""

    account = models.ForeignKey(BusinessAccount, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("courriel"), max_length=254)
    role = models.CharField(
        _("rôle"), max_length=10, choices=[(role.value, label) for role, label in ACCOUNT_ROLES.items()]
    )
    program_ids = ArrayField(models.BigIntegerField(), default=list)
    language = models.CharField(max_length=2, choices=User.Language.choices, default=User.Language.FRENCH)
    invited_by = models.ForeignKey(AccountUser, models.CASCADE, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["email", "id"]
        constraints = [models.UniqueConstraint("account", Lower("email"), name="account_invitation_once")]

    def __str__(self):
        return f"{self.email} @ {self.account_id}: {self.role}"

    @property
    def is_over(self) -> bool:
        return self.ends_at <= timezone.now()


class JoinRequest(models.Model):
    """Somebody asks to work on the account with this number, whether there is one or not; it goes when it is answered,
    and is not answered after `DAYS`."""

    DAYS = 21

    account_number = models.CharField(_("numéro d'entreprise"), max_length=9)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    comments = models.TextField(_("commentaires"), max_length=2000, blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["account_number", "user"], name="join_request_once")]

    def __str__(self):
        return f"{self.user_id} → {self.account_number}"


class AccountEvent(models.Model):
    """What was done about who works on an account, and by whom: its history, kept by the names of the day."""

    class What(models.TextChoices):
        REGISTERED = "registered", pgettext_lazy("account event", "Compte inscrit")
        INVITED = "invited", pgettext_lazy("account event", "Personne invitée")
        WITHDRAWN = "withdrawn", pgettext_lazy("account event", "Invitation retirée")
        ADDED = "added", pgettext_lazy("account event", "Personne ajoutée")
        CHANGED = "changed", pgettext_lazy("account event", "Rôle modifié")
        REMOVED = "removed", pgettext_lazy("account event", "Personne retirée")
        LEFT = "left", pgettext_lazy("account event", "Départ")
        REFUSED = "refused", pgettext_lazy("account event", "Demande rejetée")

    account = models.ForeignKey(BusinessAccount, models.CASCADE, related_name="events")
    what = models.CharField(max_length=12, choices=What)
    at = models.DateTimeField(db_default=Now())
    by_name = models.CharField(max_length=120)
    # Whom it is about, by name or by address; the role that they have from then on, and its programs.
    about = models.CharField(max_length=254)
    role = models.CharField(max_length=10, choices=[(role.value, label) for role, label in ACCOUNT_ROLES.items()])
    programs = ArrayField(models.CharField(max_length=15), default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index("account", F("id").desc(), name="account_event_of_account")]

    def __str__(self):
        return f"{self.account_id}: {self.what} {self.about}"


class Rules(models.Model):
    """How long a provider's requests wait for an answer. Without a row: the days of `request_days_of`."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="+")
    request_days = models.PositiveSmallIntegerField(
        _("jours d'attente d'une demande"), default=21, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    version = models.IntegerField(default=1)

    def __str__(self):
        return f"{self.request_days} j"


class AccessRequest(models.Model):
    """A provider asks a business for access, by its number: whether there is such an account is known to nobody on the
    provider's side before somebody there answers (R002-38)."""

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        APPROVED = "approved", pgettext_lazy("request", "Approuvée")
        REJECTED = "rejected", pgettext_lazy("request", "Rejetée")
        CANCELLED = "cancelled", pgettext_lazy("request", "Annulée")
        EXPIRED = "expired", pgettext_lazy("request", "Échue")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    account_number = models.CharField(_("numéro d'entreprise"), max_length=9)
    # The provider's own file of this client, where the request was made from one (clients stand above).
    client_id = models.BigIntegerField(null=True, blank=True)
    comments = models.TextField(_("commentaires"), max_length=2000, blank=True, default="")
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    asked_by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    expires_on = models.DateField(_("sans réponse jusqu'au"))
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.PENDING)
    decided_by_name = models.CharField(max_length=120, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("motif"), max_length=500, blank=True, default="")
    # The last reminder that was given while nobody answers: so many days before the request lapses.
    reminded_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "account_number"],
                condition=Q(state="pending"),
                name="access_request_pending_once",
            )
        ]
        indexes = [
            models.Index("organization", F("id").desc(), name="access_request_of_provider"),
            models.Index("account_number", condition=Q(state="pending"), name="access_request_to_answer"),
            models.Index("account_number", F("id").desc(), name="access_request_of_account"),
            models.Index("expires_on", condition=Q(state="pending"), name="access_request_to_expire"),
        ]

    def __str__(self):
        return f"{self.organization_id} → {self.account_number}: {self.state}"

    def state_on(self, day: date) -> "AccessRequest.State":
        """The state that holds on this day, whatever the task that writes it down has done by now."""
        lapsed = self.state == self.State.PENDING and self.expires_on < day
        return self.State.EXPIRED if lapsed else self.State(self.state)


class Level(models.TextChoices):
    """How far a provider manages a client (R002-32)."""

    BUSINESS = "business", _("Gestion d'entreprise : tous les programmes")
    PROGRAM = "program", _("Gestion de programme : les programmes choisis")


class Visibility(models.TextChoices):
    """Whose transactions a provider sees; its own always."""

    OWN = "own", _("Transmises par ce fournisseur")
    BUSINESS = "business", _("Transmises par l'entreprise elle-même")
    OTHERS = "others", _("Transmises par d'autres fournisseurs")


def only_own() -> list[str]:
    return [Visibility.OWN.value]


class RelationshipQuerySet(models.QuerySet["Relationship"]):
    def active(self, day: date):
        """Those that hold on this day, whatever the task that ends them has written by now (R002-37)."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), state=Relationship.State.ACTIVE)

    def of(self, organization: Organization):
        return self.filter(organization_id=organization.pk)


class Relationship(models.Model):
    """What a business lets a provider do, since when, until when (last day included), approved by whom."""

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("relationship", "Active")
        EXPIRED = "expired", pgettext_lazy("relationship", "Expirée")
        REVOKED = "revoked", pgettext_lazy("relationship", "Révoquée")
        GIVEN_UP = "given_up", pgettext_lazy("relationship", "Abandonnée")
        REPLACED = "replaced", pgettext_lazy("relationship", "Remplacée")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    account = models.ForeignKey(BusinessAccount, models.CASCADE, related_name="relationships")
    request = models.OneToOneField(AccessRequest, models.SET_NULL, null=True, blank=True, related_name="relationship")
    level = models.CharField(_("niveau"), max_length=10, choices=Level)
    visibility = ArrayField(models.CharField(max_length=10, choices=Visibility), default=only_own)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.ACTIVE)
    starts_on = models.DateField(_("depuis le"))
    ends_on = models.DateField(_("jusqu'au"), null=True, blank=True)
    approved_by_name = models.CharField(max_length=120, blank=True, default="")
    approved_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_name = models.CharField(max_length=120, blank=True, default="")
    used_on = models.DateField(null=True, blank=True)
    # The last warning that was given before the end: so many days ahead.
    warned_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    version = models.IntegerField(default=1)

    objects = RelationshipQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "account"], condition=Q(state="active"), name="relationship_active_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="relationship_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(visibility__contains=["own"]), name="relationship_sees_its_own"),
        ]
        indexes = [
            models.Index("account", name="relationship_of_account"),
            models.Index("organization", F("id").desc(), name="relationship_of_provider"),
            models.Index("ends_on", condition=Q(state="active", ends_on__isnull=False), name="relationship_to_expire"),
        ]

    def __str__(self):
        return f"{self.organization_id} → {self.account_id}: {self.state}"

    def is_active_on(self, day: date) -> bool:
        return self.state == self.State.ACTIVE and (self.ends_on is None or self.ends_on >= day)

    def state_on(self, day: date) -> "Relationship.State":
        """The state that holds on this day, whatever the task that writes it down has done by now."""
        lapsed = self.state == self.State.ACTIVE and not self.is_active_on(day)
        return self.State.EXPIRED if lapsed else self.State(self.state)

    def days_left(self, day: date) -> int | None:
        """How many days are left after this one; None where no end is set, or none is to come."""
        if self.ends_on is None or not self.is_active_on(day):
            return None
        return (self.ends_on - day).days


class RelationshipProgram(models.Model):
    """A program that a relationship of level « program » is for."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    relationship = models.ForeignKey(Relationship, models.CASCADE, related_name="programs")
    program = models.ForeignKey(ProgramAccount, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["relationship", "program"], name="relationship_program_once")]

    def __str__(self):
        return f"{self.relationship_id}: {self.program_id}"


class RelationshipUse(models.Model):
    """Somebody of the provider has worked with this client on this day. Kept for `KEPT_DAYS`."""

    KEPT_DAYS = 730

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    relationship = models.ForeignKey(Relationship, models.CASCADE, related_name="uses", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    day = models.DateField()

    class Meta:
        ordering = ["-day", "name"]
        constraints = [models.UniqueConstraint(fields=["relationship", "day", "user"], name="relationship_use_once")]
        indexes = [models.Index("organization", "day", name="relationship_use_to_forget")]

    def __str__(self):
        return f"{self.relationship_id}: {self.name} {self.day}"
