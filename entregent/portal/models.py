from django.db import models

from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import Organization


class PortalThread(models.Model):
    """How far somebody has read a conversation, and what they have begun to write in it.

    `interaction_id` is without a foreign key: the portal knows of interactions only what is published. 0 stands for
    the request that is being written.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    access = models.ForeignKey(PortalAccess, models.CASCADE, related_name="threads")
    interaction_id = models.BigIntegerField(default=0)
    read_until = models.DateTimeField(null=True)
    draft_subject = models.CharField(max_length=200, blank=True, default="")
    draft = models.TextField(max_length=20000, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["access", "interaction_id"], name="portal_thread_once")]

    def __str__(self):
        return f"{self.access_id}: {self.interaction_id}"
