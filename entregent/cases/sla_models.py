"""Response times: what is promised, and the clocks that run (beyond.md §14)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.cases.models import Case, CaseType
from entregent.organizations.models import Organization


class SlaRule(models.Model):
    """« Délai de réponse »: what is promised for the cases of a type and those below it (all without one), for clients
    of a category (all when empty). The rule of the nearest type holds, and among these that of the category.

    The targets are offsets (« 4 working hours ») on the organization's working calendar, "" for none.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    case_type = models.ForeignKey(
        CaseType, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("type de dossier")
    )
    category = models.CharField(_("catégorie de client"), max_length=60, blank=True, default="")
    first_answer = models.CharField(_("première réponse"), max_length=60, blank=True, default="")
    next_answer = models.CharField(_("réponse suivante"), max_length=60, blank=True, default="")
    solution = models.CharField(_("solution"), max_length=60, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "case_type", "category"], nulls_distinct=False, name="sla_rule_once"
            )
        ]

    def __str__(self):
        return f"{self.case_type_id or '*'} {self.category}".strip()

    def target(self, kind: str) -> str:
        return {
            SlaClock.Kind.FIRST: self.first_answer,
            SlaClock.Kind.NEXT: self.next_answer,
            SlaClock.Kind.SOLUTION: self.solution,
        }[SlaClock.Kind(kind)]


class SlaClock(models.Model):
    """One promise that runs for a case: from `started_at` until it is met, or dropped because the case ended otherwise.

    `target` is what was promised; `due_at` follows from it, from the working calendar and from `paused_seconds`, the
    working time that the case waited for the client. `check_at` is when the product looks at it next: to warn, then to
    say that it is late; empty while nothing can happen by itself.
    """

    class Kind(models.TextChoices):
        FIRST = "first", _("Première réponse")
        NEXT = "next", _("Réponse suivante")
        SOLUTION = "solution", pgettext_lazy("sla", "Solution")

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="clocks", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    target = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    paused_since = models.DateTimeField(null=True)
    paused_seconds = models.BigIntegerField(default=0)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    check_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [models.UniqueConstraint(fields=["case", "kind", "started_at"], name="sla_clock_once")]
        indexes = [
            # What is to be told next.
            models.Index("organization", "check_at", "id", name="sla_clock_due", condition=Q(check_at__isnull=False)),
        ]

    def __str__(self):
        return f"{self.case_id} {self.kind}"

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.dropped_at is None
