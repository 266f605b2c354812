"""Who at the client has access to the portal, and how the organization has set its portal.

They stand here, below transfers and the portal itself: interactions say whom to tell, transfers whom to ask.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.clients.models import Client, ClientPerson, Person
from entregent.organizations.models import Organization, User


class PortalEvent(models.TextChoices):
    """What somebody with access may be told of by mail; all of them are on when the access begins."""

    ENTRY_PUBLISHED = "entry_published", _("Un message vous est adressé")
    ENTRY_RECORDED = "entry_recorded", _("Ce que vous avez dit est enregistré")
    TRANSFER = "transfer", _("Des fichiers vous sont envoyés ou demandés")
    TRANSFER_REMINDER = "transfer_reminder", _("Un envoi ou une demande de fichiers arrive à échéance")


def every_event() -> list[str]:
    return list(PortalEvent.values)


class PortalAccessQuerySet(models.QuerySet["PortalAccess"]):
    def active(self):
        """Those that let somebody in now: neither suspended nor out of time, their person still at the client."""
        return self.filter(state=PortalAccess.State.ACTIVE, user__is_active=True).standing()

    def standing(self):
        """Those whose person and client are still there and tied, the client not removed, and whose time has not run
        out."""
        tied = ClientPerson.objects.filter(client_id=OuterRef("client_id"), person_id=OuterRef("person_id"))
        there = Q(client__deleted_at__isnull=True) & ~Q(client__status=Client.Status.REMOVED)
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=Now()),
            Q(client__isnull=True) | (there & Exists(tied)),
            person__deleted_at__isnull=True,
        )

    def open(self):
        """Those that were neither closed nor run out: what a member sees as given."""
        return self.exclude(state=PortalAccess.State.CLOSED)


class PortalAccess(models.Model):
    """Lets one person into the portal for one client (or for themselves, where they stand for none).

    Actions that somebody at the client may do take it in the place of a member: it has an organization and a user, and
    the journal tells the person by name. The secret of the invitation is kept as its hash only and serves once.
    """

    class Kind(models.TextChoices):
        PERMANENT = "permanent", _("Permanent")
        TEMPORARY = "temporary", _("Temporaire")

    class State(models.TextChoices):
        INVITED = "invited", _("Non enregistré")
        ACTIVE = "active", _("Actif")
        SUSPENDED = "suspended", _("Suspendu")
        EXPIRED = "expired", _("Expiré")
        CLOSED = "closed", _("Retiré")

    organization = models.ForeignKey(Organization, models.CASCADE)
    person = models.ForeignKey(Person, models.CASCADE, related_name="portal_accesses")
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="portal_accesses")
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="portal_accesses")
    kind = models.CharField(_("genre"), max_length=10, choices=Kind, default=Kind.PERMANENT)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.INVITED)
    email = models.EmailField(_("courriel"))
    language = models.CharField(_("langue"), max_length=2, choices=User.Language, default="fr")
    subscriptions = ArrayField(
        models.CharField(max_length=40), default=every_event, blank=True, verbose_name=_("avis par courriel")
    )
    sees_colleagues = models.BooleanField(_("voit les échanges de ses collègues"), default=False)
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    invited_at = models.DateTimeField(_("invitation"), db_default=Now())
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("invité par"), editable=False
    )
    invitation_ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    activated_at = models.DateTimeField(_("ouvert"), null=True, blank=True)
    consent_at = models.DateTimeField(_("conditions acceptées"), null=True, blank=True)
    expires_at = models.DateTimeField(_("fin d'accès"), null=True, blank=True)

    objects = PortalAccessQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "person"],
                condition=~Q(state="closed"),
                name="portal_access_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(user__isnull=False), name="portal_access_of_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(kind="temporary") | Q(expires_at__isnull=False), name="portal_access_temporary_ends"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "organization"], name="portal_access_of_user"),
            models.Index(fields=["person"], name="portal_access_of_person"),
            models.Index(fields=["digest"], name="portal_access_digest", condition=~Q(digest="")),
            # Whose mail this is (`accesses_at`).
            models.Index("organization", Lower("email"), name="portal_access_at_address"),
        ]

    def __str__(self):
        return f"{self.person_id} @ {self.client_id or ''}"

    @property
    def told_as(self) -> str:
        """How the journal names who did it (`audit.actions.record`)."""
        return self.person.full_name

    @property
    def address(self) -> str:
        """Where mails for this person go, the one rule for all of them: the address of the invitation for as long as
        it is one of the person's; once the staff have corrected it, the person's main address."""
        known = {email.lower() for email in self.person.emails}
        return self.email if self.email.lower() in known else self.person.main_email or self.email

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def state_label(self) -> str:
        """« Expiré » from the minute on, whatever the nightly task has written by then."""
        over = self.is_over and self.state in (self.State.INVITED, self.State.ACTIVE)
        return str(self.State.EXPIRED.label if over else self.State(self.state).label)


class PortalVisit(models.Model):
    """When somebody with access was last there."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    access = models.OneToOneField(PortalAccess, models.CASCADE, related_name="visit")
    last_seen_at = models.DateTimeField()

    def __str__(self):
        return f"{self.access_id}"


class PortalSettings(models.Model):
    """How an organization has set its portal; without a row, as the defaults say."""

    class Details(models.TextChoices):
        PROPOSED = "proposed", _("La modification est proposée à un agent, qui la reporte")
        APPLIED = "applied", _("La modification est faite aussitôt, un agent en est averti")

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="portal_settings")
    files_in_messages = models.BooleanField(_("fichiers joints aux messages"), default=True)
    new_requests = models.BooleanField(_("nouvelles demandes"), default=True)
    colleagues = models.BooleanField(_("les collègues d'un même client voient tous ses échanges"), default=False)
    details = models.CharField(_("coordonnées"), max_length=10, choices=Details, default=Details.PROPOSED)
    temporary_days = models.IntegerField(_("durée d'un accès temporaire, en jours"), default=30)
    welcome_fr = models.TextField(_("accueil en français"), max_length=1000, blank=True, default="")
    welcome_en = models.TextField(_("accueil en anglais"), max_length=1000, blank=True, default="")
    terms_fr = models.TextField(_("conditions en français"), max_length=20000, blank=True, default="")
    terms_en = models.TextField(_("conditions en anglais"), max_length=20000, blank=True, default="")
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(temporary_days__gte=1, temporary_days__lte=365), name="portal_temporary_days"
            )
        ]

    def __str__(self):
        return f"{self.organization_id}"

    @classmethod
    def of(cls, organization_id: int) -> "PortalSettings":
        found = cls.objects.filter(organization_id=organization_id).first()
        return found or cls(organization_id=organization_id)

    @property
    def welcome(self) -> str:
        return self._told(self.welcome_fr, self.welcome_en)

    @property
    def terms(self) -> str:
        return self._told(self.terms_fr, self.terms_en)

    @staticmethod
    def _told(french: str, english: str) -> str:
        return (english or french) if get_language() == "en" else (french or english)


INVITATION_DAYS = 14


def invitation_url(organization_id: int, secret: str) -> str:
    return f"{settings.PUBLIC_URL}/portail/invitation/{organization_id}-{secret}/"


def invitation_end(access: PortalAccess):
    """Fourteen days; where the access itself ends on a day, that day: whoever is asked for files may take that long."""
    return access.expires_at or timezone.now() + timedelta(days=INVITATION_DAYS)
