from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Job(models.Model):
    """A piece of bulk work: who asked for what, how far it is, how it ended.

    `kind` names the function that does it (`jobs.registry`), `data` what it needs. `done` counts the rows of finished
    chunks; each chunk, its rows and `done` are written in one transaction, so a killed worker loses and doubles none.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("En attente")
        RUNNING = "running", pgettext_lazy("job", "En cours")
        DONE = "done", _("Terminée")
        FAILED = "failed", _("Échouée")
        CANCELLED = "cancelled", _("Annulée")

    organization_id = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    label = models.CharField(max_length=200, default="", blank=True)
    initiator_id = models.BigIntegerField(null=True)
    initiator_name = models.CharField(max_length=120, default="", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    phase = models.CharField(max_length=40, default="", blank=True)
    total = models.BigIntegerField(null=True)
    done = models.BigIntegerField(default=0)
    data = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)
    cancel_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "jobs_job"
        ordering = ["-id"]
        indexes = [models.Index("organization_id", models.F("id").desc(), name="job_of_organization")]

    def __str__(self):
        return f"{self.kind} #{self.pk}"

    @property
    def is_over(self):
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)


class JobRow(models.Model):
    """One record of a change of many: what became of it, and why. Written down when the job begins, so that the job
    changes those that the selection held then, whatever the change itself does to the filter."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job row", "à traiter")
        CHANGED = "changed", pgettext_lazy("job row", "modifié")
        UNCHANGED = "unchanged", pgettext_lazy("job row", "inchangé")
        REFUSED = "refused", pgettext_lazy("job row", "refusé")

    organization_id = models.BigIntegerField()
    job = models.ForeignKey(Job, models.CASCADE, related_name="rows")
    subject_id = models.BigIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.WAITING, db_default=Verdict.WAITING)
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["job", "subject_id"], name="job_row_once")]
        indexes = [models.Index(fields=["job", "verdict", "id"], name="job_rows_by_verdict")]

    def __str__(self):
        return f"{self.job_id}/{self.subject_id}"
