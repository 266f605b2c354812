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
