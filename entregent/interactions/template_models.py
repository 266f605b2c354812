"""Templates of contacts and of dossiers (R001-10, -14 to -18), and what became of one on an interaction.

They stand here, below `cases`: rubriques and case types point to them.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Organization


class RecordTemplate(models.Model):
    """« Modèle » of a contact or of a dossier: who takes part, who is in charge, which objects go with it, its texts.

    Nothing in it names a client: people by their role there, objects by selectors (`clients/selectors.py`), texts with
    merge fields. Rubriques and case types point to it; `templating.propose` works out what it means for one client.

    `eligible` is a condition on clients, in the format of `listing.conditions`; None: it suits every client.
    `channel` is one of `Interaction.Channel`, or "". `people` holds {"role": client | primary | preferred | billing |
    additional, "label_fr", "label_en"}; `agents` {"role": responsible | participant} with one of "user" (an id),
    "function" or "team" (codes); `object_rules` {"selector", "states": codes, "required": is it missed when absent?}.
    """

    class Kind(models.TextChoices):
        CONTACT = "contact", _("Contact")
        CASE = "case", _("Dossier")

    class Priority(models.TextChoices):
        LOW = "low", _("Basse")
        NORMAL = "normal", _("Normale")
        HIGH = "high", _("Haute")

    organization = models.ForeignKey(Organization, models.CASCADE)
    code = models.SlugField(_("code"), max_length=40)
    name_fr = models.CharField(_("nom français"), max_length=80)
    name_en = models.CharField(_("nom anglais"), max_length=80)
    kind = models.CharField(_("type"), max_length=10, choices=Kind, default=Kind.CONTACT)
    eligible = models.JSONField(null=True, blank=True)
    channel = models.CharField(_("canal"), max_length=20, blank=True, default="")
    priority = models.CharField(_("priorité"), max_length=10, choices=Priority, default=Priority.NORMAL)
    subject_fr = models.CharField(_("objet français"), max_length=200, blank=True, default="")
    subject_en = models.CharField(_("objet anglais"), max_length=200, blank=True, default="")
    text_fr = models.TextField(_("texte français"), max_length=10_000, blank=True, default="")
    text_en = models.TextField(_("texte anglais"), max_length=10_000, blank=True, default="")
    people = models.JSONField(default=list, blank=True)
    agents = models.JSONField(default=list, blank=True)
    object_rules = models.JSONField(default=list, blank=True)
    follow_up = models.CharField(_("suivi"), max_length=40, blank=True, default="")
    is_active = models.BooleanField(_("en service"), default=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name_fr", "id"]
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="record_template_code_once")]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return self.name_en if get_language() == "en" else self.name_fr


class AppliedTemplate(models.Model):
    """The template with which an interaction was filled in, and what of it was not attached, each with its reason."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    interaction = models.OneToOneField("interactions.Interaction", models.CASCADE, related_name="applied_template")
    template = models.ForeignKey(RecordTemplate, models.CASCADE, related_name="+")
    # [[what, why], …], in the language of whoever logged it.
    left_out = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.interaction_id}: {self.template_id}"
