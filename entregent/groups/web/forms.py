"""What forms of groups share: errors at their field, the status of their page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal


class GroupForm(forms.Form):
    use_required_attribute = False
    # Of the last refusal: 409 for what has changed meanwhile, 422 for what is wrong.
    refused_with = 422

    @property
    def status(self) -> int:
        return self.refused_with if self.errors else 200

    def attempt(self, action, **keywords):
        """Runs the action; what it refuses goes to the fields, and None comes back."""
        try:
            return action(**keywords)
        except NotFound:
            raise
        except (Refusal, Refusals) as refusal:
            self.refused_with = refusal.status
            add_refusal(self, refusal)
            return None

    def refusal_of(self, check, **keywords) -> str:
        try:
            check(**keywords)
        except Refusal as refusal:
            return str(refusal.message)
        return ""


class ConfirmForm(GroupForm):
    """The typed word, and the version of the group that was looked at."""

    word = forms.CharField(label=_("Mot de confirmation"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class NameForm(GroupForm):
    """The name of a group, and where it is said that clients are missing."""

    name = forms.CharField(
        label=_("Nom du groupe"), required=True,
        help_text=_("Unique pour toujours : le nom d'un groupe supprimé ne sert plus."),
    )  # fmt: skip
    clients = forms.CharField(required=False, widget=forms.HiddenInput)

    def full_clean(self):
        self.fields["name"].required = False
        super().full_clean()
        self.fields["name"].required = True


class AssignForm(GroupForm):
    """Where it is said what is missing of an assignment."""

    employees = forms.CharField(label=_("Employés"), required=False)
    group = forms.CharField(label=_("Groupe"), required=False)
    role = forms.CharField(label=_("Rôle"), required=False)
