from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client
from entregent.organizations.models import Organization, User

# The parts of an address, as applicants, properties and transmissions hold them.
PLACE = ("street", "unit", "city", "region", "postal_code", "country")
# Where the province or state belongs to an address.
WITH_REGION = frozenset({"CA", "US"})


class EnrollmentState(models.TextChoices):
    """How an applicant stands with the CRM; an application, by what its applicants are."""

    NONE = "none", pgettext_lazy("enrollment", "Non inscrit")
    PENDING = "pending", pgettext_lazy("enrollment", "En attente")
    ENROLLED = "enrolled", pgettext_lazy("enrollment", "Inscrit")
    REMOVED = "removed", pgettext_lazy("enrollment", "Retiré")


class Place(models.Model):
    """An address that is no client's: of an applicant, of a property, or typed for one transmission."""

    street = models.CharField(_("numéro et rue"), max_length=200, blank=True, default="")
    unit = models.CharField(_("appartement"), max_length=100, blank=True, default="")
    city = models.CharField(_("ville"), max_length=120, blank=True, default="")
    region = models.CharField(_("province ou état"), max_length=80, blank=True, default="")
    postal_code = models.CharField(_("code postal"), max_length=16, blank=True, default="")
    country = models.CharField(_("pays"), max_length=2, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def place(self) -> dict[str, str]:
        return {part: getattr(self, part) for part in PLACE}


def is_complete(place: dict[str, str]) -> bool:
    """Whether a letter would arrive there (R000-06)."""
    needed = ["street", "city", "postal_code", "country"]
    if place.get("country") in WITH_REGION:
        needed.append("region")
    return all(place.get(part) for part in needed)


def place_line(place: dict[str, str]) -> str:
    """On one line: « 12, rue des Pins, app. 3, Gatineau QC J8X 1A1 »; "" where there is none."""
    parts = [place.get("postal_code", ""), place.get("city", "")]
    if place.get("country") in WITH_REGION:
        parts = [place.get("city", ""), place.get("region", ""), place.get("postal_code", "")]
    town = " ".join(part for part in parts if part)
    return ", ".join(part for part in (place.get("street", ""), place.get("unit", ""), town) if part)


class LoanApplicationQuerySet(ScopedQuerySet["LoanApplication"]):
    """Seen by who reaches the whole organization; else by its agent, by who entered it, and by whoever reaches a
    client that it brought."""

    path_to_client = "applicants__client__"

    def visible_to(self, member, right=Right.LOAN_VIEW):
        return super().visible_to(member, right)

    def in_scope(self, condition, member, right):
        clients = Client.objects.visible_to(member, right).values("id")
        with_them = Applicant.objects.filter(client__in=clients).values("application_id")
        own = Q(agent_id=member.user_id) | Q(created_by_id=member.user_id)
        return own | Q(pk__in=with_them)


class LoanApplication(Place):
    """« Demande de prêt »: applicants who ask for a loan on a property. Its own address is the subject property's.

    A complete one is read-only (R000-21); its applicants can be enrolled all the same. `enrollment_state` sums up its
    applicants: whoever waits, else whoever is enrolled, else whoever was removed.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", pgettext_lazy("loan", "En cours")
        SUBMITTED = "submitted", pgettext_lazy("loan", "Soumise")
        APPROVED = "approved", pgettext_lazy("loan", "Approuvée")
        DECLINED = "declined", pgettext_lazy("loan", "Refusée")
        ACCEPTED = "accepted", pgettext_lazy("loan", "Acceptée")
        READY_TO_CLOSE = "ready_to_close", pgettext_lazy("loan", "Prête à clore")
        CLOSED = "closed", pgettext_lazy("loan", "Close")
        PAYABLE = "payable", pgettext_lazy("loan", "À payer")
        PAID = "paid", pgettext_lazy("loan", "Payée")
        COMPLETE = "complete", pgettext_lazy("loan", "Complète")
        CANCELLED = "cancelled", pgettext_lazy("loan", "Annulée")

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.CharField(_("n° de demande"), max_length=40)
    status = models.CharField(_("statut"), max_length=20, choices=Status, default=Status.IN_PROGRESS)
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("agent au dossier")
    )
    branch = models.CharField(_("succursale"), max_length=80, blank=True, default="")
    enrollment_state = models.CharField(
        _("inscription"), max_length=10, choices=EnrollmentState, default=EnrollmentState.NONE, editable=False
    )
    source_system = models.CharField(_("système d’origine"), max_length=40, blank=True, default="")
    created_at = models.DateTimeField(_("créée le"), db_default=Now())
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(_("modifiée le"), db_default=Now())
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    version = models.IntegerField(default=1)

    objects = LoanApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "number"], name="loan_application_number_once")]
        indexes = [
            # The list, newest first, and last changed first.
            models.Index("organization", F("created_at").desc(), F("id").desc(), name="loan_application_by_date"),
            models.Index("organization", "updated_at", "id", name="loan_application_by_change"),
            # Those of an agent, and those that stand so with the CRM.
            models.Index("organization", "agent", "id", name="loan_application_by_agent"),
            models.Index("organization", "enrollment_state", "id", name="loan_application_by_state"),
            # The branches that the filter offers.
            models.Index("organization", "branch", name="loan_application_by_branch"),
        ]

    def __str__(self):
        return self.number

    @property
    def is_complete(self) -> bool:
        return self.status == self.Status.COMPLETE


class Applicant(Place):
    """« Demandeur »: a person on a loan application, who becomes a client when enrolled. One is the primary one."""

    class Role(models.TextChoices):
        APPLICANT = "applicant", _("Demandeur")
        CO_SIGNER = "co_signer", _("Cosignataire")
        GUARANTOR = "guarantor", _("Garant")

    organization = models.ForeignKey(Organization, models.CASCADE)
    application = models.ForeignKey(LoanApplication, models.CASCADE, related_name="applicants")
    position = models.IntegerField(default=1)
    role = models.CharField(_("rôle"), max_length=10, choices=Role, default=Role.APPLICANT)
    is_primary = models.BooleanField(_("demandeur principal"), default=False)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True, default="")
    last_name = models.CharField(pgettext_lazy("person", "nom"), max_length=100)
    sort_key = models.CharField(max_length=210, editable=False)
    birth_date = models.DateField(_("date de naissance"), null=True, blank=True)
    email = models.EmailField(_("courriel"), blank=True, default="")
    phone = models.CharField(_("téléphone"), max_length=20, blank=True, default="")
    # The client that enrolment made of this person, or found.
    client = models.ForeignKey(Client, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    enrollment_state = models.CharField(
        _("inscription"), max_length=10, choices=EnrollmentState, default=EnrollmentState.NONE, editable=False
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["application"], condition=Q(is_primary=True), name="one_primary_applicant")
        ]
        indexes = [
            # The list of applications is searched by the beginning of names.
            models.Index(F("organization_id"), OpClass(F("sort_key"), "text_pattern_ops"), name="applicant_by_name"),
        ]

    def __str__(self):
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_pending(self) -> bool:
        return self.enrollment_state == EnrollmentState.PENDING

    @property
    def is_enrolled(self) -> bool:
        return self.enrollment_state == EnrollmentState.ENROLLED


class AddressSource(models.TextChoices):
    """« Adresse postale »: which address is transmitted (R000-04)."""

    APPLICANT = "applicant", _("Demandeur")
    PROPERTY = "property", _("Propriété")
    OTHER = "other", _("Autre")


class Selection(models.TextChoices):
    """The list that bears the organization's own label (R000-10)."""

    INCLUDE = "include", _("Inclure")
    NOT_SELECTED = "not_selected", _("Non sélectionné")


class Enrollment(Place):
    """What stands on « Effectif GRC » of an application: the choices made last, or a draft that sent nothing. Its
    address is the one typed under « Autre »."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    application = models.OneToOneField(LoanApplication, models.CASCADE, related_name="enrollment")
    applicant_ids = ArrayField(models.BigIntegerField(), default=list)
    existing = models.BooleanField(_("clients GRC actuels"), default=False)
    selection = models.CharField(max_length=12, choices=Selection, default=Selection.NOT_SELECTED)
    address_source = models.CharField(max_length=10, choices=AddressSource, default=AddressSource.APPLICANT)
    corresponding_agent = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    remarks = models.TextField(_("remarques GRC"), max_length=2000, blank=True, default="")
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.application_id}"


class TransmissionQuerySet(ScopedQuerySet["Transmission"]):
    """Seen with its application."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.LOAN_VIEW):
        return super().visible_to(member, right)

    def in_scope(self, condition, member, right):
        return Q(application__in=LoanApplication.objects.visible_to(member, right).values("id"))

    def open(self):
        return self.filter(state__in=Transmission.OPEN)


class Transmission(models.Model):
    """What was sent to head office about one applicant, by the decision table R000-14, and what became of it.

    `payload` is what was sent: names, birth date, e-mail, phone, address. Loading makes, updates or removes the client,
    once however often it is tried; `before` is what of the client it replaced.
    """

    class Operation(models.TextChoices):
        ADD = "add", _("Ajout")
        UPDATE = "update", _("Mise à jour")
        REMOVE = "remove", _("Retrait")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("transmission", "En attente")
        LOADED = "loaded", pgettext_lazy("transmission", "Chargée")
        REJECTED = "rejected", pgettext_lazy("transmission", "Rejetée")
        POSSIBLE_DUPLICATE = "possible_duplicate", pgettext_lazy("transmission", "Doublon possible")

    OPEN = (State.WAITING, State.POSSIBLE_DUPLICATE)

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.BigIntegerField(_("n°"))
    application = models.ForeignKey(LoanApplication, models.PROTECT, related_name="transmissions")
    applicant = models.ForeignKey(Applicant, models.PROTECT, related_name="transmissions")
    operation = models.CharField(_("type"), max_length=6, choices=Operation)
    address_source = models.CharField(_("adresse postale"), max_length=10, choices=AddressSource)
    corresponding_agent = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("agent en correspondance")
    )
    remarks = models.TextField(_("remarques GRC"), blank=True, default="")
    payload = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("saisi par"))
    created_at = models.DateTimeField(_("transmise le"), db_default=Now())
    state = models.CharField(_("statut"), max_length=20, choices=State, default=State.WAITING)
    reason = models.CharField(_("motif"), max_length=300, blank=True, default="")
    client = models.ForeignKey(Client, models.SET_NULL, null=True, related_name="+", editable=False)
    before = models.JSONField(default=dict)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("chargée par"))
    decided_at = models.DateTimeField(_("chargée le"), null=True)

    objects = TransmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="transmission_number_once"),
            # « Une transmission est déjà en attente » (E-000-PENDING).
            models.UniqueConstraint(
                fields=["applicant"],
                condition=Q(state__in=["waiting", "possible_duplicate"]),
                name="one_open_transmission",
            ),
        ]
        indexes = [
            # The queue, and the history, newest first.
            models.Index("organization", F("created_at").desc(), F("id").desc(), name="transmission_by_date"),
            models.Index("organization", "state", "id", name="transmission_by_state"),
            # Whether a client was removed after something was entered (R000-23).
            models.Index("client", "operation", F("decided_at").desc(), name="transmission_of_client"),
        ]

    def __str__(self):
        return f"{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def name(self) -> str:
        return f"{self.payload.get('first_name', '')} {self.payload.get('last_name', '')}".strip()

    @property
    def birth_date(self) -> date | None:
        given = self.payload.get("birth_date")
        return date.fromisoformat(given) if given else None

    @property
    def place(self) -> dict[str, Any]:
        return self.payload.get("address", {})

    @property
    def tone(self) -> str:
        return {"waiting": "info", "loaded": "ok", "rejected": "bad", "possible_duplicate": "warn"}[self.state]


class EnrollmentSettings(models.Model):
    """Whether head office loads by hand. Without a row: as soon as something comes (R000-18)."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="enrollment_settings")
    is_automatic = models.BooleanField(_("chargement automatique"), default=True)
    version = models.IntegerField(default=1)

    def __str__(self):
        return f"{self.organization_id}"

    @classmethod
    def of(cls, organization_id: int) -> "EnrollmentSettings":
        return cls.objects.filter(organization_id=organization_id).first() or cls(organization_id=organization_id)
