"""Forms of business accounts."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.access.rights import Role
from entregent.organizations.models import User
from entregent.relationships.models import ACCOUNT_ROLES, AccountUser, Level, ProgramAccount, Visibility


class RegisterForm(forms.Form):
    number = forms.CharField(
        label=_("Numéro d'entreprise"), max_length=20, help_text=_("Neuf chiffres."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    name = forms.CharField(
        label=_("Nom de l'entreprise"), max_length=200, strip=False,
        help_text=_("Exactement comme au dossier, ponctuation comprise."),
    )  # fmt: skip
    postal_code = forms.CharField(label=_("Code postal"), max_length=12, strip=False)
    program = forms.CharField(
        label=_("Un compte de programme"), max_length=20,
        help_text=_("Par exemple RM0001. Un seul suffit : les autres suivent."),
    )  # fmt: skip


class ProgramsField(forms.MultipleChoiceField):
    """Programs of the account that the user may give."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, programs: list[ProgramAccount]) -> None:
        self.of_value = {str(program.pk): program for program in programs}
        self.choices = [
            (value, " ".join(filter(None, (program.number[9:], program.label))))
            for value, program in self.of_value.items()
        ]

    def clean(self, value):
        return [self.of_value[one] for one in super().clean(value)]


class JoinForm(forms.Form):
    number = forms.CharField(
        label=_("Numéro d'entreprise"), max_length=20, help_text=_("Neuf chiffres."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    comments = forms.CharField(
        label=_("Commentaires"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Qui vous êtes, et ce dont vous vous occuperez."),
    )  # fmt: skip
    renamed = {"account_number": "number"}


class ApproveForm(forms.Form):
    level = forms.ChoiceField(label=pgettext_lazy("relationship", "Niveau"), widget=forms.RadioSelect)
    programs = ProgramsField(
        label=_("Programmes"), required=False, help_text=_("Pour la gestion de programme, ceux que vous confiez.")
    )
    visibility = forms.MultipleChoiceField(
        label=_("Ce qu'il verra en plus de ses propres transactions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(one.value, one.label) for one in (Visibility.BUSINESS, Visibility.OTHERS)],
    )
    ends_on = forms.DateField(
        label=pgettext_lazy("relationship", "Jusqu'au"), required=False,
        help_text=_("Dernier jour compris. Sans date, l'accès dure jusqu'à ce que vous le retiriez."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip

    def __init__(self, *args, by: AccountUser, programs: list[ProgramAccount], **kwargs):
        super().__init__(*args, **kwargs)
        offered = [Level.BUSINESS] if by.role == Role.ADMIN else []
        offered += [Level.PROGRAM] if programs else []
        self.fields["level"].choices = [(one.value, one.label) for one in offered]  # type: ignore[attr-defined]
        if len(offered) == 1:
            self.fields["level"].initial = offered[0].value
        if programs:
            self.fields["programs"].offer(programs)  # type: ignore[attr-defined]
        else:
            del self.fields["programs"]


class RejectForm(forms.Form):
    reason = forms.CharField(
        label=_("Motif"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Facultatif. Le fournisseur le lira."),
    )  # fmt: skip


class RejectPersonForm(RejectForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("Facultatif. La personne le lira.")


class RoleForm(forms.Form):
    """The role of a user, and the programs that go with it: those that `by` may give."""

    role = forms.ChoiceField(label=_("Rôle"), widget=forms.RadioSelect)
    programs = ProgramsField(
        label=_("Programmes"), required=False,
        help_text=_("Le gestionnaire de compte d'entreprise les a tous."),
    )  # fmt: skip

    def __init__(self, *args, by: AccountUser, programs: list[ProgramAccount], **kwargs):
        super().__init__(*args, **kwargs)
        roles = list(ACCOUNT_ROLES) if by.role == Role.ADMIN else [Role.EDITOR, Role.READER]
        self.fields["role"].choices = [(role.value, ACCOUNT_ROLES[role]) for role in roles]  # type: ignore[attr-defined]
        if programs:
            self.fields["programs"].offer(programs)  # type: ignore[attr-defined]
        else:
            del self.fields["programs"]


class ChangeForm(RoleForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class InviteForm(RoleForm):
    email = forms.EmailField(label=_("Courriel"), max_length=254)
    language = forms.ChoiceField(label=_("Langue de l'invitation"), choices=User.Language.choices)
    field_order = ("email", "language", "role", "programs")


class MailsForm(forms.Form):
    wants_mail = forms.BooleanField(
        label=_("M'écrire un courriel quand une demande attend une réponse ou qu'un accès prend fin"), required=False
    )
