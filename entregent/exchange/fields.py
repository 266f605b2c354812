"""What can be imported: the kinds, their fields, and the names by which columns are recognised in both languages."""

from dataclasses import dataclass, field, replace

from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.listing.custom_fields import fields_of
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import search_key

CUSTOM = "custom."


@dataclass(frozen=True)
class Field:
    """One field of a kind. `names` are further names of columns, in search form. With `is_list` several columns
    may fill it."""

    name: str
    label: object
    names: tuple[str, ...] = ()
    is_list: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of data. `keys` are the fields by which a row may be recognised; `open` prefixes take any name after."""

    name: str
    label: object
    rights: tuple[Right, ...]
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    required: tuple[str, ...]
    open: tuple[str, ...] = ()
    subject: str = ""  # Whose custom fields it brings: `custom.<code>`.
    constants: tuple[str, ...] = field(default=())
    for_providers: bool = False  # Offered to service providers alone, with the module « Délégation ».
    module: str = ""  # Offered where this module is on.
    for_operators: bool = False  # By the command `entregent import` alone.
    fields_of_operators: frozenset[str] = frozenset()  # Of no meaning on the page, where clients decide on them.

    def is_offered_to(self, member: Membership, *, by_operator: bool = False) -> bool:
        organization = member.organization
        if self.for_operators and not by_operator:
            return False
        if self.for_providers and not (organization.provider_kind and organization.has_module(Module.DELEGATION)):
            return False
        whole = (right for right in (Right.GROUP_MANAGE, Right.RELATIONSHIPS) if right in self.rights)
        if not all(member.reach.is_whole(right) for right in whole):
            return False
        if self.module and not organization.has_module(self.module):
            return False
        return all(member.can(right) for right in self.rights)

    def knows(self, name: str) -> bool:
        return name in self.by_name or any(name.startswith(prefix) and len(name) > len(prefix) for prefix in self.open)

    @property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    def label_of(self, name: str) -> str:
        known = self.by_name.get(name)
        return str(known.label) if known else name


def _address_fields(prefix: str, title) -> tuple[Field, ...]:
    extra = () if prefix == "addresses.main." else ("postale", "mailing")

    def names(*plain: str) -> tuple[str, ...]:
        if not extra:
            return plain
        return tuple(f"{one} {word}" for one in plain for word in extra)

    return (
        Field(
            f"{prefix}street",
            _Title(title, _("numéro et rue")),
            names("adresse", "rue", "voie", "address", "street", "adresse 1", "address 1"),
        ),
        Field(
            f"{prefix}unit",
            _Title(title, _("complément")),
            names("complement", "adresse 2", "unit", "address 2", "appartement"),
        ),
        Field(
            f"{prefix}postal_code",
            _Title(title, _("code postal")),
            names("code postal", "codes postaux", "cp", "postal code", "postcode", "zip", "zip code"),
        ),
        Field(f"{prefix}city", _Title(title, _("ville")), names("ville", "commune", "localite", "city", "town")),
        Field(f"{prefix}region", _Title(title, _("province ou région")), names("province", "etat", "state", "county")),
        Field(f"{prefix}country", _Title(title, _("pays")), names("pays", "country", "code pays", "country code")),
    )


class _Title:
    """« Adresse : ville », in the language of whoever reads."""

    def __init__(self, title, part):
        self.title, self.part = title, part

    def __str__(self):
        return str(_("%(title)s : %(part)s") % {"title": self.title, "part": self.part})


_NUMBER = (
    "numero",
    "n",
    "no",
    "n client",
    "numero client",
    "numero de client",
    "client",
    "code client",
    "number",
    "client number",
    "client no",
    "customer number",
    "customer",
    "id client",
    "client id",
    "code insee",
    "siren client",
    "matricule",
    "reference client",
)
_CLIENT_REF = (
    "client",
    "numero client",
    "n client",
    "no client",
    "numero de client",
    "code client",
    "client number",
    "client id",
    "customer",
    "customer number",
    "id client",
    "account",
)
_ACCOUNT = (
    "numero d entreprise",
    "n entreprise",
    "numero entreprise",
    "siren",
    "ne",
    "bn",
    "business number",
    "business account",
    "account number",
)
_PROGRAMS = ("programmes", "programme", "comptes de programme", "compte de programme", "programs", "program accounts")
_VISIBILITY = ("visibilite", "visibility")
_EMAILS = (
    "courriel",
    "courriels",
    "email",
    "emails",
    "e mail",
    "mail",
    "adresse de courriel",
    "email address",
    "adresse email",
    "courriel 1",
    "courriel 2",
    "courriel 3",
    "e mail 1",
    "e mail 2",
    "e mail 3",
    "email 1",
    "email 2",
    "email 3",
    "adresse mail",
)
_PHONES = (
    "telephone",
    "telephones",
    "tel",
    "tel 1",
    "tel 2",
    "telephone 1",
    "telephone 2",
    "telephone 3",
    "telephone 4",
    "phone 3",
    "phone 4",
    "portable",
    "mobile",
    "cellulaire",
    "phone",
    "phones",
    "phone number",
    "numero de telephone",
    "telephone fixe",
    "telephone portable",
    "phone 1",
    "phone 2",
    "fixe",
)
_FIRST = ("prenom", "prenoms", "first name", "given name", "firstname")
_LAST = ("nom", "nom de famille", "last name", "family name", "surname", "lastname")
_KEY = ("cle", "cle externe", "identifiant", "id", "external key", "external id", "key", "reference externe")
_BIRTH = ("date de naissance", "naissance", "ne le", "birth date", "date of birth", "birthday")

_CLIENT_FIELDS = (
    Field("number", _("N° client"), _NUMBER),
    Field("kind", _("Nature (person, company)"), ("nature", "kind", "genre", "type de client")),
    Field(
        "name",
        _("Nom ou raison sociale"),
        (*_LAST, "raison sociale", "name", "company name", "societe", "entreprise", "company", "denomination"),
    ),
    Field("first_name", _("Prénom"), _FIRST),
    Field("status", _("Statut"), ("statut", "status")),
    Field("category", _("Catégorie"), ("categorie", "category", "type", "segment")),
    Field("language", _("Langue (fr, en)"), ("langue", "language", "lang")),
    Field(
        "sector",
        _("Secteur (code)"),
        ("secteur", "code secteur", "departement", "sector", "territoire", "territory", "sector code"),
    ),
    Field(
        "responsible",
        _("Agent responsable (courriel)"),
        ("responsable", "agent", "agent responsable", "responsible", "owner"),
    ),
    Field("birth_date", _("Date de naissance"), _BIRTH),
    Field("emails", _("Courriels"), _EMAILS, is_list=True),
    Field("phones", _("Téléphones"), _PHONES, is_list=True),
    Field("tags", _("Étiquettes"), ("etiquettes", "etiquette", "tags", "tag", "mots cles", "labels"), is_list=True),
    Field("identifiers.siren", _("SIREN"), ("siren", "n siren", "numero siren")),
    Field("identifiers.siret", _("SIRET"), ("siret", "n siret", "numero siret")),
    Field("identifiers.bn", _("Numéro d’entreprise (NE)"), ("ne", "numero d entreprise", "business number", "bn")),
    Field(
        "identifiers.vat",
        _("N° de TVA"),
        ("tva", "n tva", "numero de tva", "tva intracommunautaire", "vat", "vat number"),
    ),
    *_address_fields("addresses.main.", _("Adresse principale")),
    *_address_fields("addresses.mailing.", _("Adresse postale")),
)

_PERSON_FIELDS = (
    Field("external_key", _("Clé externe"), _KEY),
    Field("client", _("N° du client"), _CLIENT_REF),
    Field("file_as", _("Classer sous"), ("classer sous", "file as")),
    Field("last_name", _("Nom"), (*_LAST, "name")),
    Field("first_name", _("Prénom"), _FIRST),
    Field("title", _("Fonction"), ("fonction", "titre", "title", "job title", "poste")),
    Field("company", _("Société"), ("societe", "entreprise", "company", "organisation", "organization")),
    Field("language", _("Langue (fr, en)"), ("langue", "language", "lang")),
    Field("birth_date", _("Date de naissance"), _BIRTH),
    Field("emails", _("Courriels"), _EMAILS, is_list=True),
    Field("phones", _("Téléphones"), _PHONES, is_list=True),
    Field("is_primary", _("Principale (oui, non)"), ("principale", "principal", "primary", "is primary")),
    Field("is_preferred", _("Privilégiée (oui, non)"), ("privilegiee", "privilegie", "preferred", "is preferred")),
    Field("is_billing", _("Facturation (oui, non)"), ("facturation", "billing", "is billing")),
    *_address_fields("addresses.main.", _("Adresse principale")),
    Field("photo", _("Photo (base64)"), ("photo", "picture", "image")),
)

_ADDRESS_FIELDS = (
    Field("external_key", _("Clé externe"), _KEY),
    Field("client", _("N° du client"), _CLIENT_REF),
    Field("person", _("Clé externe de la personne"), ("personne", "person", "cle personne", "person key")),
    Field("kind", _("Type (main, mailing, other)"), ("type", "type d adresse", "kind", "address type")),
    Field("label", _("Libellé"), ("libelle", "label")),
    *(
        Field(one.name.removeprefix("addresses.main."), getattr(one.label, "part", one.label), one.names)
        for one in _address_fields("addresses.main.", "")
    ),
)

_OBJECT_FIELDS = (
    Field(
        "key",
        _("Numéro"),
        (
            "numero",
            "n",
            "no",
            "number",
            "key",
            "cle",
            "numero de contrat",
            "contract number",
            "n contrat",
            "numero contrat",
            "reference",
            "numero de facture",
            "invoice number",
            "identifiant",
            "id",
        ),
    ),
    Field("client", _("N° du client"), _CLIENT_REF),
    Field(
        "source_system", _("Système d’origine"), ("systeme", "systeme d origine", "source", "source system", "origine")
    ),
    Field("label", _("Libellé"), ("libelle", "label", "description", "designation", "intitule")),
    Field("state", _("État"), ("etat", "state", "statut", "status")),
    Field(
        "dated_on",
        _("Date"),
        ("date", "date de debut", "debut", "dated on", "start date", "date d effet", "date de facture", "invoice date"),
    ),
    Field(
        "due_on",
        _("Échéance"),
        ("echeance", "due", "due on", "due date", "date d echeance", "fin", "date de fin", "end date"),
    ),
    Field("amount", _("Montant"), ("montant", "amount", "total", "montant ttc", "solde")),
    Field("currency", _("Devise"), ("devise", "currency", "monnaie")),
    Field("sector", _("Secteur (code)"), ("secteur", "code secteur", "sector", "sector code")),
    # At a service provider.
    Field("program_account", _("Compte de programme"), _PROGRAMS),
    Field("submitted_by", _("Transmis par (own, business, others)"), ("transmis par", "submitted by")),
)

_INTERACTION_FIELDS = (
    Field("external_key", _("Clé externe"), (*_KEY, "numero", "number", "n")),
    Field("client", _("N° du client"), _CLIENT_REF),
    Field("person", _("Clé externe de la personne"), ("personne", "person", "cle personne", "person key")),
    Field("topic", _("Rubrique (code)"), ("rubrique", "topic", "sujet", "motif", "theme")),
    Field("channel", _("Canal"), ("canal", "channel", "mode", "moyen", "media")),
    Field("direction", _("Sens"), ("sens", "direction")),
    Field(
        "occurred_at",
        _("Date interaction"),
        ("date", "date interaction", "date et heure", "occurred at", "date and time", "le", "when"),
    ),
    Field("subject", _("Objet"), ("objet", "subject", "titre", "title")),
    Field(
        "notes",
        _("Notes"),
        ("notes", "note", "commentaire", "commentaires", "texte", "comment", "comments", "text", "compte rendu"),
    ),
    Field("internal", _("Interne (oui, non)"), ("interne", "internal")),
    Field(
        "follow_up_on",
        _("Date de suivi"),
        ("suivi", "date de suivi", "relance", "follow up", "follow up on", "follow up date"),
    ),
    Field("follow_up_owner", _("Responsable du suivi (courriel)"), ("responsable du suivi", "follow up owner")),
    Field("author", _("Auteur (courriel)"), ("auteur", "agent", "author", "cree par", "created by", "saisi par")),
    Field("contact_name", _("Nom du contact"), ("nom du contact", "contact", "contact name", "interlocuteur")),
    Field("contact_phone", _("Téléphone du contact"), ("telephone du contact", "contact phone")),
    Field("status", _("Statut"), ("statut", "status", "etat")),
    Field("priority", _("Priorité"), ("priorite", "priority")),
    Field("reference", _("Référence"), ("reference", "ref")),
)

_PLACE_NAMES = {
    "street": (_("numéro et rue"), ("adresse", "rue", "address", "street")),
    "unit": (_("appartement"), ("appartement", "unit", "address 2")),
    "city": (_("ville"), ("ville", "city", "town")),
    "region": (_("province ou état"), ("province", "state", "region")),
    "postal_code": (_("code postal"), ("code postal", "postal code", "zip")),
    "country": (_("pays"), ("pays", "country")),
}


def _loan_place(prefix: str, title, words: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(
        Field(
            f"{prefix}.{part}",
            _Title(title, label),
            tuple(f"{name} {word}".strip() for name in names for word in words),
        )
        for part, (label, names) in _PLACE_NAMES.items()
    )


_LOAN_FIELDS = (
    Field(
        "number",
        _("N° de demande"),
        (
            "numero",
            "n",
            "no",
            "number",
            "numero de demande",
            "n de demande",
            "application number",
            "loan number",
            "loan identifier",
        ),
    ),
    Field("status", _("Statut"), ("statut", "status", "etat")),
    Field(
        "agent", _("Agent au dossier (courriel)"), ("agent", "agent au dossier", "courtier", "loan officer", "broker")
    ),
    Field("branch", _("Succursale"), ("succursale", "branch", "bureau", "office")),
    Field("source_system", _("Système d’origine"), ("systeme", "source", "source system", "origine")),
    Field("applicant.first_name", _("Prénom"), (*_FIRST, "borrower first name")),
    Field("applicant.last_name", _("Nom"), (*_LAST, "borrower last name")),
    Field("applicant.birth_date", _("Date de naissance"), _BIRTH),
    Field("applicant.email", _("Courriel"), _EMAILS),
    Field("applicant.phone", _("Téléphone"), _PHONES),
    *_loan_place("applicant", _("Demandeur"), ("", "du demandeur", "demandeur", "borrower")),
    *_loan_place("property", _("Propriété"), ("de la propriete", "propriete", "property")),
)

KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        Kind(
            "sectors",
            _("Secteurs"),
            (Right.DATA_IMPORT, Right.SECTORS),
            (
                Field("code", _("Code"), ("code", "code secteur", "sector code", "id", "identifiant")),
                Field("name", _("Nom"), ("nom", "name", "libelle", "label")),
                Field("level", _("Niveau"), ("niveau", "type", "level")),
                Field(
                    "parent",
                    _("Secteur parent (code)"),
                    ("parent", "secteur parent", "code parent", "parent code", "rattache a"),
                ),
            ),
            ("code",),
            ("code", "name"),
            constants=("level",),
        ),
        Kind(
            "topics",
            _("Rubriques"),
            (Right.DATA_IMPORT, Right.TOPICS),
            (
                Field("code", _("Code"), ("code", "id", "identifiant")),
                Field(
                    "label_fr",
                    _("Libellé français"),
                    ("libelle", "libelle francais", "francais", "nom", "label fr", "fr", "french", "label"),
                ),
                Field(
                    "label_en",
                    _("Libellé anglais"),
                    ("libelle anglais", "anglais", "label en", "en", "english", "name"),
                ),
                Field(
                    "applies_to",
                    _("Proposée pour (client, prospect, person)"),
                    ("pour", "applies to", "proposee pour"),
                    is_list=True,
                ),
                Field("position", _("Ordre"), ("ordre", "position", "rang", "order")),
                Field("is_active", _("Proposée (oui, non)"), ("proposee", "active", "actif", "is active")),
            ),
            ("code",),
            ("code", "label_fr"),
        ),
        Kind(
            "clients",
            _("Clients"),
            (Right.DATA_IMPORT,),
            _CLIENT_FIELDS,
            ("number",),
            ("name",),
            open=("identifiers.", CUSTOM),
            subject="client",
            constants=("kind", "status", "category", "language", "sector", "addresses.main.country"),
        ),
        Kind(
            "people",
            _("Personnes-ressources"),
            (Right.DATA_IMPORT,),
            _PERSON_FIELDS,
            ("external_key",),
            (),
            open=(CUSTOM,),
            subject="person",
            constants=("language", "company", "client"),
        ),
        Kind(
            "addresses",
            _("Adresses"),
            (Right.DATA_IMPORT,),
            _ADDRESS_FIELDS,
            ("external_key", "client"),
            (),
            constants=("kind", "country"),
        ),
        Kind(
            "contracts",
            _("Contrats"),
            (Right.DATA_IMPORT, Right.OBJECT_SYNC),
            _OBJECT_FIELDS,
            ("key",),
            ("key", "client"),
            open=("attributes.",),
            constants=("source_system", "state", "currency", "submitted_by"),
        ),
        Kind(
            "business-objects",
            _("Objets métier"),
            (Right.DATA_IMPORT, Right.OBJECT_SYNC),
            (
                Field("type", _("Type (code)"), ("type", "type d objet", "kind", "object type", "nature")),
                Field(
                    "contract",
                    _("N° du contrat"),
                    ("contrat", "numero de contrat", "contract", "contract number", "n contrat"),
                ),
                *(
                    Field(one.name, one.label, tuple(name for name in one.names if "contra" not in name))
                    for one in _OBJECT_FIELDS
                ),
            ),
            ("key",),
            ("key", "client", "type"),
            open=("attributes.",),
            constants=("type", "source_system", "state", "currency", "submitted_by"),
        ),
        Kind(
            "interactions",
            _("Interactions"),
            (Right.DATA_IMPORT,),
            _INTERACTION_FIELDS,
            ("external_key",),
            ("topic", "channel"),
            open=(CUSTOM,),
            subject="interaction",
            constants=("topic", "channel", "direction", "status", "priority"),
        ),
        Kind(
            "business-accounts",
            _("Comptes d'entreprise"),
            (Right.DATA_IMPORT, Right.RELATIONSHIPS),
            (
                Field("number", _("Numéro d'entreprise"), _ACCOUNT),
                Field("name", _("Nom"), ("nom", "raison sociale", "name", "company", "entreprise")),
                Field("postal_code", _("Code postal"), ("code postal", "codes postaux", "cp", "postal code", "zip")),
                Field("city", _("Ville"), ("ville", "commune", "city", "town")),
                Field("country", _("Pays"), ("pays", "country")),
                Field("programs", _("Comptes de programme"), _PROGRAMS, is_list=True),
                Field("client", _("N° du client"), _CLIENT_REF),
            ),
            ("number",),
            ("number",),
            constants=("number", "country"),
            for_providers=True,
            for_operators=True,
        ),
        # A row is a business that lets the provider act; on the page, one that is asked to.
        Kind(
            "relationships",
            _("Relations d'affaires"),
            (Right.DATA_IMPORT, Right.RELATIONSHIPS),
            (
                Field("number", _("Numéro d'entreprise"), _ACCOUNT),
                Field("client", _("N° du client"), _CLIENT_REF),
                Field("level", _("Niveau (business, program)"), ("niveau", "level")),
                Field("programs", _("Comptes de programme"), _PROGRAMS, is_list=True),
                Field(
                    "visibility", _("Visibilité (own, business, others)"), ("visibilite", "visibility"), is_list=True
                ),
                Field("starts_on", _("Depuis le"), ("depuis", "depuis le", "debut", "starts on", "start", "since")),
                Field("ends_on", _("Jusqu'au"), ("jusqu au", "fin", "date de fin", "ends on", "end", "until")),
                Field("approved_by", _("Approuvée par"), ("approuvee par", "approved by", "mandat")),
                Field("comments", _("Commentaires"), ("commentaires", "commentaire", "comments", "comment")),
            ),
            ("number",),
            (),
            constants=("level", "starts_on", "ends_on", "approved_by", "comments"),
            for_providers=True,
            fields_of_operators=frozenset({"level", "programs", "visibility", "starts_on", "ends_on", "approved_by"}),
        ),
        # A row is a client with its group.
        Kind(
            "groups",
            _("Groupes de clients"),
            (Right.DATA_IMPORT, Right.GROUP_MANAGE),
            (
                Field("members.number", _("N° du client"), _CLIENT_REF),
                Field(
                    "number", _("Code du groupe"), ("groupe", "code groupe", "code du groupe", "group", "group code")
                ),
                Field("name", _("Nom du groupe"), ("nom du groupe", "nom groupe", "group name")),
            ),
            ("number",),
            ("members.number",),
            for_providers=True,
        ),
        # A row is an application with its primary applicant; others are added by the API or by hand.
        Kind(
            "loan-applications",
            _("Demandes de prêt"),
            (Right.DATA_IMPORT, Right.LOAN_EDIT),
            _LOAN_FIELDS,
            ("number",),
            ("number",),
            constants=("status", "branch", "agent", "property.country", "applicant.country", "source_system"),
            module=Module.MORTGAGE,
        ),
    )
}


def kind_named(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise Refusal(
            "E-IMPORT-KIND", _("Ce genre de données ne s’importe pas encore : %(kind)s.") % {"kind": name}, field="kind"
        ) from None


def kind_for(name: str, member: Membership, *, by_operator: bool = False) -> Kind:
    """The kind with the custom fields of the member's organization, recognised by code and by label."""
    kind = kind_named(name)
    if kind.fields_of_operators and not by_operator:
        fields = tuple(one for one in kind.fields if one.name not in kind.fields_of_operators)
        constants = tuple(one for one in kind.constants if one not in kind.fields_of_operators)
        return replace(kind, fields=fields, constants=constants)
    if not kind.subject:
        return kind
    more = tuple(
        Field(
            f"{CUSTOM}{one.code}",
            one.label,
            (search_key(one.label_fr), search_key(one.label_en), one.code.replace("_", " ")),
        )
        for one in fields_of(member, kind.subject)
        if one.is_active
    )
    return replace(kind, fields=kind.fields + more)


def matching_field(kind: Kind, column: str) -> str | None:
    """The field that a column of this name most likely is, or None. The name of the field itself always counts."""
    plain = search_key(column)
    spaced = plain.replace(" ", "_")
    for one in kind.fields:
        if column.strip() == one.name or spaced == one.name:
            return one.name
    for one in kind.fields:
        if plain in one.names or plain == search_key(str(one.label).split("(")[0]):
            return one.name
    for prefix in kind.open:
        if column.strip().lower().startswith(prefix) and kind.knows(column.strip().lower()):
            return column.strip().lower()
    return None
