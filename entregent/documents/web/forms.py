"""Forms of the templates of documents and of the letterhead."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.documents.models import DocumentTemplate, Letterhead

_AREA = {"rows": 14, "spellcheck": "true"}
DOCX = ".docx,application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class TemplateForm(forms.Form):
    """One template; which texts it has depends on its kind, which stays."""

    name_fr = forms.CharField(label=_("Nom français"), required=False)
    name_en = forms.CharField(label=_("Nom anglais"), required=False)
    code = forms.CharField(
        label=_("Code"),
        required=False,
        help_text=_("Les plans d’action nomment le modèle par ce code. Vide : fait du nom."),
    )
    subject_fr = forms.CharField(label=_("Objet français"), required=False)
    body_fr = forms.CharField(
        label=_("Texte français"), required=False, strip=False, widget=forms.Textarea(attrs=_AREA)
    )
    subject_en = forms.CharField(label=_("Objet anglais"), required=False)
    body_en = forms.CharField(label=_("Texte anglais"), required=False, strip=False, widget=forms.Textarea(attrs=_AREA))
    file = forms.FileField(label=_("Document Word"), required=False, widget=forms.FileInput(attrs={"accept": DOCX}))
    is_active = forms.BooleanField(label=_("Proposé"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, files=None, *, kind: str, template: DocumentTemplate | None = None):
        initial: dict[str, Any] = {"is_active": True, "idempotency_key": uuid4().hex}
        if template is not None:
            names = ("name_fr", "name_en", "subject_fr", "subject_en", "body_fr", "body_en", "is_active", "version")
            initial = {name: getattr(template, name) for name in names}
        super().__init__(data, files, initial=initial)
        if template is None:
            del self.fields["is_active"]
        else:
            del self.fields["code"]
        unwanted = (
            ("subject_fr", "subject_en", "body_fr", "body_en") if kind == DocumentTemplate.Kind.WORD else ("file",)
        )
        for name in unwanted:
            del self.fields[name]

    def changes(self) -> dict[str, Any]:
        data = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("version", "file", "idempotency_key")
        }
        return data | {"file": uploaded(self.cleaned_data.get("file"))}


class LetterheadForm(forms.Form):
    name = forms.CharField(
        label=_("Nom sur les lettres"), required=False, help_text=_("Vide : celui de l’organisation.")
    )
    address = forms.CharField(
        label=_("Adresse et coordonnées"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    place = forms.CharField(label=_("Lieu, devant la date"), required=False)
    window = forms.ChoiceField(label=_("Fenêtre de l’enveloppe"), choices=Letterhead.Window, required=False)
    colour = forms.CharField(label=_("Couleur"), required=False, widget=forms.TextInput(attrs={"type": "color"}))
    logo = forms.FileField(
        label=_("Logo"), required=False, help_text=_("PNG ou JPEG, 2 Mo au plus."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )  # fmt: skip
    without_logo = forms.BooleanField(label=_("Sans logo"), required=False)
    footer_fr = forms.CharField(
        label=_("Pied de page français"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    footer_en = forms.CharField(
        label=_("Pied de page anglais"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, files=None, *, head: Letterhead):
        names = ("name", "address", "place", "window", "colour", "footer_fr", "footer_en", "version")
        super().__init__(data, files, initial={name: getattr(head, name) for name in names})
        if head.logo_id is None:
            del self.fields["without_logo"]

    def changes(self) -> dict[str, Any]:
        data = {name: value for name, value in self.cleaned_data.items() if name not in ("version", "logo")}
        data["window"] = data["window"] or Letterhead.Window.FRENCH
        logo = uploaded(self.cleaned_data.get("logo"))
        return data | {"logo": logo[1] if logo else None}


def uploaded(file) -> tuple[str, bytes] | None:
    """(name, content) of a file that came with a form."""
    return (file.name, file.read()) if file else None
