"""The form that the gallery shows."""

from django import forms


class GalleryForm(forms.Form):
    name = forms.CharField(label="Nom", max_length=40)
    email = forms.EmailField(label="Courriel", help_text="Trois adresses au maximum.")
    kind = forms.ChoiceField(label="Nature", choices=[("company", "Entreprise"), ("person", "Particulier")])
    follow_up = forms.DateField(label="Date de suivi", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    language = forms.ChoiceField(
        label="Langue", choices=[("fr", "Français"), ("en", "Anglais")], widget=forms.RadioSelect, initial="fr"
    )
    internal = forms.BooleanField(label="Interne", required=False, help_text="Non communiquée au client.")
    password = forms.CharField(label="Mot de passe", required=False, widget=forms.PasswordInput)
