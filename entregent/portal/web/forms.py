"""Forms of the portal."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.interactions.portal_models import PortalEvent
from entregent.organizations.models import User


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True
    input_type = "file"
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Any number of files; each is looked at by what keeps it."""

    widget = SeveralFiles

    def clean(self, data, initial=None):
        return [super(FilesField, self).clean(one, initial) for one in data or () if one]


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Votre message"), max_length=20000, widget=forms.Textarea(attrs={"rows": 5}), strip=True
    )
    # What is declared goes to `fields`; the attribute stays the form's own.
    files = FilesField(label=_("Fichiers"), required=False)  # type: ignore[assignment]
    key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args, files_help: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        if files_help:
            self.fields["files"].help_text = files_help
        else:
            del self.fields["files"]


class RequestForm(MessageForm):
    topic = forms.ChoiceField(label=_("Rubrique"))
    subject = forms.CharField(label=_("Objet"), max_length=200, required=False)
    field_order = ("topic", "subject", "text", "files", "key")

    def __init__(self, *args, topics=(), **kwargs):
        super().__init__(*args, **kwargs)
        choices = [(topic.code, topic.label) for topic in topics]
        self.fields["topic"].choices = choices if len(choices) == 1 else [("", _("Choisir…")), *choices]  # type: ignore[attr-defined]


class DetailsForm(forms.Form):
    first_name = forms.CharField(label=_("Prénom"), max_length=100, required=False)
    last_name = forms.CharField(label=pgettext_lazy("person", "Nom"), max_length=100, required=False)
    title = forms.CharField(label=_("Fonction"), max_length=120, required=False)
    email_1 = forms.CharField(label=_("Courriel"), max_length=254, required=False)
    email_2 = forms.CharField(label=_("Autre courriel"), max_length=254, required=False)
    phone_1 = forms.CharField(label=_("Téléphone"), max_length=40, required=False)
    phone_2 = forms.CharField(label=_("Autre téléphone"), max_length=40, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    # What an action refuses, at the field where it was typed.
    renamed = {"emails": "email_1", "phones": "phone_1", "file_as": "last_name"}


class NoticesForm(forms.Form):
    events = forms.MultipleChoiceField(
        label=_("M'écrire un courriel quand…"),
        choices=PortalEvent.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    language = forms.ChoiceField(label=_("Langue des courriels"), choices=User.Language.choices)
