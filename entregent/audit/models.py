from django.db import models


class Action(models.Model):
    """Something that a person or a job did, by its name: `log_interaction`, `sign_in`, `export_clients`.

    `data` holds what the sentence that tells it needs. Row changes made meanwhile point here.
    """

    at = models.DateTimeField(db_default=models.functions.Now())
    organization_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60, default="")
    subject_id = models.BigIntegerField(null=True)
    client_id = models.BigIntegerField(null=True)
    reason = models.TextField(default="")
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_action"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="audit_action_organization"),
            # The history pane of the client file.
            models.Index(
                fields=["client_id", "-id"], name="audit_action_client", condition=models.Q(client_id__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.name} #{self.pk}"


class Change(models.Model):
    """One row changed: `operation` I, U or D; `before` the whole old row as JSON (None for I).

    What it became is the next change's `before`, or the row as it stands: `history` works out the difference.
    """

    at = models.DateTimeField()
    organization_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    action_id = models.BigIntegerField(null=True)
    table_name = models.CharField(max_length=63)
    operation = models.CharField(max_length=1)
    row_id = models.BigIntegerField()
    client_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)

    class Meta:
        db_table = "audit_change"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="audit_change_organization"),
            models.Index(
                fields=["client_id", "-id"], name="audit_change_client", condition=models.Q(client_id__isnull=False)
            ),
            models.Index(
                fields=["table_name", "row_id"], name="audit_change_row", condition=models.Q(client_id__isnull=True)
            ),
            # What an action changed beside the files of clients: a page of the journal.
            models.Index(
                fields=["action_id"],
                name="audit_change_action",
                condition=models.Q(client_id__isnull=True, action_id__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.operation} {self.table_name} {self.row_id}"
