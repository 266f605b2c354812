from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.inbound.models import Mailbox
from entregent.interactions.models import Topic


class MailboxForm(forms.ModelForm):
    """A mailbox. The password is never shown again: left empty, the one that is known stays."""

    password = forms.CharField(
        label=_("Mot de passe"),
        required=False,
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Mailbox
        fields = [
            "name", "kind", "address", "host", "port", "security", "username", "folder", "afterwards", "done_folder",
            "topic", "copies_internal", "is_active",
        ]  # fmt: skip

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        topics = Topic.objects.filter(organization_id=member.organization_id, is_active=True)
        self.fields["topic"].queryset = topics
        self.fields["topic"].empty_label = str(_("La rubrique habituelle"))
        self.fields["name"].required = False
        self.fields["folder"].required = False
        known = self.instance.pk is not None
        self.fields["version"].initial = self.instance.version if known else 0
        self.order_fields([*self.Meta.fields[:7], "password", *self.Meta.fields[7:], "version"])

    # Rules stand in the actions; the form only reads.
    def _post_clean(self):
        pass

    def changes(self) -> dict:
        data = dict(self.cleaned_data)
        data.pop("version", None)
        return data

    @property
    def version_given(self) -> int:
        return self.cleaned_data.get("version") or 0


class ProspectForm(forms.Form):
    """The prospect that the sender of a mail becomes."""

    kind = forms.ChoiceField(choices=[("person", _("Particulier")), ("company", _("Entreprise"))], label=_("Nature"))
    first_name = forms.CharField(label=_("Prénom"), required=False, max_length=100)
    name = forms.CharField(label=_("Nom"), max_length=200)
    email = forms.EmailField(label=_("Courriel"))
