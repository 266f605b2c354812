from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Now, Upper
from django.db.models.lookups import IsNull
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet

# Django looks for models here.
from entregent.clients import duplicate_models, reach_models  # noqa: F401
from entregent.clients.marks import groups_in_reach, in_groups
from entregent.organizations.models import Organization, Sector, User
from entregent.relationships.models import (
    BusinessAccount,
    Level,
    ProgramAccount,
    Relationship,
    RelationshipProgram,
    Visibility,
    today_of,
)
from entregent.toolbox.countries import country_name


class ClientQuerySet(ScopedQuerySet["Client"]):
    """A member sees a client if its sector, or that of one of its service points, or the client itself is in reach."""

    path_to_client = ""

    def visible_to(self, member, right=Right.CLIENT_VIEW, *, deleted=False):
        """`deleted` gives those that the member could reach before their deletion, and only those."""
        return super().visible_to(member, right).filter(deleted_at__isnull=not deleted)

    def with_list_columns(self):
        """What a line of the client list shows beside the client's own columns, in the same statement."""
        main = Address.objects.filter(client=OuterRef("pk"), kind=Address.Kind.MAIN)
        held = CreditHold.objects.filter(client=OuterRef("pk"), lifted_at__isnull=True).order_by()
        return self.annotate(
            city=models.Subquery(main.values("city")[:1]),
            phone=KT("phones__0__number"),
            email=F("emails__0"),
            # Looked up for each row that is shown: an EXISTS is answered by reading all holds of the organization.
            is_held=Coalesce(models.Subquery(held.annotate(yes=Value(True)).values("yes")[:1]), Value(False)),
        )

    def listed(self):
        """Clients that lists and searches show: not those removed (« retirés »)."""
        return self.exclude(status=Client.Status.REMOVED)

    def on_credit_hold(self):
        return self.filter(credit_holds__lifted_at__isnull=True, credit_holds__isnull=False)


class Client(models.Model):
    """The firm's record of a customer: a person or a company, from prospect to client.

    `name` is the company's name or the person's last name; `sort_key` is what lists sort by (« dupont marie »), since
    the database has no French collation. `sector_reach` holds the sector of the client and those of its service
    points, kept by triggers: whoever reaches one of them sees the client.
    `phones` is a list of {"label": …, "number": E.164}; `identifiers` a mapping such as {"siren": "210100012"}; `tags`
    are words of the firm's own (« VIP »), in alphabetical order. `business_account`: which business this is, where the
    client has let the firm act for it (`ties.py`); it stays when the relationship has ended.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Particulier")
        COMPANY = "company", _("Entreprise")

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        CLIENT = "client", _("Client")
        INACTIVE = "inactive", _("Inactif")
        REMOVED = "removed", _("Retiré")

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.CharField(_("n° client"), max_length=40)
    kind = models.CharField(_("nature"), max_length=10, choices=Kind)
    name = models.CharField(_("nom"), max_length=200)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True, default="")
    display_name = models.CharField(max_length=310, editable=False)
    sort_key = models.CharField(max_length=310, editable=False)
    status = models.CharField(_("statut"), max_length=10, choices=Status, default=Status.CLIENT)
    category = models.CharField(_("catégorie"), max_length=60, blank=True, default="")
    language = models.CharField(_("langue"), max_length=2, choices=User.Language, default="fr")
    birth_date = models.DateField(_("date de naissance"), null=True, blank=True)
    responsible = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("agent responsable")
    )
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, verbose_name=_("secteur"))
    sector_reach = ArrayField(models.BigIntegerField(), default=list, editable=False)
    business_account = models.ForeignKey(
        BusinessAccount, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("compte d'entreprise"),
    )  # fmt: skip
    emails = ArrayField(models.EmailField(), default=list, blank=True, verbose_name=_("courriels"))
    phones = models.JSONField(_("téléphones"), default=list, blank=True)
    identifiers = models.JSONField(_("identifiants"), default=dict, blank=True)
    tags = ArrayField(
        models.CharField(max_length=40), default=list, db_default=[], blank=True, verbose_name=_("étiquettes")
    )
    custom = models.JSONField(_("champs personnalisés"), default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    # The client that this one became part of; deleted then, its number an alias of the other.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged", editable=False)
    version = models.IntegerField(default=1)

    objects = ClientQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "id"]
        constraints = [
            # Numbers are never given twice, deleted clients included.
            models.UniqueConstraint(fields=["organization", "number"], name="client_number_once"),
            # Also finds the client of a relationship.
            models.UniqueConstraint(
                fields=["organization", "business_account"],
                condition=Q(business_account__isnull=False, deleted_at__isnull=True),
                name="client_of_account_once",
            ),
            models.CheckConstraint(condition=Q(emails__len__lte=3), name="client_three_emails"),
            models.CheckConstraint(condition=Q(tags__len__lte=20), name="client_twenty_tags"),
        ]
        indexes = [
            # Those that were deleted, the latest first.
            models.Index(
                "organization",
                F("deleted_at").desc(),
                F("id").desc(),
                name="client_by_deletion",
                condition=Q(deleted_at__isnull=False),
            ),
            # The client list, by name, keyset paging. Each order holds the status: whoever asks for prospects passes by
            # the others in the index.
            models.Index(
                "organization",
                "sort_key",
                "id",
                name="client_by_name",
                include=["status"],
                condition=Q(deleted_at__isnull=True),
            ),
            # The client list, newest first.
            models.Index(
                "organization",
                F("created_at").desc(),
                F("id").desc(),
                name="client_by_creation",
                include=["status"],
                condition=Q(deleted_at__isnull=True),
            ),
            # The client list, last changed first.
            models.Index(
                "organization",
                "updated_at",
                "id",
                name="client_by_change",
                include=["status"],
                condition=Q(deleted_at__isnull=True),
            ),
            # Of a status that few have.
            models.Index(
                fields=["organization", "status"], name="client_by_status", condition=Q(deleted_at__isnull=True)
            ),
            # Sectors in reach: visible_to of a member limited to a few sectors.
            GinIndex(fields=["sector_reach"], name="client_sector_reach"),
            # Clients that carry a tag.
            GinIndex(fields=["tags"], name="client_tags"),
            # Values of custom fields: « is », and who has any.
            GinIndex(OpClass(F("custom"), "jsonb_path_ops"), name="client_custom", condition=~Q(custom={})),
        ]

    def __str__(self):
        return self.display_name

    @property
    def is_prospect(self):
        return self.status == self.Status.PROSPECT

    @property
    def is_company(self):
        return self.kind == self.Kind.COMPANY

    @property
    def main_phone(self) -> str:
        """E.164, or "" where there is none."""
        return self.phones[0]["number"] if self.phones else ""

    @property
    def main_email(self) -> str:
        return self.emails[0] if self.emails else ""


class ClientSummary(models.Model):
    """What lists show of a client beside its own columns, worked out once and not for each page: one narrow row.

    Kept by triggers in the transaction of the write (`clients/summary.sql`, `interactions/summary.sql`), so that lists
    can be sorted by it. Amounts are in hundredths: under row-level security an index on `numeric` is of no use, since
    its comparisons are not leakproof.
    """

    client = models.OneToOneField(
        Client, models.DO_NOTHING, primary_key=True, related_name="summary", db_constraint=False
    )
    organization = models.ForeignKey(Organization, models.DO_NOTHING, db_constraint=False, db_index=False)
    city = models.CharField(_("ville"), max_length=120, default="")
    # None where there is none: what has no value stands at the end of a list.
    city_key = models.CharField(max_length=120, null=True)  # noqa: DJ001
    postal_code = models.CharField(_("code postal"), max_length=16, null=True)  # noqa: DJ001
    balance_cents = models.BigIntegerField(_("solde"), default=0)
    contracts = models.IntegerField(_("contrats"), default=0)
    last_interaction_at = models.DateTimeField(_("dernière interaction"), null=True)
    next_follow_up_on = models.DateField(_("prochain suivi"), null=True)
    interactions = models.IntegerField(_("interactions"), default=0, db_default=0)

    class Meta:
        indexes = [
            # One for each order of the client list that it serves.
            models.Index("organization", "city_key", "client", name="summary_by_city"),
            models.Index("organization", "postal_code", "client", name="summary_by_postal_code"),
            models.Index("organization", "balance_cents", "client", name="summary_by_balance"),
            models.Index("organization", "last_interaction_at", "client", name="summary_by_interaction"),
            models.Index("organization", "next_follow_up_on", "client", name="summary_by_follow_up"),
            # Whom one hears of often.
            models.Index("organization", "interactions", "client", name="summary_by_interactions"),
        ]

    def __str__(self):
        return f"{self.client_id}"


class CreditHold(models.Model):
    """A client is on credit hold from `since` until lifted. It informs and never blocks (R003-06)."""

    class Reason(models.TextChoices):
        LIMIT = "limit", _("Limite dépassée")
        OVERDUE = "overdue", _("Factures échues")
        DISPUTE = "dispute", _("Litige")
        BANKRUPTCY = "bankruptcy", _("Procédure collective")
        OTHER = "other", _("Autre motif")

    organization = models.ForeignKey(Organization, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE, related_name="credit_holds")
    reason = models.CharField(_("motif"), max_length=20, choices=Reason)
    note = models.CharField(_("précision"), max_length=200, blank=True, default="")
    since = models.DateTimeField(db_default=Now())
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(lifted_at__isnull=True), name="one_credit_hold")
        ]
        indexes = [
            # The newest holds, on the home page.
            models.Index(
                "organization",
                F("since").desc(),
                F("id").desc(),
                name="credit_hold_standing",
                condition=Q(lifted_at__isnull=True),
            )
        ]

    def __str__(self):
        return f"{self.get_reason_display()}"


class PersonQuerySet(ScopedQuerySet["Person"]):
    """A person tied to no client is seen by every member; one who is tied, by those who see one of the clients."""

    def visible_to(self, member, right=Right.CLIENT_VIEW, *, among_few=False):
        """`among_few`: the same people, asked for where only some thousand are looked at."""
        records = self.filter(organization_id=member.organization_id, deleted_at__isnull=True)
        if not member.reach.gives(right):
            return records.none()
        if member.reach.is_whole(right):
            return records
        links = ClientPerson.objects.filter(person=OuterRef("pk"))
        tied, seen = links.filter(client__deleted_at=None), links.filter(client__in=_seen_clients(member, right))
        if among_few:
            # Scalar subqueries are asked row by row; EXISTS is hashed, which reads the links of all clients first.
            ones = [models.Subquery(one.order_by().values("pk")[:1]) for one in (tied, seen)]
            return records.filter(Q(IsNull(ones[0], True)) | Q(IsNull(ones[1], False)))
        return records.filter(Q(~models.Exists(tied)) | Q(models.Exists(seen)))


def _seen_clients(member, right):
    return Client.objects.visible_to(member, right).values("id")


class Person(models.Model):
    """« Personne-ressource »: somebody one speaks with, for one client, for several, or for none (a lawyer, a bank).

    `file_as` (« Classer sous ») is how lists name the person.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    file_as = models.CharField(_("classer sous"), max_length=200)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True, default="")
    last_name = models.CharField(pgettext_lazy("person", "nom"), max_length=100, blank=True, default="")
    title = models.CharField(_("fonction"), max_length=120, blank=True, default="")
    company = models.CharField(_("société"), max_length=200, blank=True, default="")
    sort_key = models.CharField(max_length=200, editable=False)
    language = models.CharField(_("langue"), max_length=2, choices=User.Language, default="fr")
    birth_date = models.DateField(_("date de naissance"), null=True, blank=True)
    emails = ArrayField(models.EmailField(), default=list, blank=True, verbose_name=_("courriels"))
    phones = models.JSONField(_("téléphones"), default=list, blank=True)
    external_key = models.CharField(max_length=80, blank=True, default="")
    custom = models.JSONField(_("champs personnalisés"), default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)
    # The person that this one became part of; deleted then.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged", editable=False)
    version = models.IntegerField(default=1)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(emails__len__lte=3), name="person_three_emails"),
            models.UniqueConstraint(
                fields=["organization", "external_key"], condition=~Q(external_key=""), name="person_external_key"
            ),
        ]
        indexes = [
            models.Index("organization", "sort_key", "id", name="person_by_name", condition=Q(deleted_at__isnull=True)),
            GinIndex(OpClass(F("custom"), "jsonb_path_ops"), name="person_custom", condition=~Q(custom={})),
        ]

    def __str__(self):
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.file_as

    @property
    def main_phone(self) -> str:
        return self.phones[0]["number"] if self.phones else ""

    @property
    def main_email(self) -> str:
        return self.emails[0] if self.emails else ""


class PersonPhoto(models.Model):
    """The photo of a person, at most 500 kB, as it came. It goes with the person."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    # The database itself cascades: an import that is taken back deletes people by SQL.
    person = models.OneToOneField(Person, models.CASCADE, related_name="photo", db_constraint=False)
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.person_id}"


class ClientPerson(models.Model):
    """A person at a client. At most one is primary, one preferred, one billing; without them the primary stands in
    (R004-13), and without a primary the client itself. None of the three marks: « supplémentaire »."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE, related_name="client_people")
    person = models.ForeignKey(Person, models.CASCADE, related_name="client_people")
    is_primary = models.BooleanField(_("principale"), default=False)
    is_preferred = models.BooleanField(_("privilégiée"), default=False)
    is_billing = models.BooleanField(_("facturation"), default=False)

    class Meta:
        ordering = ["-is_primary", "-is_preferred", "-is_billing", "person__sort_key"]
        constraints = [
            models.UniqueConstraint(fields=["client", "person"], include=["organization"], name="client_person_once"),
            models.UniqueConstraint(fields=["client"], condition=Q(is_primary=True), name="one_primary_person"),
            models.UniqueConstraint(fields=["client"], condition=Q(is_preferred=True), name="one_preferred_person"),
            models.UniqueConstraint(fields=["client"], condition=Q(is_billing=True), name="one_billing_person"),
        ]

    def __str__(self):
        return f"{self.person_id} @ {self.client_id}"


class AddressQuerySet(ScopedQuerySet["Address"]):
    path_to_client = "client__"

    def in_scope(self, condition, member, right):
        # An address of a person follows the person.
        return condition | Q(person__in=Person.objects.visible_to(member, right).values("id"))


class Address(models.Model):
    """Where a client, or a person, is. `main` is for lists and reports, `mailing` for letters and invoices."""

    class Kind(models.TextChoices):
        MAIN = "main", _("Principale")
        MAILING = "mailing", _("Postale")
        OTHER = "other", _("Autre")

    organization = models.ForeignKey(Organization, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="addresses")
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="addresses")
    kind = models.CharField(_("type"), max_length=10, choices=Kind, default=Kind.MAIN)
    label = models.CharField(_("libellé"), max_length=60, blank=True, default="")
    street = models.CharField(_("numéro et rue"), max_length=200, blank=True, default="")
    unit = models.CharField(_("complément"), max_length=100, blank=True, default="")
    postal_code = models.CharField(_("code postal"), max_length=16, blank=True, default="")
    city = models.CharField(_("ville"), max_length=120, blank=True, default="")
    region = models.CharField(_("province ou région"), max_length=80, blank=True, default="")
    country = models.CharField(_("pays"), max_length=2, default="FR")
    external_key = models.CharField(max_length=80, blank=True, default="")
    version = models.IntegerField(default=1)

    objects = AddressQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, person__isnull=True) | Q(client__isnull=True, person__isnull=False),
                name="address_one_owner",
            ),
            models.UniqueConstraint(
                fields=["client", "kind"], condition=Q(kind__in=["main", "mailing"]), name="client_one_of_each_address"
            ),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(kind__in=["main", "mailing"]), name="person_one_of_each_address"
            ),
            models.UniqueConstraint(
                fields=["organization", "external_key"], condition=~Q(external_key=""), name="address_external_key"
            ),
        ]

    def __str__(self):
        return ", ".join(self.lines)

    @property
    def country_name(self) -> str:
        return country_name(self.country, get_language() or "fr")

    @property
    def lines(self) -> list[str]:
        """As on an envelope, without the country."""
        city = " ".join(part for part in [self.postal_code, self.city] if part)
        if self.country == "CA":
            city = " ".join(part for part in [self.city, self.region, self.postal_code] if part)
        return [line for line in [self.street, self.unit, city] if line]


class BusinessObjectType(models.Model):
    """A kind of thing that another system knows of clients: contract, service point, meter, reading, invoice…

    An administrator may add types. `states` is a list of {"code", "fr", "en", "tone"}, tone one of ok, bad, warn,
    info, neutral; `attributes` a list of {"code", "fr", "en", "type"}, type one of text, number, date, boolean.
    """

    CONTRACT = "contract"
    SERVICE_POINT = "service_point"

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=40)
    label_fr = models.CharField(_("libellé français"), max_length=60)
    label_en = models.CharField(_("libellé anglais"), max_length=60)
    plural_fr = models.CharField(_("pluriel français"), max_length=60)
    plural_en = models.CharField(_("pluriel anglais"), max_length=60)
    position = models.IntegerField(default=100)
    states = models.JSONField(default=list, blank=True)
    attributes = models.JSONField(default=list, blank=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="object_type_code_once")]

    def __str__(self):
        return self.label

    @property
    def label(self):
        return self.label_en if get_language() == "en" else self.label_fr

    @property
    def plural(self):
        return self.plural_en if get_language() == "en" else self.plural_fr


def is_let_see(organization: Organization) -> Q:
    """What a service provider sees of business objects, whoever of its members asks (R002-32): its own, and what a
    relationship that holds today lets it see, by program and by who submitted it. The day is asked here, so that an
    end takes effect at midnight."""
    among = models.Func(
        F("visibility"), OuterRef("submitted_by"), function="array_position", output_field=models.IntegerField()
    )
    given = RelationshipProgram.objects.filter(
        relationship=OuterRef("pk"), program_id=OuterRef(OuterRef("program_account_id"))
    )
    holds = (
        Relationship.objects.of(organization).active(today_of(organization))
        .filter(IsNull(among, False), account_id=OuterRef("client__business_account_id"))
        .filter(Q(level=Level.BUSINESS) | Q(models.Exists(given)))
    )  # fmt: skip
    return Q(program_account__isnull=True, submitted_by=Visibility.OWN) | Q(models.Exists(holds))


def sees_all_objects(member) -> bool:
    """Need nobody ask of single objects whether the member sees them?"""
    return member.reach.is_whole(Right.CLIENT_VIEW) and not member.organization.provider_kind


class BusinessObjectQuerySet(ScopedQuerySet["BusinessObject"]):
    """Seen with its client; a service point of a sector, only by those who reach that sector or the whole client; what
    a client lets a service provider see, by nobody there when it no longer does."""

    path_to_client = "client__"

    def own(self):
        """What the organization holds by itself, whatever its clients let it see besides: what works without a member
        (letters in bulk, dunning) looks at nothing else."""
        return self.filter(program_account__isnull=True, submitted_by=Visibility.OWN)

    def visible_to(self, member, right=Right.CLIENT_VIEW):
        records = super().visible_to(member, right).filter(deleted_at__isnull=True, client__deleted_at__isnull=True)
        if member.organization.provider_kind:
            records = records.filter(is_let_see(member.organization))
        if member.reach.is_whole(right) or not member.reach.gives(right):
            return records
        sectors, clients = [], []
        for grant in member.reach.grants_with(right):
            if grant.scope_type == "sector":
                sectors += grant.scope_ids
            elif grant.scope_type == "client":
                clients += grant.scope_ids
        seen = Q(sector__isnull=True) | Q(sector__in=sectors) | Q(client__in=clients)
        groups = groups_in_reach(member, right)
        return records.filter(seen | in_groups(groups, "client__") if groups else seen)


def seen_contract_key(member):
    """The number of the contract of a business object, for who sees that contract: it may stand in another sector."""
    contracts = BusinessObject.objects.visible_to(member).filter(pk=OuterRef("contract_id"))
    return models.Subquery(contracts.order_by().values("key")[:1])


class BusinessObject(models.Model):
    """Something that another system knows of a client (contract, invoice, meter…): read-only here, kept up to date
    from outside by import and API. `key` is its number there; `contract` the contract that it belongs to.

    At a service provider `program_account` is the client's program that it is about, and `submitted_by` says who
    submitted it: what may be seen follows from what the client lets the provider see (`is_let_see`)."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE, related_name="business_objects")
    type = models.ForeignKey(BusinessObjectType, models.PROTECT, related_name="+")
    contract = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="objects_of_contract")
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="+")
    program_account = models.ForeignKey(
        ProgramAccount, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("compte de programme"),
    )  # fmt: skip
    submitted_by = models.CharField(
        _("transmis par"), max_length=10, choices=Visibility, default=Visibility.OWN, db_default=Visibility.OWN.value
    )
    source_system = models.CharField(max_length=40, blank=True, default="")
    key = models.CharField(_("numéro"), max_length=80)
    key_compact = models.GeneratedField(
        expression=Upper(
            models.Func(
                F("key"), models.Value("[^0-9A-Za-z]"), models.Value(""), models.Value("g"), function="regexp_replace"
            )
        ),
        output_field=models.CharField(max_length=80),
        db_persist=True,
    )
    label = models.CharField(_("libellé"), max_length=200, blank=True, default="")
    state = models.CharField(_("état"), max_length=30, blank=True, default="")
    dated_on = models.DateField(_("date"), null=True, blank=True)
    due_on = models.DateField(_("échéance"), null=True, blank=True)
    amount = models.DecimalField(_("montant"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    objects = BusinessObjectQuerySet.as_manager()

    class Meta:
        ordering = ["-dated_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "type", "source_system", "key"], name="business_object_key_once"
            )
        ]
        indexes = [
            # Quick search by contract or invoice number, whole or by its beginning, in any writing.
            models.Index(
                F("organization_id"), OpClass(F("key_compact"), "text_pattern_ops"), name="business_object_number"
            ),
            # The panes of the client file.
            models.Index(fields=["client", "type", "-dated_on"], name="business_object_of_client"),
            # The orders of the lists of contracts, of invoices…; the client tells who reaches few what to pass.
            models.Index(
                fields=["type", "dated_on", "id"],
                include=["client", "organization"],
                name="business_object_by_date",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["type", "due_on", "id"],
                include=["client", "organization"],
                name="business_object_by_due_day",
                condition=Q(deleted_at__isnull=True),
            ),
            # « Factures impayées depuis 30 jours ».
            models.Index(
                fields=["type", "state", "dated_on"],
                include=["client", "organization"],
                name="business_object_by_state",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["type", "key", "id"],
                include=["client", "organization"],
                name="business_object_by_key",
                condition=Q(deleted_at__isnull=True),
            ),
            # Of a contract.
            models.Index(fields=["contract"], name="business_object_of_contract", condition=Q(contract__isnull=False)),
        ]

    def __str__(self):
        return self.key


class BulkRow(models.Model):
    """One client of a change of many: what became of it, and why. Made when the job begins, so that the job changes
    those that the selection held then, whatever the change itself does to the filter."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("à traiter")
        CHANGED = "changed", _("modifié")
        UNCHANGED = "unchanged", _("inchangé")
        REFUSED = "refused", _("refusé")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    job_id = models.BigIntegerField()
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.WAITING, db_default=Verdict.WAITING)
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["job_id", "client"], name="bulk_client_once")]
        indexes = [models.Index(fields=["job_id", "verdict", "id"], name="bulk_rows_of_job")]

    def __str__(self):
        return f"{self.job_id}/{self.client_id}"


class StateChange(models.Model):
    """A business object whose state has changed, or with no object a client whose status has: written by triggers in
    the transaction of the change, whatever path it took, and told to other areas soon after (`state_changes.py`)."""

    organization = models.ForeignKey(
        Organization, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    client_id = models.BigIntegerField()
    object_id = models.BigIntegerField(null=True)
    before = models.CharField(max_length=30)
    after = models.CharField(max_length=30)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        indexes = [models.Index("organization", "id", name="state_change_in_order")]

    def __str__(self):
        return f"{self.before} → {self.after}"
