from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import BusinessObject, Client, Person
from entregent.documents.models import StoredFile
from entregent.interactions.models import Interaction
from entregent.interactions.template_models import RecordTemplate
from entregent.organizations.models import Organization, Team, User


class State(models.TextChoices):
    """The fixed states, the same for all types; each type names sub-statuses within them (R001-29)."""

    NEW = "new", pgettext_lazy("case", "Nouveau")
    IN_PROGRESS = "in_progress", pgettext_lazy("case", "En cours")
    DEFERRED = "deferred", pgettext_lazy("case", "Différé")
    DONE = "done", pgettext_lazy("case", "Terminé")
    CANCELLED = "cancelled", pgettext_lazy("case", "Annulé")
    REJECTED = "rejected", pgettext_lazy("case", "Rejeté")


OPEN_STATES = (State.NEW, State.IN_PROGRESS, State.DEFERRED)
CLOSED_STATES = (State.DONE, State.CANCELLED, State.REJECTED)


class CaseTypeQuerySet(models.QuerySet["CaseType"]):
    def of(self, member):
        return self.filter(organization_id=member.organization_id)

    def offered(self):
        return self.filter(is_active=True)


class CaseType(models.Model):
    """« Type de dossier », the classification: a tree. `path` is the codes from the root (« reclamation/facture »).

    `sub_statuses` is a list of {"code", "state", "fr", "en"}: labels within the fixed states, in order; the first of a
    state is the one that a case gets with the state. `due_rule` is an offset (« 10 working days ») from the opening to
    the due day, "" for none; `warn_days` how many days before it the case is told as soon due. Cases of a confidential
    type start confidential. Of cases of a type `on_portal` the client sees on the portal where they stand. A case made
    of a contact under one of `topics` (codes) is proposed with this type. An inactive type is no longer offered but
    stays displayed.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    code = models.SlugField(_("code"), max_length=40)
    path = models.CharField(max_length=200, editable=False)
    label_fr = models.CharField(_("libellé français"), max_length=80)
    label_en = models.CharField(_("libellé anglais"), max_length=80)
    position = models.IntegerField(_("ordre"), default=100)
    is_active = models.BooleanField(_("proposé"), default=True)
    sub_statuses = models.JSONField(_("sous-statuts"), default=list, blank=True)
    due_rule = models.CharField(_("échéance"), max_length=60, blank=True, default="")
    warn_days = models.IntegerField(_("alerte avant l'échéance (jours)"), default=2)
    is_confidential = models.BooleanField(_("confidentiel"), default=False)
    on_portal = models.BooleanField(_("visible du client sur le portail"), default=False, db_default=False)
    template = models.ForeignKey(
        RecordTemplate, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("modèle de dossier")
    )
    topics = ArrayField(
        models.CharField(max_length=40), verbose_name=_("rubriques"), default=list, blank=True, db_default=[]
    )
    version = models.IntegerField(default=1)

    objects = CaseTypeQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "path"], name="case_type_path_once")]

    def __str__(self):
        return self.label

    @property
    def label(self):
        return self.label_en if get_language() == "en" else self.label_fr

    def count_open(self) -> int:
        """Open cases of the whole organization, up to 10,001: whoever changes a type changes it for all."""
        return Case.objects.filter(case_type=self).open().order_by()[:10_001].count()

    def sub_statuses_of(self, state: str) -> list[dict]:
        return [one for one in self.sub_statuses if one.get("state") == state]

    def sub_status_label(self, code: str) -> str:
        """As it is named now; the code itself where the type no longer has it."""
        for one in self.sub_statuses:
            if one.get("code") == code:
                return one["en" if get_language() == "en" else "fr"] or one["fr"]
        return code


# What the indexes of the open cases hold beside their order.
IN_ORDERS = ("client", "case_type", "team", "responsible", "state")


class CaseQuerySet(ScopedQuerySet["Case"]):
    """Seen with its client. A confidential one is seen by its linked agents, and by those who hold the right to see
    confidential cases of this client; for everybody else it does not exist."""

    path_to_client = "client__"

    def visible_to(self, member, right=Right.CASE_VIEW, *, deleted=False):
        """`deleted` gives those that were deleted, and only those."""
        records = super().visible_to(member, right).filter(deleted_at__isnull=not deleted)
        reach = member.reach
        if reach.gives(Right.CASE_CONFIDENTIAL) and reach.covers(Right.CASE_CONFIDENTIAL, right):
            return records
        own = CaseAgent.objects.filter(case=OuterRef("pk"), user_id=member.user_id)
        known = Q(is_confidential=False) | Q(Exists(own))
        if reach.gives(Right.CASE_CONFIDENTIAL):
            condition = reach.client_condition(Right.CASE_CONFIDENTIAL, "client__")
            known |= condition if condition is not None else Q()
        return records.filter(known)

    def open(self):
        return self.filter(closed_at__isnull=True, deleted_at__isnull=True)


class Case(models.Model):
    """« Dossier »: one matter of a client, and all that belongs to it (R001-23).

    `state` is one of the fixed states, `sub_status` a code of the type's own within it. `closed_at` is set exactly
    while the state is a closing one. `responsible` is who answers for it, `team` which team when it is nobody's yet.
    `automatic_key` tells what the product opened it for (« invoice:88 »): one open case for each. `merged_into`: the
    case that this one became part of. The « affaire » of the existing information system is `external_ref`.
    """

    State = State

    class Priority(models.TextChoices):
        LOW = "low", _("Basse")
        NORMAL = "normal", _("Normale")
        HIGH = "high", _("Haute")

    class Origin(models.TextChoices):
        MANUAL = "manual", _("Manuel")
        AUTOMATIC = "automatic", _("Automatique")
        PORTAL = "portal", _("Portail")
        IMPORT = "import", _("Import")
        API = "api", _("API")

    class ExternalState(models.TextChoices):
        NONE = "none", pgettext_lazy("affaire", "Aucune")
        TO_SEND = "to_send", pgettext_lazy("affaire", "À transmettre")
        SENT = "sent", pgettext_lazy("affaire", "Transmise")
        CONFIRMED = "confirmed", pgettext_lazy("affaire", "Confirmée")
        FAILED = "failed", pgettext_lazy("affaire", "En erreur")

    organization = models.ForeignKey(Organization, models.CASCADE)
    number = models.BigIntegerField(_("n°"))
    client = models.ForeignKey(Client, models.PROTECT, related_name="cases")
    case_type = models.ForeignKey(
        CaseType, models.PROTECT, verbose_name=_("type de dossier"), related_name="+", db_index=False
    )
    title = models.CharField(_("intitulé"), max_length=200)
    # How the client reads it on the portal; "" is the label of the type.
    public_title = models.CharField(
        _("intitulé vu par le client"), max_length=200, blank=True, default="", db_default=""
    )
    state = models.CharField(_("état"), max_length=12, choices=State, default=State.NEW)
    sub_status = models.CharField(_("sous-statut"), max_length=40, blank=True, default="")
    priority = models.CharField(_("priorité"), max_length=10, choices=Priority, default=Priority.NORMAL)
    opened_at = models.DateTimeField(_("ouvert le"), db_default=Now())
    due_on = models.DateField(_("échéance"), null=True, blank=True)
    closed_at = models.DateTimeField(_("clos le"), null=True)
    closing_reason = models.CharField(_("motif de clôture"), max_length=200, blank=True, default="")
    responsible = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("responsable")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("équipe"), db_index=False
    )
    origin = models.CharField(_("origine"), max_length=10, choices=Origin, default=Origin.MANUAL)
    is_confidential = models.BooleanField(_("confidentiel"), default=False)
    contract = models.ForeignKey(
        BusinessObject, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("contrat")
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children", verbose_name=_("dossier parent")
    )
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged", editable=False)
    external_ref = models.CharField(_("affaire"), max_length=80, blank=True, default="")
    external_state = models.CharField(max_length=10, choices=ExternalState, default=ExternalState.NONE)
    # The next promise that falls due (`sla_models`), while the case does not wait for the client.
    sla_due_at = models.DateTimeField(_("échéance SLA"), null=True, editable=False)
    automatic_key = models.CharField(max_length=120, blank=True, default="")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    version = models.IntegerField(default=1)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="case_number_once"),
            models.CheckConstraint(
                condition=Q(state__in=[*OPEN_STATES], closed_at__isnull=True)
                | Q(state__in=[*CLOSED_STATES], closed_at__isnull=False),
                name="case_closed_with_its_day",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="case_not_its_own_parent"),
            # A dunning case is unique per unpaid invoice (invariant 15).
            models.UniqueConstraint(
                fields=["organization", "automatic_key"],
                condition=~Q(automatic_key="") & Q(closed_at__isnull=True, deleted_at__isnull=True),
                name="case_open_once_for_its_key",
            ),
        ]
        indexes = [
            # The pane of the client file and the pickers: those of one client.
            models.Index(
                fields=["client", "-opened_at", "-id"],
                include=["organization", "is_confidential"],
                name="case_of_client",
                condition=Q(deleted_at__isnull=True),
            ),
            # The list of all cases, newest first; the client tells who reaches few what to pass.
            models.Index(
                fields=["organization", "-opened_at", "-id"],
                include=["client"],
                name="case_by_opening",
                condition=Q(deleted_at__isnull=True),
            ),
            # The list by due day; and the number, by which it is found.
            models.Index(
                fields=["organization", "due_on", "id"],
                include=["client", "state"],
                name="case_by_due_day",
                condition=Q(deleted_at__isnull=True),
            ),
            # By the next promise that falls due: the column, and what is late.
            models.Index(
                fields=["organization", "sla_due_at", "id"],
                include=["client", "state"],
                name="case_by_sla",
                condition=Q(deleted_at__isnull=True),
            ),
            # The open ones in each order, with all that lists of them are asked by: the index alone tells what to pass.
            models.Index(
                fields=["organization", "-opened_at", "-id"],
                include=[*IN_ORDERS, "due_on", "sla_due_at"],
                name="case_open_by_opening",
                condition=Q(closed_at__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(
                fields=["organization", "due_on", "id"],
                include=[*IN_ORDERS, "sla_due_at"],
                name="case_open_by_day",
                condition=Q(closed_at__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(
                fields=["organization", "sla_due_at", "id"],
                include=[*IN_ORDERS, "due_on"],
                name="case_open_by_promise",
                condition=Q(closed_at__isnull=True, deleted_at__isnull=True),
            ),
            # « Mes dossiers ouverts », by due day.
            models.Index(
                "organization",
                "responsible",
                "due_on",
                "id",
                name="case_open_of_responsible",
                condition=Q(closed_at__isnull=True, deleted_at__isnull=True),
            ),
            # The open cases of a team, by due day.
            models.Index(
                "team",
                "due_on",
                "id",
                name="case_open_of_team",
                condition=Q(team__isnull=False, closed_at__isnull=True, deleted_at__isnull=True),
            ),
            # By state, newest first: « nouveaux », « en cours »…
            models.Index(
                "organization",
                "state",
                F("opened_at").desc(),
                F("id").desc(),
                name="case_by_state",
                condition=Q(deleted_at__isnull=True),
            ),
            # By classification, newest first.
            models.Index(
                "case_type",
                F("opened_at").desc(),
                F("id").desc(),
                name="case_by_type",
                condition=Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.number}"

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def status_label(self) -> str:
        """« Nouveau · À valider »."""
        label = str(State(self.state).label)
        return f"{label} · {self.case_type.sub_status_label(self.sub_status)}" if self.sub_status else label


class CaseParticipant(models.Model):
    """« Interlocuteur lié » of a case: a client or a person, with their role. A set: no pair twice."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="participants")
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, person__isnull=True) | Q(client__isnull=True, person__isnull=False),
                name="case_participant_one_of_two",
            ),
            models.UniqueConstraint(
                fields=["case", "client"], condition=Q(client__isnull=False), name="case_participant_client_once"
            ),
            models.UniqueConstraint(
                fields=["case", "person"], condition=Q(person__isnull=False), name="case_participant_person_once"
            ),
        ]

    def __str__(self):
        return f"{self.case_id}: {self.client_id or self.person_id}"


class CaseAgent(models.Model):
    """« Agent lié » of a case: one émetteur, who cannot be removed (none where the product opened it); any number of
    responsibles and participants. Whoever stands here sees the case even when it is confidential."""

    class Role(models.TextChoices):
        ORIGINATOR = "originator", _("Émetteur")
        RESPONSIBLE = "responsible", _("Responsable")
        PARTICIPANT = "participant", _("Participant")

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="agents")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "user"], name="case_agent_once"),
            models.UniqueConstraint(fields=["case"], condition=Q(role="originator"), name="case_one_originator"),
        ]

    def __str__(self):
        return f"{self.case_id}: {self.user_id}"


class CaseObject(models.Model):
    """« Objet »: a business object that the case is about, of its client or of one of its participants."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="objects_linked")
    object = models.ForeignKey(BusinessObject, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["case", "object"], name="case_object_once")]

    def __str__(self):
        return f"{self.case_id}: {self.object_id}"


class CaseInteraction(models.Model):
    """A contact in a case; one contact may stand in several.

    `added` says which rows came into the case with it ({"participants": [ids], "agents": …, "objects": …,
    "documents": …}), so that taking it out again takes away these and nothing else. `is_first`: the case was opened
    from it.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="contacts")
    interaction = models.ForeignKey(Interaction, models.CASCADE, related_name="in_cases")
    is_first = models.BooleanField(default=False)
    added = models.JSONField(default=dict)
    attached_at = models.DateTimeField(db_default=Now())
    attached_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["case", "interaction"], name="case_interaction_once")]

    def __str__(self):
        return f"{self.case_id}: {self.interaction_id}"


class CaseLink(models.Model):
    """Two cases that have to do with each other; the one with the smaller id is `case`."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="links")
    other = models.ForeignKey(Case, models.CASCADE, related_name="links_back")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "other"], name="case_link_once"),
            models.CheckConstraint(condition=Q(case__lt=F("other")), name="case_link_in_order"),
        ]

    def __str__(self):
        return f"{self.case_id} – {self.other_id}"


class CaseLogEntry(models.Model):
    """A line of the case's own timeline: a note that somebody wrote, or what happened to the case.

    `data` holds what a kind tells: from, to, sub_status and reason of a state; the number of the other case of a
    merge or a split. Nothing here ever leaves the organization.
    """

    class Kind(models.TextChoices):
        NOTE = "note", pgettext_lazy("case", "Note")
        OPENED = "opened", pgettext_lazy("case", "Ouverture")
        STATE = "state", pgettext_lazy("case", "Changement d'état")
        MERGE = "merge", pgettext_lazy("case", "Fusion")
        SPLIT = "split", pgettext_lazy("case", "Séparation")
        SYSTEM = "system", pgettext_lazy("case", "Plan d'action")

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="log")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.NOTE)
    text = models.TextField(_("note"), max_length=20000, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index("case", F("created_at").desc(), F("id").desc(), name="case_log_in_order")]

    def __str__(self):
        return f"{self.case_id}: {self.kind}"


class CaseTask(models.Model):
    """A line of the checklist of a case. What belongs to a plan of action is a step there, not a line here."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="tasks")
    text = models.CharField(_("tâche"), max_length=200)
    position = models.IntegerField(default=0)
    due_on = models.DateField(_("échéance"), null=True, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["position", "id"]

    def __str__(self):
        return self.text


class CaseReminder(models.Model):
    """« Rappel »: tells `user` on a day to come back to a case, or to a contact. `told_at`: the notification left."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, null=True, blank=True, related_name="reminders")
    interaction = models.ForeignKey(Interaction, models.CASCADE, null=True, blank=True, related_name="reminders")
    on = models.DateField(_("date du rappel"))
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("pour"))
    text = models.CharField(_("rappel"), max_length=200, blank=True, default="")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False, interaction__isnull=True)
                | Q(case__isnull=True, interaction__isnull=False),
                name="case_reminder_of_one",
            )
        ]
        indexes = [
            # What is to be told today.
            models.Index(
                "organization",
                "on",
                "id",
                name="case_reminder_to_tell",
                condition=Q(told_at__isnull=True, done_at__isnull=True),
            )
        ]

    def __str__(self):
        return f"{self.on}: {self.text}"


class KeptDocuments(models.Manager["CaseDocument"]):
    """Those that nobody has taken off their case."""

    def get_queryset(self):
        return super().get_queryset().filter(removed_at__isnull=True)


class CaseDocument(models.Model):
    """A document of a case: a letter or mail that was made, or a file that came. Who sees the case may read it. One
    that was taken off the case (`removed_at`) is seen by nobody until it is put back.

    A newer version of a document names the first one in `version_of`. `step_id` is the step of the plan that made it
    (plans stand above: no foreign key).
    """

    class Kind(models.TextChoices):
        LETTER = "letter", _("Courrier")
        ATTACHMENT = "attachment", pgettext_lazy("case", "Pièce jointe")
        MAIL = "mail", _("Courriel")

    organization = models.ForeignKey(Organization, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE, related_name="documents")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ATTACHMENT)
    title = models.CharField(_("intitulé"), max_length=200)
    version_of = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="newer")
    step_id = models.BigIntegerField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    objects = KeptDocuments()
    with_removed: "models.Manager[CaseDocument]" = models.Manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["case", "file"], name="case_document_once")]
        indexes = [models.Index("case", F("created_at").desc(), F("id").desc(), name="case_document_in_order")]

    def __str__(self):
        return self.title


class CaseMerge(models.Model):
    """A case became part of another. `moved` names the rows that went over and those that were added, by table, and
    what the loser was before, so that it can be undone."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    winner = models.ForeignKey(Case, models.CASCADE, related_name="merges_won")
    loser = models.ForeignKey(Case, models.CASCADE, related_name="merges_lost")
    moved = models.JSONField(default=dict)
    merged_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["loser"], condition=Q(undone_at__isnull=True), name="case_merged_once")
        ]

    def __str__(self):
        return f"{self.loser_id} → {self.winner_id}"


class CaseWords(models.Model):
    """The words by which a case is found (`search.sql` writes them, `search.py` asks).

    Without row-level security, which would hide its index: whoever asks names the organization and reads what was
    found through `visible_to`. Without a foreign key: the trigger removes the row.
    """

    case_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    words = SearchVectorField()

    class Meta:
        db_table = "cases_words"
        indexes = [GinIndex(fields=["organization_id", "words"], name="cases_words_found")]

    def __str__(self):
        return f"{self.case_id}"


class PublishedCase(models.Model):
    """What a client may see of a case: a view of the database (`publication.sql`), and all that the portal reads.

    A case stands in it while its type is `on_portal`, it is not confidential, not deleted and not merged into another.
    Its own title, its sub-status, its due day, its agents and whatever was noted are no columns of it.
    """

    case_id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    client_id = models.BigIntegerField()
    number = models.BigIntegerField()
    title = models.CharField(max_length=200)
    type_fr = models.CharField(max_length=80)
    type_en = models.CharField(max_length=80)
    state = models.CharField(max_length=12, choices=State)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # The people of the client who take part: where there are some, it is theirs.
    person_ids = ArrayField(models.BigIntegerField())

    class Meta:
        managed = False
        db_table = "cases_publishedcase"
        ordering = ["-opened_at", "-case_id"]

    def __str__(self):
        return f"{self.number}"

    @property
    def type_label(self) -> str:
        return self.type_en if get_language() == "en" else self.type_fr

    @property
    def shown_title(self) -> str:
        return self.title or self.type_label

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


class PublishedContact(models.Model):
    """Which conversations belong to a published case: a view too. What of them is published, `interactions` says."""

    id = models.BigIntegerField(primary_key=True)
    organization_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    interaction_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "cases_publishedcontact"

    def __str__(self):
        return f"{self.case_id}: {self.interaction_id}"
