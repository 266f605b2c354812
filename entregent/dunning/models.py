"""How unpaid invoices are dunned, which ones are, and whom nobody duns for a while."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.scope import ScopedQuerySet
from entregent.cases.models import Case
from entregent.clients.models import BusinessObject, Client
from entregent.organizations.models import Organization, User
from entregent.processes.models import OfCases, ProcessDefinition, ProcessRun


def aid_tags() -> list[str]:
    return ["Chèque énergie", "FSL"]


class DunningPlan(models.Model):
    """« Plan de relance »: which unpaid invoices are dunned, and by which process.

    An invoice is dunned from `grace_days` after its due date on, at least `minimum`, of the service of the plan, of
    clients whom `condition` fits (data of `listing.conditions`, None for all), at most `daily_cap` a day. `is_daily`:
    every day by itself; else only when somebody launches it. The levels and their deadlines are the steps of the
    process. Clients who carry one of `aid_tags` are told to the process as aided: it gives them more time.
    """

    class Service(models.TextChoices):
        WATER = "water", _("Eau")
        ELECTRICITY = "electricity", _("Électricité")
        GAS = "gas", _("Gaz")
        OTHER = "", _("Autre")

    organization = models.ForeignKey(Organization, models.CASCADE)
    name_fr = models.CharField(_("nom français"), max_length=80)
    name_en = models.CharField(_("nom anglais"), max_length=80, blank=True, default="")
    service = models.CharField(_("service"), max_length=12, choices=Service, blank=True, default="")
    definition = models.ForeignKey(ProcessDefinition, models.PROTECT, related_name="+", verbose_name=_("plan d'action"))
    grace_days = models.IntegerField(_("jours après l'échéance"), default=1)
    minimum = models.DecimalField(_("montant minimum"), max_digits=14, decimal_places=2, default=0)
    daily_cap = models.IntegerField(_("au plus, par jour"), default=1000)
    condition = models.JSONField(null=True, blank=True)
    aid_tags = ArrayField(models.CharField(max_length=40), default=aid_tags, blank=True)
    is_daily = models.BooleanField(_("lancée chaque jour"), default=False)
    is_active = models.BooleanField(_("en service"), default=True)
    # The last day on which the daily run went through.
    ran_on = models.DateField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name_fr", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(grace_days__gte=1, grace_days__lte=365), name="dunning_grace"),
            models.CheckConstraint(condition=Q(minimum__gte=0), name="dunning_minimum"),
            models.CheckConstraint(condition=Q(daily_cap__gte=1, daily_cap__lte=100_000), name="dunning_cap"),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return (self.name_en or self.name_fr) if get_language() == "en" else self.name_fr


class DunningRunQuerySet(OfCases):
    """Seen with the dossier."""

    path_to_client = "case__client__"

    def open(self):
        return self.filter(ended_at__isnull=True)


class DunningRun(models.Model):
    """« Relance »: an unpaid invoice that a plan duns, by a dossier and a running plan of action.

    One that is open for each invoice. `amount` is what was owed when it began. `why_ended` says why it no longer runs;
    what ended by hand or went to its end is not begun again.
    """

    class End(models.TextChoices):
        PAID = "paid", pgettext_lazy("dunning", "Soldée")
        CANCELLED = "cancelled", pgettext_lazy("dunning", "Facture annulée")
        DISPUTED = "disputed", pgettext_lazy("dunning", "Facture contestée")
        HOLD = "hold", pgettext_lazy("dunning", "Relances suspendues pour ce client")
        BY_HAND = "by_hand", pgettext_lazy("dunning", "Dossier clos à la main")
        FINISHED = "finished", pgettext_lazy("dunning", "Allée à son terme")

    # Those after which the invoice is not dunned again by itself.
    FOR_GOOD = (End.BY_HAND, End.FINISHED)

    organization = models.ForeignKey(Organization, models.CASCADE)
    plan = models.ForeignKey(DunningPlan, models.PROTECT, related_name="runs", db_index=False)
    invoice = models.ForeignKey(BusinessObject, models.CASCADE, related_name="+", db_index=False)
    case = models.OneToOneField(Case, models.CASCADE, related_name="dunning")
    run = models.ForeignKey(ProcessRun, models.SET_NULL, null=True, related_name="+", db_index=False)
    amount = models.DecimalField(_("montant"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)
    why_ended = models.CharField(max_length=10, choices=End, blank=True, default="")

    objects = DunningRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(ended_at__isnull=True), name="dunning_once_for_an_invoice"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, why_ended="") | (Q(ended_at__isnull=False) & ~Q(why_ended="")),
                name="dunning_ended_with_its_reason",
            ),
        ]
        indexes = [
            # Whether an invoice is or was dunned.
            models.Index("invoice", "id", name="dunning_of_invoice"),
            # « Relances en cours », the newest first; and what is to be looked at.
            models.Index(
                "organization", F("id").desc(), name="dunning_open", condition=Q(ended_at__isnull=True)
            ),
            # How many a plan has begun today.
            models.Index("plan", "started_at", name="dunning_of_plan"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.invoice_id}"


class DunningHoldQuerySet(ScopedQuerySet["DunningHold"]):
    path_to_client = "client__"

    def standing(self, day: date):
        """Those that hold on a day."""
        return self.filter(Q(until__isnull=True) | Q(until__gte=day), lifted_at__isnull=True)


class DunningHold(models.Model):
    """« Ne pas relancer »: nobody duns a client until a day (None: until it is lifted), with the reason."""

    class Reason(models.TextChoices):
        HARDSHIP = "hardship", _("Difficultés de paiement")
        PAYMENT_PLAN = "payment_plan", _("Échéancier convenu")
        DISPUTE = "dispute", _("Contestation")
        OTHER = "other", _("Autre motif")

    organization = models.ForeignKey(Organization, models.CASCADE)
    client = models.ForeignKey(Client, models.CASCADE, related_name="dunning_holds")
    reason = models.CharField(_("motif"), max_length=14, choices=Reason)
    until = models.DateField(_("jusqu'au"), null=True, blank=True)
    note = models.CharField(_("précision"), max_length=200, blank=True, default="")
    set_at = models.DateTimeField(db_default=Now())
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = DunningHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(lifted_at__isnull=True), name="one_dunning_hold")
        ]

    def __str__(self):
        return f"{self.client_id}"

    @classmethod
    def of_client(cls, client_id: int, day: date) -> "DunningHold | None":
        """The hold that stands on a day."""
        return cls.objects.standing(day).filter(client_id=client_id).select_related("set_by").first()
