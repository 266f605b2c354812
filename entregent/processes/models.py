from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.cases.models import Case, CaseAgent
from entregent.clients.models import Client
from entregent.interactions.models import Interaction
from entregent.organizations.models import Organization, Team, User


class ProcessDefinition(models.Model):
    """« Processus »: what a plan of action is made from. What holds is in its versions; `live` is the one that starts.

    `subjects`, `case_types`, `topics` and `events` say where the live version is offered and what starts it: copies of
    what stands in its body, for the questions that ask many definitions at once.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=60)
    name_fr = models.CharField(_("nom français"), max_length=120)
    name_en = models.CharField(_("nom anglais"), max_length=120, blank=True, default="")
    live = models.ForeignKey("ProcessVersion", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    is_active = models.BooleanField(_("proposé"), default=True)
    subjects = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    case_types = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    topics = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    events = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name_fr", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="process_code_once")]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return (self.name_en or self.name_fr) if get_language() == "en" else (self.name_fr or self.name_en)


class ProcessVersion(models.Model):
    """One version of a process. A draft is edited; once live its body never changes, and `sha256` says so.

    At most one draft and one live version for each definition. A retired one goes on for the plans that run on it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("process", "Brouillon")
        LIVE = "live", pgettext_lazy("process", "En service")
        RETIRED = "retired", pgettext_lazy("process", "Retirée")

    organization = models.ForeignKey(Organization, models.CASCADE)
    definition = models.ForeignKey(ProcessDefinition, models.CASCADE, related_name="versions")
    number = models.IntegerField(_("version"))
    body = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(_("état"), max_length=8, choices=State, default=State.DRAFT)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    published_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="process_version_number_once"),
            models.UniqueConstraint(
                fields=["definition"], condition=Q(state="draft"), name="process_version_one_draft"
            ),
            models.UniqueConstraint(fields=["definition"], condition=Q(state="live"), name="process_version_one_live"),
        ]

    def __str__(self):
        return f"{self.definition_id} v{self.number}"


class OfCases(ScopedQuerySet):
    """Seen with the client; what hangs on a confidential case, by whoever sees that case."""

    path_to_run = ""

    def visible_to(self, member, right=Right.CASE_VIEW):
        records = super().visible_to(member, right)
        run = self.path_to_run
        records = records.filter(Q(**{f"{run}case__isnull": True}) | Q(**{f"{run}case__deleted_at__isnull": True}))
        reach = member.reach
        if reach.gives(Right.CASE_CONFIDENTIAL) and reach.covers(Right.CASE_CONFIDENTIAL, right):
            return records
        own = CaseAgent.objects.filter(case=OuterRef(f"{run}case_id"), user_id=member.user_id)
        known = Q(**{f"{run}case__isnull": True}) | Q(**{f"{run}case__is_confidential": False}) | Q(Exists(own))
        if reach.gives(Right.CASE_CONFIDENTIAL):
            condition = reach.client_condition(Right.CASE_CONFIDENTIAL, self.path_to_client)
            known |= condition if condition is not None else Q()
        return records.filter(known)


class ProcessRunQuerySet(OfCases):
    path_to_client = "client__"

    def open(self):
        """Neither done nor abandoned."""
        return self.filter(state__in=ProcessRun.OPEN)


class ProcessRun(models.Model):
    """« Plan d'action »: a process that runs for a case or for an interaction of a client.

    It stays on its version until somebody migrates it. `facts` is what it started with. `start_key` says what it was
    started for (« invoice:88 »): one open plan for each. While it is paused (waiting for the client) its clocks stand.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("plan", "En cours")
        WAITING = "waiting", pgettext_lazy("plan", "En attente")
        DONE = "done", pgettext_lazy("plan", "Terminé")
        ABANDONED = "abandoned", pgettext_lazy("plan", "Abandonné")
        FAILED = "failed", pgettext_lazy("plan", "En erreur")

    OPEN = (State.RUNNING, State.WAITING, State.FAILED)

    organization = models.ForeignKey(Organization, models.CASCADE)
    definition = models.ForeignKey(ProcessDefinition, models.PROTECT, related_name="runs", db_index=False)
    process_version = models.ForeignKey(ProcessVersion, models.PROTECT, related_name="runs", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="runs", db_index=False)
    interaction = models.ForeignKey(Interaction, models.CASCADE, null=True, related_name="runs", db_index=False)
    client = models.ForeignKey(Client, models.PROTECT, related_name="process_runs", db_index=False)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.RUNNING)
    facts = models.JSONField(default=dict, blank=True)
    start_key = models.CharField(max_length=120, blank=True, default="")
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    why_ended = models.CharField(_("motif"), max_length=200, blank=True, default="")
    version = models.IntegerField(default=1)

    objects = ProcessRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False) | Q(interaction__isnull=False), name="run_of_case_or_interaction"
            ),
            # The same process cannot run twice at once on one case (E-001-PROCESS-DUP).
            models.UniqueConstraint(
                fields=["case", "definition"],
                condition=Q(state__in=["running", "waiting", "failed"], case__isnull=False),
                name="run_once_on_a_case",
            ),
            models.UniqueConstraint(
                fields=["interaction", "definition"],
                condition=Q(state__in=["running", "waiting", "failed"], case__isnull=True),
                name="run_once_on_an_interaction",
            ),
            models.UniqueConstraint(
                fields=["organization", "start_key"],
                condition=Q(state__in=["running", "waiting", "failed"]) & ~Q(start_key=""),
                name="run_once_for_its_key",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", paused_at__isnull=False)
                | (~Q(state="waiting") & Q(paused_at__isnull=True)),
                name="run_paused_while_waiting",
            ),
        ]
        indexes = [
            models.Index("case", F("started_at").desc(), name="run_of_case", condition=Q(case__isnull=False)),
            models.Index(
                "interaction", F("started_at").desc(), name="run_of_interaction",
                condition=Q(interaction__isnull=False),
            ),
            models.Index("client", F("started_at").desc(), name="run_of_client"),
            models.Index("organization", F("started_at").desc(), F("id").desc(), name="run_by_start"),
            # Those that wait for the client.
            models.Index("organization", "id", name="run_waiting", condition=Q(state="waiting")),
            # How many run on which version: before a publication and for a migration.
            models.Index(
                "definition", "process_version", "id", name="run_open_of_definition",
                condition=Q(state__in=["running", "waiting", "failed"]),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class ProcessStepQuerySet(OfCases):
    path_to_client = "client__"
    path_to_run = "run__"

    def current(self):
        """What somebody or something is to do now, of plans that run."""
        return self.filter(state=ProcessStep.State.READY, run__state=ProcessRun.State.RUNNING)


class ProcessStep(models.Model):
    """« Étape »: one row for each step of a plan from its launch on, and for each further attempt at it.

    `form`: somebody fills it in; `do`: the product acts; `wait`: time or an event is waited for. `data` is what was
    entered or made. `client` is the plan's, kept by a trigger: an index tells by it what is out of a member's reach.
    `due_at` of a step to come is known where it is counted from a day that is known. `wait_key` says
    which event a waiting step is woken by. `public_fr`, `public_en`: how the client reads it on the portal, "" where it
    stays inside; one that `awaits_client` waits for their answer. What a migration or a send-back leaves behind is kept
    (`sent_back`).
    """

    class Kind(models.TextChoices):
        FORM = "form", _("Saisie")
        DO = "do", _("Action")
        WAIT = "wait", _("Attente")

    class State(models.TextChoices):
        COMING = "coming", pgettext_lazy("step", "À venir")
        READY = "ready", pgettext_lazy("step", "À faire")
        DONE = "done", pgettext_lazy("step", "Faite")
        SKIPPED = "skipped", pgettext_lazy("step", "Passée")
        FAILED = "failed", pgettext_lazy("step", "En erreur")
        SENT_BACK = "sent_back", pgettext_lazy("step", "Renvoyée")

    ACTIVE = (State.READY, State.FAILED)
    SETTLED = (State.DONE, State.SKIPPED)

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    run = models.ForeignKey(ProcessRun, models.CASCADE, related_name="steps", db_index=False)
    client = models.ForeignKey(Client, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    key = models.CharField(max_length=60)
    attempt = models.IntegerField(default=1)
    position = models.IntegerField()
    kind = models.CharField(max_length=4, choices=Kind)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.COMING)
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True, default="")
    public_fr = models.CharField(max_length=200, blank=True, default="", db_default="")
    public_en = models.CharField(max_length=200, blank=True, default="", db_default="")
    awaits_client = models.BooleanField(default=False, db_default=False)
    assignee = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("pour")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("équipe")
    )
    ready_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("échéance"), null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict, blank=True)
    why_skipped = models.CharField(max_length=300, blank=True, default="")
    wait_key = models.CharField(max_length=300, blank=True, default="")
    is_ad_hoc = models.BooleanField(default=False)
    version = models.IntegerField(default=1)

    objects = ProcessStepQuerySet.as_manager()

    class Meta:
        ordering = ["position", "attempt", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "key", "attempt"], name="step_attempt_once")]
        indexes = [
            # The timeline of a plan.
            models.Index("run", "position", "attempt", name="step_of_run"),
            # « Mon travail » and « Équipe »: what is to do, what is due first at the top.
            models.Index(
                "organization", "assignee", "due_at", "id", name="step_of_assignee",
                condition=Q(state__in=["ready", "failed"], assignee__isnull=False),
            ),
            models.Index(
                fields=["organization", "team", "due_at", "id"], include=["client", "assignee"], name="step_of_teams",
                condition=Q(state__in=["ready", "failed"], team__isnull=False),
            ),
            # What everybody has to do, and what nobody has taken: for those who lead.
            models.Index(
                fields=["organization", "due_at", "id"], include=["client", "team", "assignee"], name="step_to_be_done",
                condition=Q(state__in=["ready", "failed"]),
            ),
            # What somebody has done, the last one first.
            models.Index(
                "organization", "done_by", F("done_at").desc(), F("id").desc(), name="step_done_by",
                condition=Q(state="done", done_by__isnull=False),
            ),
            # Which plans an event wakes.
            models.Index(
                "organization", "wait_key", name="step_waiting_for", condition=Q(state="ready") & ~Q(wait_key="")
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.run_id}: {self.key}"

    @property
    def name(self) -> str:
        return (self.name_en or self.name_fr) if get_language() == "en" else (self.name_fr or self.name_en)

    @property
    def is_settled(self) -> bool:
        return self.state in self.SETTLED


class StepComment(models.Model):
    """What somebody noted on a step: read by the staff alone."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    step = models.ForeignKey(ProcessStep, models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("commentaire"), max_length=2000)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self):
        return f"{self.step_id}"


class ProcessJob(models.Model):
    """What the product does for a step when its time comes: an action, a reminder, what follows lateness, a wait's end.

    One for each (step, kind, index), so nothing is done twice: what it does and that it is done are one transaction.
    `held`: the plan is paused. A failed try waits longer each time; after the last the step has failed.
    """

    class Kind(models.TextChoices):
        ACTION = "action", _("Action")
        REMIND = "remind", _("Rappel")
        LATE = "late", _("Retard")
        WAIT = "wait", _("Attente")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("process job", "En attente")
        HELD = "held", pgettext_lazy("process job", "Suspendu")
        DONE = "done", pgettext_lazy("process job", "Fait")
        FAILED = "failed", pgettext_lazy("process job", "Échoué")
        CANCELLED = "cancelled", pgettext_lazy("process job", "Annulé")

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    run = models.ForeignKey(ProcessRun, models.CASCADE, related_name="jobs", db_index=False)
    step = models.ForeignKey(ProcessStep, models.CASCADE, related_name="jobs", db_index=False)
    kind = models.CharField(max_length=6, choices=Kind)
    index = models.IntegerField(default=0)
    run_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    tries = models.IntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run_at", "id"]
        constraints = [models.UniqueConstraint(fields=["step", "kind", "index"], name="process_job_once")]
        indexes = [
            # What is due.
            models.Index("organization", "run_at", "id", name="process_job_due", condition=Q(state="waiting")),
            models.Index("run", name="process_job_of_run", condition=Q(state__in=["waiting", "held", "failed"])),
        ]

    def __str__(self):
        return f"{self.step_id}: {self.kind} {self.index}"


class ScheduledStart(models.Model):
    """A period in which a process starts plans by itself (« 2026-11 »): how far it is, and when it was done."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    definition = models.ForeignKey(ProcessDefinition, models.CASCADE, related_name="scheduled_starts", db_index=False)
    period = models.CharField(max_length=20)
    after_id = models.BigIntegerField(default=0)
    begun = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["definition", "period"], name="scheduled_once_in_its_period")]

    def __str__(self):
        return f"{self.definition_id}: {self.period}"


class PublishedStep(models.Model):
    """What a client may see of the steps of their cases: a view of the database (`publication.sql`). A step without a
    name for the client, a step that was skipped or sent back and a plan that was abandoned do not stand in it."""

    class Stage(models.TextChoices):
        DONE = "done", pgettext_lazy("portal", "Fait")
        CURRENT = "current", pgettext_lazy("portal", "En cours")
        COMING = "coming", pgettext_lazy("portal", "À venir")

    step_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    run_id = models.BigIntegerField()
    position = models.IntegerField()
    name_fr = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    stage = models.CharField(max_length=8, choices=Stage)
    is_awaited = models.BooleanField()
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "processes_publishedstep"
        ordering = ["run_id", "position", "step_id"]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return (self.name_en or self.name_fr) if get_language() == "en" else (self.name_fr or self.name_en)


class PublishedPause(models.Model):
    """Plans of published cases that are paused for the client: a view too. Those of a deferred case wait for others."""

    run_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    paused_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "processes_publishedpause"

    def __str__(self):
        return f"{self.case_id}"
