from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.connectors.actions.setting_up import NEEDED, SETTINGS, WITH_SECRET
from entregent.connectors.fields import offered, usual_mapping
from entregent.connectors.models import Connector

Kind = Connector.Kind
ADDRESS_HELP = {
    Kind.WEBHOOK: _("L’adresse https qui reçoit les messages signés."),
    Kind.SFTP: _("Le nom du serveur, sans « sftp:// »."),
    Kind.ENTREGENT: _("Le début de son adresse, comme https://crm.exemple.fr."),
    Kind.ODOO: _("Le début de son adresse, comme https://odoo.exemple.fr."),
    Kind.ESPOCRM: _("Le début de son adresse, comme https://crm.exemple.fr."),
}
SECRET_LABEL = {
    Kind.SFTP: _("Mot de passe ou clé privée"),
    Kind.ENTREGENT: _("Jeton d’accès"),
    Kind.ODOO: _("Clé d’API ou mot de passe"),
    Kind.ESPOCRM: _("Clé d’API"),
}
FORMATS = [("csv", "CSV"), ("json", "JSON")]


def _settings_fields(kind: str) -> dict[str, forms.Field]:
    remote = kind == Kind.SFTP
    return {
        "port": forms.IntegerField(label=_("Port"), required=False, initial=22, min_value=1, max_value=65535),
        "username": forms.CharField(label=_("Identifiant"), max_length=200),
        "database": forms.CharField(label=_("Base"), max_length=200, help_text=_("Le nom de la base Odoo.")),
        "folder": forms.CharField(
            label=pgettext_lazy("directory", "Dossier"), max_length=200, required=not remote,
            help_text=_("Là où les fichiers sont déposés ; « accuses » y est créé pour les accusés.")
            if remote else _("Un nom simple : les fichiers sont déposés sous « depots » dans les données du serveur."),
        ),
        "fingerprint": forms.CharField(
            label=_("Empreinte du serveur"), max_length=200, required=False,
            help_text=_("« SHA256:… ». Sans elle, le test de connexion la montre et n’envoie rien."),
        ),
        "format": forms.ChoiceField(label=_("Format"), choices=FORMATS),
        "expects_acknowledgement": forms.BooleanField(
            label=_("Attendre l’accusé de l’autre système"), required=False,
            help_text=_("Un fichier .json ou .csv dans « accuses », avec key, external_id et error."),
        ),
        "key_field": forms.CharField(
            label=_("Champ qui porte notre numéro"), max_length=80, required=False,
            help_text=_("À défaut : ref.") if kind == Kind.ODOO else _("À défaut : cEntregentNumber, un champ texte."),
        ),
        "on_withdrawal": forms.ChoiceField(
            label=_("Au retrait"),
            choices=[("archive", _("Archiver le contact")), ("delete", _("Supprimer le contact"))],
        ),
    }  # fmt: skip


class ConnectorForm(forms.Form):
    """A connector of one kind: where it is, whom it gets, and which field becomes which. Rules stand in the actions."""

    use_required_attribute = False
    name = forms.CharField(label=pgettext_lazy("thing", "Nom"), max_length=80)
    address = forms.CharField(
        label=pgettext_lazy("url", "Adresse"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    secret = forms.CharField(required=False, strip=False, max_length=10_000)
    audience = forms.ChoiceField(label=_("Clients transmis"), choices=Connector.Audience.choices)
    is_on = forms.BooleanField(label=_("En service"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, kind: str, connector: Connector | None = None, **kwargs):
        self.kind, self.connector = kind, connector
        if connector is not None and not args:
            kwargs["initial"] = self._known(connector)
        super().__init__(*args, **kwargs)
        settings = _settings_fields(kind)
        for name in SETTINGS[kind]:
            self.fields[name] = settings[name]
            self.fields[name].required = name in NEEDED.get(kind, ())
        if kind == Kind.FILE:
            del self.fields["address"]
        else:
            self.fields["address"].help_text = ADDRESS_HELP[Kind(kind)]
        if kind not in WITH_SECRET:
            del self.fields["secret"]
        else:
            self._open_secret()
        usual = usual_mapping(kind)
        self.map_codes = []
        for one in offered(kind):
            name = f"map-{one.code}"
            self.map_codes.append(name)
            initial = usual.get(one.code, "") if connector is None else connector.mapping.get(one.code, "")
            if kind == Kind.ENTREGENT:
                self.fields[name] = forms.BooleanField(label=one.label, required=False, initial=bool(initial))
            else:
                self.fields[name] = forms.CharField(
                    label=one.label, required=False, max_length=80, initial=initial,
                    widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
                )  # fmt: skip
        self.order_fields(["name", "address", *SETTINGS[kind], "secret", "audience", "is_on", "version"])

    def _open_secret(self) -> None:
        field = self.fields["secret"]
        field.label = SECRET_LABEL[Kind(self.kind)]
        known = self.connector is not None
        field.help_text = (
            _("Il est gardé chiffré et n’est jamais affiché. Laissé vide, celui qui est connu reste.")
            if known else _("Il est gardé chiffré et n’est jamais affiché.")
        )  # fmt: skip
        field.required = not known
        attrs = {"autocomplete": "off", "spellcheck": "false"}
        if self.kind == Kind.SFTP:
            field.widget = forms.Textarea(attrs=attrs | {"rows": 3})
        else:
            field.widget = forms.PasswordInput(attrs=attrs | {"autocomplete": "new-password"})

    @staticmethod
    def _known(connector: Connector) -> dict:
        return {
            "name": connector.name, "address": connector.address, "audience": connector.audience,
            "is_on": connector.is_on, "version": connector.version, **connector.settings,
        }  # fmt: skip

    def plain_fields(self):
        return [self[name] for name in self.fields if name not in self.map_codes and name != "version"]

    def map_fields(self):
        return [self[name] for name in self.map_codes]

    def changes(self) -> dict:
        data = self.cleaned_data
        mapping = {}
        for name in self.map_codes:
            code = name.removeprefix("map-")
            given = data.get(name)
            mapping[code] = (code if given else "") if self.kind == Kind.ENTREGENT else given or ""
        return {
            "name": data["name"], "address": data.get("address", ""), "audience": data["audience"],
            "is_on": data["is_on"], "secret": (data.get("secret") or "").replace("\r\n", "\n").strip(" "),
            "settings": {name: data.get(name) for name in SETTINGS[self.kind]}, "mapping": mapping,
        }  # fmt: skip


class CopyForm(forms.Form):
    """« Rattacher »: the record over there that a client is."""

    use_required_attribute = False
    number = forms.CharField(label=_("N° client"), max_length=40)
    external_id = forms.CharField(label=_("Identifiant là-bas"), max_length=200)
