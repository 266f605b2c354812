from django.db import models
from django.db.models.functions import Now

from entregent.organizations.extension_points import Board
from entregent.organizations.models import Organization, User


class Layout(models.Model):
    """How somebody arranged a dashboard. Without a user: how administrators arranged it for everybody.

    `placements` is a list of {"code": portlet, "choice": "" or which one, "width": 4, 6 or 12}, in reading order.
    Where there is no row, the dashboard stands as the role has it.
    """

    BOARDS = [(board.value, board.value) for board in Board]

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    board = models.CharField(max_length=10, choices=BOARDS)
    placements = models.JSONField(default=list)
    updated_at = models.DateTimeField(db_default=Now())
    updated_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "board"], nulls_distinct=False, name="layout_of_a_dashboard_once"
            )
        ]

    def __str__(self):
        return f"{self.board} of {self.user_id or 'everybody'}"


class Figure(models.Model):
    """What a portlet counted, and when: kept for all members who reach the same (`reach`), shown with its time."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    portlet = models.CharField(max_length=40)
    reach = models.CharField(max_length=64)
    value = models.JSONField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "portlet", "reach"], name="figure_of_a_reach_once")
        ]

    def __str__(self):
        return f"{self.portlet} at {self.measured_at}"
