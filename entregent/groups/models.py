"""Groups of clients, who works with them, and the requests by which they change (requirements.md §3.2, R002-01 to -43).

Who reaches what is told by `organizations.Grant` (scope « group ») and by the marks of clients (`clients.reach`): both
are brought in line with these tables in the transaction in which a request takes effect (`effects.take_effect`).
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Role
from entregent.clients.models import Client
from entregent.jobs.models import Job
from entregent.organizations.models import Membership, Organization, User
from entregent.relationships.models import ACCOUNT_ROLES
from entregent.toolbox.text import one_line, without_accents

NAME_MOST = 100

# Roles in a group, in the words of the source; an administrator reaches all clients anyway (R002-18).
GROUP_ROLES = {role: ACCOUNT_ROLES[role] for role in (Role.MANAGER, Role.EDITOR, Role.READER)}
_ROLE_CHOICES = [(role.value, label) for role, label in GROUP_ROLES.items()]


def name_key(name: str) -> str:
    """What two names have in common that are one name (R002-05): neither spaces nor case nor accents make another."""
    return one_line(without_accents(name)).casefold()


class GroupQuerySet(models.QuerySet["ClientGroup"]):
    def of(self, organization: Organization):
        return self.filter(organization_id=organization.pk)

    def live(self):
        return self.filter(deleted_at__isnull=True)


class ClientGroup(models.Model):
    """« Groupe de clients ». Its name is its own for ever: that of a deleted group is not given again.

    `rule`: the conditions of a saved filter that says which clients are in it (None: somebody chooses them one by one).
    `member_count` and `program_count` (accounts of programs that its clients let act for) are kept by triggers.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    name = models.CharField(_("nom"), max_length=NAME_MOST)
    name_key = models.CharField(max_length=2 * NAME_MOST, editable=False)
    rule = models.JSONField(null=True, blank=True)
    member_count = models.IntegerField(default=0)
    program_count = models.IntegerField(default=0, db_default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["name_key", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name_key"], name="group_name_once"),
            models.CheckConstraint(condition=Q(member_count__gte=0), name="group_members_counted"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_live(self) -> bool:
        return self.deleted_at is None


class GroupMemberQuerySet(models.QuerySet["GroupMember"]):
    def live(self):
        return self.filter(left_at__isnull=True)


class GroupMember(models.Model):
    """A client in a group, from a moment on, until another. In one group at a time (R002-11)."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    group = models.ForeignKey(ClientGroup, models.CASCADE, related_name="members", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True, blank=True)

    objects = GroupMemberQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "client"], condition=Q(left_at__isnull=True), name="group_of_client_once"
            )
        ]
        indexes = [
            models.Index("group", "client", condition=Q(left_at__isnull=True), name="group_members"),
            models.Index("group", condition=Q(left_at__isnull=False), name="group_former_members"),
        ]

    def __str__(self):
        return f"{self.group_id}: {self.client_id}"


class AssignmentQuerySet(models.QuerySet["GroupAssignment"]):
    def live(self):
        return self.filter(ended_at__isnull=True)


class GroupAssignment(models.Model):
    """An employee who works with the clients of a group, in a role of its own (R002-20); the accesses follow it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    group = models.ForeignKey(ClientGroup, models.CASCADE, related_name="assignments", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    role = models.CharField(_("rôle"), max_length=10, choices=_ROLE_CHOICES)
    since = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "user"], condition=Q(ended_at__isnull=True), name="group_assignment_once"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in GROUP_ROLES]), name="group_assignment_role"
            ),
        ]
        indexes = [
            models.Index("organization", "user", condition=Q(ended_at__isnull=True), name="groups_of_employee"),
        ]

    def __str__(self):
        return f"{self.group_id}: {self.user_id} {self.role}"


class RequestQuerySet(models.QuerySet["ProcessingRequest"]):
    def of(self, organization: Organization):
        return self.filter(organization_id=organization.pk)

    def open(self):
        return self.filter(state__in=ProcessingRequest.OPEN)

    def visible_to(self, member: Membership):
        """Whoever manages groups sees all of them (R002-25)."""
        return self.filter(organization_id=member.organization_id)


class ProcessingRequest(models.Model):
    """« Demande de traitement »: one change of groups, from what was asked to what became of it (R002-24 to -28).

    Nothing holds before it has taken effect; a second one for the same group waits until then. `initiated_by` is None
    for what the product does by itself (« Système »). `failure` says why it failed: {"code": …, "message": …, and
    whatever names it}.
    """

    class Operation(models.TextChoices):
        CREATE = "create", pgettext_lazy("request", "Création")
        UPDATE = "update", pgettext_lazy("request", "Mise à jour")
        DELETE = "delete", pgettext_lazy("request", "Suppression")
        ASSIGN = "assign", pgettext_lazy("request", "Accès des employés")
        EXPIRE = "expire", pgettext_lazy("request", "Expiration")
        RULE = "rule", pgettext_lazy("request", "Application d'une règle")
        IMPORT = "import", pgettext_lazy("request", "Import")

    class State(models.TextChoices):
        WAITING = "waiting", _("En attente")
        RUNNING = "running", pgettext_lazy("job", "En cours")
        FAILED = "failed", _("Échouée")
        DONE = "done", _("Terminée")
        CANCELLED = "cancelled", _("Annulée")

    OPEN = (State.WAITING.value, State.RUNNING.value)

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    number = models.IntegerField(_("n°"))
    operation = models.CharField(_("opération"), max_length=10, choices=Operation)
    group = models.ForeignKey(ClientGroup, models.CASCADE, null=True, blank=True, related_name="requests")
    group_name = models.CharField(_("groupe"), max_length=NAME_MOST)
    initiated_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    initiated_by_name = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.WAITING)
    payload = models.JSONField(default=dict, blank=True)
    total = models.IntegerField(default=0)
    staged = models.IntegerField(default=0)
    failure = models.JSONField(null=True, blank=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    undoes = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="undone_by")
    version = models.IntegerField(default=1)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="processing_request_number"),
            models.UniqueConstraint(
                fields=["group"], condition=Q(state__in=["waiting", "running"]), name="processing_request_open_once"
            ),
        ]
        indexes = [models.Index("organization", F("id").desc(), name="processing_requests_in_order")]

    def __str__(self):
        return f"{self.number}: {self.operation} {self.group_name}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class ProcessingRow(models.Model):
    """What a request means for one client, or for one employee, and what becomes of it."""

    class Change(models.TextChoices):
        ADD = "add", pgettext_lazy("group change", "Ajout")
        REMOVE = "remove", pgettext_lazy("group change", "Retrait")
        ROLE = "role", pgettext_lazy("group change", "Rôle")

    class Result(models.TextChoices):
        OK = "ok", pgettext_lazy("group change", "Fait")
        UNAVAILABLE = "unavailable", pgettext_lazy("group change", "N'est plus disponible")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    request = models.ForeignKey(ProcessingRequest, models.CASCADE, related_name="rows", db_index=False)
    position = models.IntegerField()
    client = models.ForeignKey(Client, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_index=False)
    change = models.CharField(max_length=10, choices=Change)
    role_before = models.CharField(max_length=10, blank=True, default="")
    role_after = models.CharField(max_length=10, blank=True, default="")
    result = models.CharField(max_length=12, choices=Result, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "client"], condition=Q(client__isnull=False), name="processing_row_client_once"
            ),
            models.UniqueConstraint(
                fields=["request", "user"], condition=Q(user__isnull=False), name="processing_row_user_once"
            ),
        ]
        indexes = [models.Index("request", "position", name="processing_rows_in_order")]

    def __str__(self):
        return f"{self.request_id}/{self.position}"


from entregent.groups.draft_models import Draft, DraftRow  # noqa: E402  their tables stand on those above

__all__ = [
    "GROUP_ROLES", "NAME_MOST", "ClientGroup", "Draft", "DraftRow", "GroupAssignment", "GroupMember",
    "ProcessingRequest", "ProcessingRow", "name_key",
]  # fmt: skip
