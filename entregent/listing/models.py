from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Organization, User


class CustomField(models.Model):
    """A field that an organization adds to its clients, people or interactions (R004-19).

    Values stand in the column `custom` of the record, by `code`: a text, a number, true, an ISO day, the id of an
    option or of a user. What is empty or not ticked is not kept at all. `options` is a list of {"id", "fr", "en",
    "is_active"}; `variants` the channels of an interaction on which the field is offered (none: all).

    An archived field is no longer offered, its values stay shown. A deleted one is hidden with its values until
    they are purged; meanwhile its code is not given again.
    """

    class Type(models.TextChoices):
        TEXT = "text", _("Texte")
        NUMBER = "number", _("Nombre")
        DATE = "date", _("Date")
        BOOLEAN = "boolean", _("Case à cocher")
        CHOICE = "choice", _("Liste")
        MEMBER = "member", _("Membre du personnel")

    organization = models.ForeignKey(Organization, models.CASCADE)
    subject = models.CharField(_("sur"), max_length=20)
    code = models.CharField(_("code"), max_length=40)
    type = models.CharField(_("type"), max_length=10, choices=Type)
    label_fr = models.CharField(_("libellé français"), max_length=60)
    label_en = models.CharField(_("libellé anglais"), max_length=60)
    help_fr = models.CharField(_("aide en français"), max_length=200, blank=True, default="")
    help_en = models.CharField(_("aide en anglais"), max_length=200, blank=True, default="")
    options = models.JSONField(_("options"), default=list, blank=True)
    variants = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("canaux"))
    is_required = models.BooleanField(_("obligatoire"), default=False)
    is_searchable = models.BooleanField(_("dans la recherche"), default=False)
    is_active = models.BooleanField(_("proposé"), default=True)
    position = models.IntegerField(_("ordre"), default=100)
    deleted_at = models.DateTimeField(_("supprimé"), null=True)
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "subject", "code"], name="custom_field_code_once"),
            models.CheckConstraint(condition=~Q(code=""), name="custom_field_has_code"),
        ]

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        return self.label_en if get_language() == "en" else self.label_fr

    @property
    def help(self) -> str:
        return self.help_en if get_language() == "en" else self.help_fr

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The options by id, with the label that the reader sees, those no longer offered too."""
        language = "en" if get_language() == "en" else "fr"
        return [(option["id"], option[language]) for option in self.options]


class View(models.Model):
    """A list as somebody wants it: what is asked, which columns in which order and width, sorted how.

    Private to its owner, or shared with the organization; whoever opens it sees what they reach. `condition` is data
    (see `conditions`), kept as it was written: a field that is deleted later is left out when the view is read.
    `columns` is a list of {"code", "width"}, width 0 by content.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    owner = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("propriétaire"))
    list_code = models.CharField(_("liste"), max_length=60)
    name = models.CharField(_("nom de la vue"), max_length=80)
    is_shared = models.BooleanField(_("partagée"), default=False)
    condition = models.JSONField(_("critères"), null=True, blank=True)
    text = models.CharField(_("mots cherchés"), max_length=200, blank=True, default="")
    columns = models.JSONField(_("colonnes"), default=list, blank=True)
    sort = models.CharField(_("tri"), max_length=80, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("organization", "list_code", "owner", Lower("name"), name="view_name_once")
        ]

    def __str__(self):
        return self.name

    @property
    def column_codes(self) -> list[str]:
        return [column["code"] for column in self.columns]

    @property
    def widths(self) -> dict[str, int]:
        return {column["code"]: column.get("width") or 0 for column in self.columns}


class Subscription(models.Model):
    """Somebody gets a view by mail each day, with what they themselves reach. `last_sent_on` is a day of theirs."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    view = models.ForeignKey(View, models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    last_sent_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["view", "user"], name="subscription_once")]

    def __str__(self):
        return f"{self.user_id} ← {self.view_id}"


class ListState(models.Model):
    """How somebody left a list: the view last opened, its columns, the splitter, what is shown and hidden.

    `state` holds what the pages of the list want to find again; it says nothing of anybody's records.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    list_code = models.CharField(max_length=60)
    state = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "user", "list_code"], name="list_state_once")]

    def __str__(self):
        return f"{self.user_id}: {self.list_code}"
