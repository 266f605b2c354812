import hashlib
from collections.abc import Iterable
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import ROLE_LABELS, Right, Role
from entregent.access.scope import EffectiveGrant, Reach
from entregent.access.statements import rows_of
from entregent.organizations.terms import TERMS

_RIGHTS = frozenset(Right)  # A right that the product no longer has may still stand in a row.
ROLE_CHOICES = [(role.value, ROLE_LABELS[role]) for role in Role]


class Module(models.TextChoices):
    """What an organization may switch on. Core (clients, interactions, search) is always on (requirements.md §3.1)."""

    MORTGAGE = "mortgage", _("Hypothèque")
    CASEWORK = "casework", _("Dossiers et plans d'action")
    DELEGATION = "delegation", _("Délégation")
    PORTAL = "portal", _("Portail client")
    CLIENT_MGMT = "client_mgmt", _("Gestion des clients")
    FILE_TRANSFER = "file_transfer", _("Transferts de fichiers")


class Trade(models.TextChoices):
    """The trade only chooses defaults."""

    MORTGAGE = "mortgage", _("Courtage hypothécaire")
    WATER = "water", _("Service d'eau")
    CUSTOMS = "customs", _("Courtier en douane")
    MANUFACTURER = "manufacturer", _("Industriel")
    ACCOUNTING = "accounting", _("Cabinet comptable")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username):
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in. One login whatever the number of organizations (and, on the portal, of providers)."""

    class Language(models.TextChoices):
        FRENCH = "fr", "Français"
        ENGLISH = "en", "English"

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Système")
        LIGHT = "light", _("Clair")
        DARK = "dark", _("Sombre")

    email = models.EmailField(_("courriel"), unique=True)
    name = models.CharField(_("nom"), max_length=120)
    language = models.CharField(_("langue"), max_length=2, choices=Language, default=Language.FRENCH)
    theme = models.CharField(_("thème"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    single_key_shortcuts = models.BooleanField(_("raccourcis à une touche"), default=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    last_organization = models.ForeignKey("Organization", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = UserManager()

    # The rows of the memberships, where they were read with the user: by the session, for the request at hand.
    found_members: "list | None" = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        db_table = "organizations_user"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_without_case")]

    def __str__(self):
        return self.name

    def get_full_name(self):
        return self.name

    @property
    def initials(self):
        words = self.name.replace("-", " ").split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

    # Nothing in this product asks Django's own permissions: rights are one list (access.rights).
    is_staff = False
    is_superuser = False

    def has_perm(self, perm, obj=None):
        return False

    def has_module_perms(self, app_label):
        return False


def _monday_to_friday() -> list[int]:
    return list(range(5))


class Organization(models.Model):
    """A firm that uses the product: a tenant. Nothing of one organization is ever seen by another (RX-02)."""

    slug = models.SlugField(_("adresse"), max_length=50, unique=True)
    name = models.CharField(_("nom"), max_length=120)
    trade = models.CharField(_("métier"), max_length=20, choices=Trade)
    modules = ArrayField(models.CharField(max_length=20, choices=Module), default=list, blank=True)
    provider_kind = models.CharField(max_length=30, blank=True, default="")
    time_zone = models.CharField(_("fuseau horaire"), max_length=50, default="Europe/Paris")
    language = models.CharField(_("langue"), max_length=2, choices=User.Language, default="fr")
    country = models.CharField(_("pays"), max_length=2, default="FR")
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    crm_list_label = models.CharField(_("nom de la GRC"), max_length=60, default="GRC")
    terminology = models.JSONField(default=dict, blank=True)
    second_factor_required = models.BooleanField(_("second facteur exigé"), default=False)
    # How its mails present themselves (`organizations.letterhead`); empty: the sender of the instance.
    mail_sender_name = models.CharField(_("nom de l’expéditeur"), max_length=120, blank=True, default="")
    mail_sender_address = models.EmailField(_("adresse de l’expéditeur"), blank=True, default="")
    # It serves once somebody has opened the link that was mailed to it: until then the instance's address does.
    mail_sender_confirmed = models.EmailField(blank=True, default="", db_default="", editable=False)
    mail_sender_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The mailbox that takes replies: with `replies_by_mail`, each mail has an address of its own in it.
    mail_reply_address = models.EmailField(_("adresse de réponse"), blank=True, default="")
    mail_signature_fr = models.TextField(_("signature en français"), blank=True, default="")
    mail_signature_en = models.TextField(_("signature en anglais"), blank=True, default="")
    replies_by_mail = models.BooleanField(_("réponses par courriel"), default=False)
    # When people work here (`calendars.calendar_of`): weekdays from 0, Monday; hours, where they matter; public
    # holidays by their code (`toolbox.working_time`); further days off, each {"on": day, "name": why}.
    work_days = ArrayField(models.SmallIntegerField(), default=_monday_to_friday, db_default="{0,1,2,3,4}", blank=True)
    opens_at = models.TimeField(_("ouverture"), null=True, blank=True)
    closes_at = models.TimeField(_("fermeture"), null=True, blank=True)
    holidays = models.CharField(_("jours fériés"), max_length=12, blank=True, default="", db_default="")
    days_off = models.JSONField(_("autres jours chômés"), default=list, db_default=[], blank=True)
    # Another number with every change of a custom field: who works reads the definitions again then, and only then.
    custom_fields_stamp = models.BigIntegerField(default=0, db_default=0, editable=False)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    @property
    def is_sender_confirmed(self) -> bool:
        return bool(self.mail_sender_address) and self.mail_sender_confirmed == self.mail_sender_address

    def __str__(self):
        return self.name

    def term(self, name: str, default=None) -> str:
        """The organization's own word for `name` in the reader's language (RX-10), else `default`, else ours."""
        language = "en" if get_language() == "en" else "fr"
        return self.terminology.get(name, {}).get(language) or str(TERMS[name] if default is None else default)

    def has_module(self, module) -> bool:
        return str(module) in self.modules


class Sector(models.Model):
    """A piece of territory, in a tree of any depth. A grant on a sector reaches the whole of its subtree.

    `path` is the ids from the root down, « /3/17/ », kept by a trigger: the subtree is one prefix.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("nom"), max_length=120)
    level = models.CharField(_("niveau"), max_length=60, blank=True, default="")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.TextField(default="", editable=False)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="sector_code_once")]
        indexes = [
            # The subtree of a sector in reach.
            models.Index(F("organization_id"), models.F("path"), name="sector_path"),
        ]

    def __str__(self):
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self):
        return self.filter(is_active=True, user__is_active=True)

    def with_function(self, function):
        return self.filter(functions__contains=[function])


class Membership(models.Model):
    """A user in an organization: role, functions, rights added or taken away. In code, « a member »."""

    class Function(models.TextChoices):
        AGENT = "agent", _("Agent")
        SALESPERSON = "salesperson", _("Commercial")

    class MailFrom(models.TextChoices):
        """The address to which clients answer this member; without one, nothing is mailed to them (R003-04)."""

        SIGN_IN = "sign_in", _("L’adresse de connexion")
        OTHER = "other", _("Une autre adresse")
        NONE = "none", _("Aucune : ce membre n’écrit pas aux clients par courriel")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("rôle"), max_length=10, choices=ROLE_CHOICES)
    functions = ArrayField(models.CharField(max_length=20, choices=Function), default=list, blank=True)
    rights_added = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    rights_removed = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    mail_from = models.CharField(
        _("adresse de courriel"), max_length=10, choices=MailFrom, default=MailFrom.SIGN_IN, db_default=MailFrom.SIGN_IN
    )
    mail_address = models.EmailField(_("autre adresse"), blank=True, default="", db_default="")
    is_active = models.BooleanField(_("actif"), default=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    objects = MembershipQuerySet.as_manager()

    # All active memberships of the same user, for the switch of the top bar; set by `membership.find_member`.
    of_same_user: "list[Membership]" = []

    class Meta:
        ordering = ["user__name"]
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="membership_once")]

    def __str__(self):
        return f"{self.user.name} ({self.organization.name})"

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def sending_address(self) -> str:
        """Where clients answer this member, "" where it is not set."""
        given = {self.MailFrom.SIGN_IN: self.user.email, self.MailFrom.OTHER: self.mail_address}
        return given.get(self.MailFrom(self.mail_from), "")

    def function_labels(self) -> list[str]:
        return [str(self.Function(function).label) for function in self.functions if function in self.Function.values]

    @cached_property
    def reach(self) -> Reach:
        """What this member reaches now. Worked out once per request: a grant that ends, ends at the next request."""
        return self.reach_with(effective_grants([self])[self.pk])

    def reach_with(self, grants: Iterable[EffectiveGrant]) -> Reach:
        return Reach(
            own_role=Role(self.role),
            grants=tuple(grants),
            added=frozenset(Right(right) for right in self.rights_added if right in _RIGHTS),
            removed=frozenset(Right(right) for right in self.rights_removed if right in _RIGHTS),
        )

    def can(self, right: Right) -> bool:
        return self.reach.gives(right)

    def narrowed_to(self, right: Right) -> "Membership":
        """The same member, reaching no more than their grants of `right` do."""
        names = [one.attname for one in self._meta.concrete_fields]
        narrowed = Membership.from_db(self._state.db, names, [getattr(self, name) for name in names])
        narrowed.organization, narrowed.user = self.organization, self.user
        narrowed.reach = self.reach.narrowed_to(right)
        return narrowed

    def what_is_offered(self) -> tuple:
        """All that decides which pages a member may open and how they are called: equal for equal navigation."""
        organization = self.organization
        words = (organization.crm_list_label, repr(organization.terminology), organization.provider_kind)
        manages_groups = self.reach.is_whole(Right.GROUP_MANAGE)
        return (organization.slug, tuple(organization.modules), *words, self.reach.rights, manages_groups)

    def enter(self, *, most_seconds: int = 0) -> None:
        """For the rest of the transaction at hand: inside the wall of the organization, with what is in reach now."""
        values = [self.organization_id, self.user_id, f"{most_seconds}s" if most_seconds else "", [self.pk]]
        found = _grants_of(rows_of("SELECT * FROM organizations_enter(%s, %s, %s, %s)", values))
        self.__dict__["reach"] = self.reach_with(found.get(self.pk, ()))


class Grant(models.Model):
    """Gives a member reach: over the organization, a sector with its subtree, or one client; for a time or for good.

    `role` says what may be done there (None: the member's own role). `scope_id` points without a foreign key, since
    clients and groups stand above; `starts_on` and `ends_on` are days of the organization, the last one included.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="grants")
    role = models.CharField(_("rôle"), max_length=10, choices=ROLE_CHOICES, null=True, blank=True)  # noqa: DJ001
    scope_type = models.CharField(_("portée"), max_length=20)
    scope_id = models.BigIntegerField(null=True, blank=True)
    starts_on = models.DateField(_("à partir du"), null=True, blank=True)
    ends_on = models.DateField(_("jusqu'au"), null=True, blank=True)
    granted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="grant_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(scope_type="organization", scope_id__isnull=True)
                | (~Q(scope_type="organization") & Q(scope_id__isnull=False)),
                name="grant_scope_whole",
            ),
        ]

    def __str__(self):
        return f"{self.membership_id}: {self.scope_type} {self.scope_id or ''}"


class Substitution(models.Model):
    """For the days given, `substitute` reaches what `absent` reaches. Never hands on what was itself handed on."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    absent = models.ForeignKey(Membership, models.CASCADE, related_name="substitutions")
    substitute = models.ForeignKey(Membership, models.CASCADE, related_name="replaces")
    starts_on = models.DateField(_("du"))
    ends_on = models.DateField(_("au"))
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="substitution_ends_after_start"),
            models.CheckConstraint(condition=~Q(absent=F("substitute")), name="substitution_of_another"),
        ]

    def __str__(self):
        return f"{self.absent_id} → {self.substitute_id}"


class ApiToken(models.Model):
    """A key of one membership for other programs. Only its hash is kept; the token itself is shown once.

    `scopes` narrows it down to parts of the product (`access.token_scopes`); empty: all that the member may do.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="tokens")
    name = models.CharField(_("nom"), max_length=80)
    scopes = ArrayField(models.CharField(max_length=40), default=list, db_default=[], blank=True)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return self.name

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


class Counter(models.Model):
    """The last number given out in an organization, by name: client, interaction, person (`actions.next_numbers`)."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    name = models.CharField(max_length=20)
    value = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="counter_once")]

    def __str__(self):
        return f"{self.name}: {self.value}"


class IdempotencyKey(models.Model):
    """What a create with this key answered: the same key gives the same answer again and makes no second record."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    key = models.CharField(max_length=120, validators=[RegexValidator(r"^[\x21-\x7e]+$")])
    purpose = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    subject_id = models.BigIntegerField(null=True)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "purpose", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["organization", "created_at"], name="idempotency_key_age")]

    def __str__(self):
        return self.key


class TeamQuerySet(models.QuerySet["Team"]):
    def of(self, member: Membership):
        """The teams in which a member works, those that are no longer given work left out."""
        return self.filter(organization_id=member.organization_id, is_active=True, members__user_id=member.user_id)


class Team(models.Model):
    """« Équipe »: colleagues to whom work is given together. An inactive one is given no more, and stays displayed."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=40)
    label_fr = models.CharField(_("libellé français"), max_length=60)
    label_en = models.CharField(_("libellé anglais"), max_length=60)
    lead = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(_("active"), default=True)
    version = models.IntegerField(default=1)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="team_code_once")]

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        return self.label_en if get_language() == "en" else self.label_fr


class TeamMember(models.Model):
    """Somebody works in a team."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]
        indexes = [
            # « My teams », asked with every page of work.
            models.Index(fields=["user", "organization"], name="teams_of_user"),
        ]

    def __str__(self):
        return f"{self.team_id}: {self.user_id}"


def effective_grants(members: Iterable[Membership], *, apart: bool = False) -> dict[int, list[EffectiveGrant]]:
    """What holds now, by id of the member; one query however many members (all of one organization). Accesses through
    groups come as one for each role, or `apart`, each with its own id."""
    members = list(members)
    if not members:
        return {}
    values = [members[0].organization_id, [member.pk for member in members], apart]
    given = _grants_of(rows_of("SELECT * FROM organizations_effective_grants(%s, %s, %s)", values))
    return {member.pk: given.get(member.pk, []) for member in members}


def _grants_of(rows: Iterable[tuple]) -> dict[int, list[EffectiveGrant]]:
    given: dict[int, list[EffectiveGrant]] = {}
    for member_id, grant_id, role, scope_type, ids, on_behalf_of, until, removed in rows:
        given.setdefault(member_id, []).append(
            EffectiveGrant(
                grant_id,
                Role(role),
                scope_type,
                tuple(ids),
                on_behalf_of=on_behalf_of,
                until=until,
                removed=frozenset(Right(right) for right in removed if right in _RIGHTS),
            )
        )
    return given
