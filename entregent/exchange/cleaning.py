"""From the texts of a row to the values of its fields, by the rules of the forms (`clients.validation`).

Pure but for what is looked up once at the start (sectors, members, topics, types): a million rows pass here, so what
repeats from row to row (an address, a sector, an e-mail of an agent) is worked out once.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.clients import photos, validation
from entregent.clients.models import Address, BusinessObjectType, Client
from entregent.enrollment.models import LoanApplication
from entregent.exchange import delegation, vcards
from entregent.exchange.fields import CUSTOM, kind_named
from entregent.exchange.reach import out_of_reach, reached_sectors
from entregent.interactions.actions.rules import NOTES_AT_MOST, clean_notes, date_refusals
from entregent.interactions.models import Interaction, Topic
from entregent.listing.custom_fields import clean_value, fields_of, staff_of
from entregent.organizations.models import Membership, Sector
from entregent.relationships.models import Visibility, today_of
from entregent.relationships.reach import is_provider
from entregent.toolbox.errors import Refusal, required, too_long
from entregent.toolbox.text import one_line, search_key

# A cell that a spreadsheet takes for a formula: what it shows is not what the file holds.
_FORMULA = re.compile(r"=\s*[A-Za-z0-9(\"'+\-@{\[]")
_TRUE = frozenset({"1", "oui", "o", "vrai", "true", "yes", "y", "x"})
_FALSE = frozenset({"0", "non", "n", "faux", "false", "no"})
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _limits(model, names: str) -> dict[str, tuple[Any, int]]:
    """Field → (its name for people, its most characters)."""
    fields = [model._meta.get_field(name) for name in names.split()]
    return {one.name: (one.verbose_name, one.max_length) for one in fields}


_CLIENT_TEXTS = _limits(Client, "name first_name")
_ADDRESS_TEXTS = _limits(Address, "street unit city region postal_code")
_country = lru_cache(maxsize=500)(validation.clean_country)


@dataclass
class Cleaned:
    """`fields` are columns of the kind's own table, `extra` the rest; `key` is what the row is recognised by."""

    fields: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    reason: str = ""


_PLACE_PARTS = frozenset({"street", "unit", "city", "region", "postal_code", "country"})
# Of a person one address comes in with the row; further ones by an import of addresses.
_MAIN = "addresses.main."


class Cleaner:
    """Cleans the rows of one import. `member` is who imports: their organization's country, zone and reach count."""

    def __init__(self, kind: str, key: str, member: Membership, *, by_operator: bool = False):
        self.kind = kind
        self.by_operator = by_operator
        self.key = key
        self.member = member
        self.country = member.organization.country
        self.zone = ZoneInfo(member.organization.time_zone)
        self.today = today_of(member.organization)
        self.is_provider = is_provider(member)
        self.clean: Callable[[dict[str, Any]], Cleaned] = {
            "sectors": self._sector_row,
            "topics": self._topic,
            "clients": self._client,
            "people": self._person,
            "addresses": self._address,
            "contracts": self._object,
            "business-objects": self._object,
            "interactions": self._interaction,
            "business-accounts": self._business_account,
            "relationships": self._relationship,
            "groups": self._group_row,
            "loan-applications": self._loan,
        }[kind]
        self.sectors = dict(Sector.objects.filter(organization_id=member.organization_id).values_list("code", "id"))
        self.reached = reached_sectors(member)
        members = Membership.objects.filter(organization_id=member.organization_id, is_active=True)
        self.users = {email.lower(): pk for email, pk in members.values_list("user__email", "user_id")}
        self.names = dict(members.values_list("user_id", "user__name"))
        self.types = dict(
            BusinessObjectType.objects.filter(organization_id=member.organization_id).values_list("code", "id")
        )
        self.topics: dict[str, int] = {}
        for topic in Topic.objects.filter(organization_id=member.organization_id):
            for name in (topic.label_en, topic.label_fr, topic.code):
                self.topics[search_key(name)] = topic.pk
        self._place = lru_cache(maxsize=20_000)(self._clean_place)
        self._few = lru_cache(maxsize=2_000)(self._clean_few)
        subject = kind_named(kind).subject
        self.custom_fields = {one.code: one for one in fields_of(member, subject)} if subject else {}
        if self.custom_fields:
            staff_of(member)  # Kept with the member: rows are cleaned without asking the database.

    def row(self, values: dict[str, Any]) -> Cleaned:
        """One row: what it becomes, or the reason for which it is refused."""
        for value in values.values():
            for text in value if isinstance(value, list) else (value,):
                if text[:1] == "=" and _FORMULA.match(text):
                    return Cleaned(reason=_("Formule refusée : %(text)s.") % {"text": text[:40]})
        try:
            return self.clean(values)
        except Refusal as refusal:
            return Cleaned(reason=str(refusal.message))

    # Sectors and topics

    def _sector_row(self, values):
        fields = _texts(values, {"code": (_("Code"), 40), "name": (_("Nom"), 120), "level": (_("Niveau"), 60)})
        if not fields.get("code"):
            raise required("code", _("Code"))
        extra = {}
        if values.get("parent"):
            extra["parent"] = _line(values["parent"], _("Secteur parent"), 40)
            if extra["parent"] == fields["code"]:
                raise Refusal("E-SECTOR", _("Un secteur ne peut pas être son propre parent."), field="parent")
        return Cleaned(fields, extra, fields["code"])

    def _group_row(self, values):
        """A client without a group is left where it is; names are settled over the whole file (`grouping`)."""
        client = _line(values.get("members.number", ""), _("N° du client"), 40)
        if not client:
            raise required("members.number", _("N° du client"))
        extra = {"client": client}
        code = _line(values.get("number", ""), _("Code du groupe"), 80) or one_line(values.get("name", ""))[:200]
        if code:
            extra |= {"group": code, "name": one_line(values.get("name", ""))}
        return Cleaned(extra=extra, key=client)

    def _business_account(self, values):
        return Cleaned(*delegation.clean_account(values, _country))

    def _relationship(self, values):
        return Cleaned(*delegation.clean_relationship(values, _day, by_operator=self.by_operator, today=self.today))

    def _loan(self, values):
        """An application, and its primary applicant as far as the row tells of one."""
        if self.reached is not None:
            raise Refusal("E-SCOPE", out_of_reach(), field="number")
        number = validation.clean_number(values.get("number", ""))
        if not number:
            raise required("number", _("N° de demande"))
        fields = _texts(values, {"branch": (_("Succursale"), 80), "source_system": (_("Système d’origine"), 40)})
        if values.get("status"):
            fields["status"] = _choice(values["status"], _("Statut"), LoanApplication.Status)
        if values.get("agent"):
            fields["agent_id"] = self._user(values["agent"])
        people = {name[10:]: value for name, value in values.items() if name.startswith("applicant.")}
        person = _texts(people, {"first_name": (_("Prénom"), 100), "last_name": (_("Nom"), 100)})
        for whose, prefix in ((fields, "property."), (person, "applicant.")):
            parts = {name[len(prefix) :]: value for name, value in values.items() if name.startswith(prefix)}
            parts = {part: value for part, value in parts.items() if part in _PLACE_PARTS}
            whose |= self._place(tuple(sorted(parts.items()))) or {}
        if people.get("birth_date"):
            born, refusals = validation.clean_client({"birth_date": people["birth_date"]}, whole=False)
            if refusals:
                raise refusals[0]
            person["birth_date"] = born["birth_date"].isoformat()
        if people.get("email"):
            (person["email"],) = validation.clean_emails([people["email"]])
        if people.get("phone"):
            person["phone"] = validation.clean_phones([people["phone"]], country=self.country)[0]["number"]
        return Cleaned(fields, {"person": person} if person else {}, number)

    def _topic(self, values):
        fields = _texts(values, {"label_fr": (_("Libellé français"), 60), "label_en": (_("Libellé anglais"), 60)})
        code = one_line(values.get("code", "")).lower()
        if not code:
            raise required("code", _("Code"))
        if not _CODE.fullmatch(code):
            raise Refusal("E-CODE", _("Code invalide : lettres sans accent, chiffres et tirets."), field="code")
        fields["code"] = code
        if "applies_to" in values:
            fields["applies_to"] = [_choice(one, _("Proposée pour"), Topic.AppliesTo) for one in values["applies_to"]]
        if "position" in values:
            fields["position"] = _whole(values["position"], _("Ordre"))
        if "is_active" in values:
            fields["is_active"] = _flag(values["is_active"], _("Proposée"))
        return Cleaned(fields, {}, code)

    # Clients

    def _client(self, values):
        data: dict[str, Any] = {}
        places: dict[str, dict[str, str]] = {}
        identifiers: dict[str, str] = {}
        custom: dict[str, str] = {}
        for name, value in values.items():
            if name.startswith("addresses."):
                _start, place, part = name.split(".", 2)
                places.setdefault(place, {})[part] = value
            elif name.startswith("identifiers."):
                identifiers[name[12:]] = value
            elif name.startswith(CUSTOM):
                custom[name[len(CUSTOM) :]] = value
            else:
                data[name] = value
        sector = data.pop("sector", None)
        responsible = data.pop("responsible", None)
        cleaned: dict[str, Any] = {}
        # The same rules as the forms', called one by one: a name is looked at a million times.
        for name in ("name", "first_name"):
            if name in data:
                cleaned[name] = _short(data.pop(name), _CLIENT_TEXTS[name])
        key = validation.clean_number(data.pop("number", ""))
        if "emails" in data:
            cleaned["emails"] = validation.clean_emails(data.pop("emails"))
        if "phones" in data:
            cleaned["phones"] = validation.clean_phones(data.pop("phones"), country=self.country)
        if "tags" in data:
            # One column holds several, with commas; several columns may be matched.
            cleaned["tags"] = validation.clean_tags(",".join(data.pop("tags")))
        if identifiers:
            cleaned["identifiers"] = validation.clean_identifiers(identifiers)
        if "birth_date" in data:
            born, refusals = validation.clean_client({"birth_date": data.pop("birth_date")}, whole=False)
            if refusals:
                raise refusals[0]
            cleaned["birth_date"] = born["birth_date"].isoformat()
        if data:
            cleaned |= self._few(tuple(data.items()))
        if sector is not None:
            cleaned["sector_id"] = self._sector(sector)
        if responsible is not None:
            cleaned["responsible_id"] = self._user(responsible)
        if custom:
            cleaned["custom"] = self._custom(custom)
        addresses = {
            place: cleaned_place
            for place, parts in places.items()
            if (cleaned_place := self._place(tuple(sorted(parts.items()))))
        }
        extra = {"addresses": addresses} if addresses else {}
        # A row without a number is recognised by all of itself: the same row twice in a file is one client.
        return Cleaned(cleaned, extra, key or f"~{_print_of([cleaned, extra])}")

    def _clean_few(self, values: tuple[tuple[str, str], ...]) -> dict[str, str]:
        """Fields with few values: nature, status, category, language."""
        data = dict(values)
        if "kind" in data:
            data["kind"] = _choice(data["kind"], _("Nature"), Client.Kind)
        if "status" in data:
            data["status"] = _choice(data["status"], _("Statut"), Client.Status)
        cleaned, refusals = validation.clean_client(data, country=self.country, whole=False)
        if refusals:
            raise refusals[0]
        return cleaned

    def _clean_place(self, parts: tuple[tuple[str, str], ...]) -> dict[str, str] | None:
        data = dict(parts)
        if not any(data.get(part) for part in ("street", "postal_code", "city")):
            return None
        country = _country(data.pop("country", "") or self.country)
        postal_code = data.pop("postal_code", "")
        cleaned = {part: _short(value, _ADDRESS_TEXTS[part]) for part, value in data.items()}
        cleaned["country"] = country
        if postal_code:
            cleaned["postal_code"] = validation.clean_postal_code(
                _short(postal_code, _ADDRESS_TEXTS["postal_code"]), country
            )
        return cleaned

    # People and addresses

    def _person(self, values):
        data = {name: value for name, value in values.items() if not name.startswith((CUSTOM, _MAIN))}
        extra: dict[str, Any] = {}
        parts = {name[len(_MAIN) :]: value for name, value in values.items() if name.startswith(_MAIN)}
        if place := self._place(tuple(sorted(parts.items()))):
            extra["addresses"] = {"main": place}
        if "client" in data:
            extra["client"] = _line(data.pop("client"), _("N° du client"), 40)
        if photo := data.pop("photo", ""):
            extra["photo"] = _photo(photo)
        for mark in ("is_primary", "is_preferred", "is_billing"):
            if mark in data:
                extra[mark] = _flag(data.pop(mark), _("Rôle"))
        cleaned, refusals = validation.clean_person(data, country=self.country, whole=False)
        if not refusals and not cleaned.get("file_as"):
            name = validation.file_as(cleaned)
            if name:
                cleaned["file_as"] = name
        if refusals:
            raise refusals[0]
        if cleaned.get("birth_date"):
            cleaned["birth_date"] = cleaned["birth_date"].isoformat()
        custom = {name[len(CUSTOM) :]: value for name, value in values.items() if name.startswith(CUSTOM)}
        if custom:
            cleaned["custom"] = self._custom(custom)
        return Cleaned(cleaned, extra, cleaned.get("external_key", ""))

    def _address(self, values):
        data = dict(values)
        extra: dict[str, Any] = {}
        for owner, label in (("client", _("N° du client")), ("person", _("Clé externe de la personne"))):
            if owner in data:
                extra[owner] = _line(data.pop(owner), label, 80)
        data.setdefault("kind", "main")
        data.setdefault("country", self.country)
        cleaned, refusals = validation.clean_address(data, country=self.country, whole=True)
        if refusals:
            raise refusals[0]
        cleaned = {name: value for name, value in cleaned.items() if name in data}
        if len(extra) != 1:
            raise Refusal("E-IMPORT-OWNER", _("Indiquez le client ou la personne, l’un des deux."), field="client")
        key = cleaned.get("external_key", "")
        if not key and cleaned["kind"] != "other":
            owner, number = next(iter(extra.items()))
            key = f"{owner} {number} {cleaned['kind']}"
        return Cleaned(cleaned, extra, key)

    # Contracts and other business objects

    def _object(self, values):
        data: dict[str, Any] = {}
        attributes: dict[str, str] = {}
        for name, value in values.items():
            if name.startswith("attributes."):
                attributes[name[11:]] = value
            else:
                data[name] = value
        extra = {"client": _line(data.pop("client", ""), _("N° du client"), 40)}
        if not extra["client"]:
            raise required("client", _("N° du client"))
        type_code = "contract" if self.kind == "contracts" else one_line(data.pop("type", "")).lower()
        if type_code not in self.types:
            raise Refusal(
                "E-TYPE", _("Type d’objet métier inconnu : %(code)s.") % {"code": type_code[:40]}, field="type"
            )
        if data.get("contract"):
            extra["contract"] = _line(data.pop("contract"), _("N° du contrat"), 80)
        program, submitted = data.pop("program_account", ""), data.pop("submitted_by", "")
        if program:
            extra["program"] = delegation.program_number(program)
        sector = data.pop("sector", None)
        if attributes:
            data["attributes"] = attributes
        cleaned, refusals = validation.clean_business_object(data, whole=False)
        if refusals:
            raise refusals[0]
        if not cleaned.get("key"):
            raise required("key", _("Numéro"))
        for name in ("dated_on", "due_on"):
            if cleaned.get(name):
                cleaned[name] = cleaned[name].isoformat()
        if cleaned.get("amount") is not None:
            cleaned["amount"] = str(cleaned["amount"])
            cleaned.setdefault("currency", self.member.organization.currency)
        if sector is not None:
            cleaned["sector_id"] = self._sector(sector)
        if submitted:
            cleaned["submitted_by"] = _choice(submitted, _("Transmis par"), Visibility)
        if not self.is_provider and (program or cleaned.get("submitted_by", Visibility.OWN) != Visibility.OWN):
            raise Refusal("E-002-PROVIDER", _("Fonction réservée aux fournisseurs de services."))
        cleaned["type_id"] = self.types[type_code]
        cleaned.setdefault("source_system", "")
        return Cleaned(cleaned, extra, f"{type_code} {cleaned['source_system']} {cleaned['key']}")

    # Interactions

    def _interaction(self, values):
        fields = _texts(
            values,
            {
                "external_key": (_("Clé externe"), 80),
                "subject": (_("Objet"), 200),
                "contact_name": (_("Nom du contact"), 120),
                "contact_phone": (_("Téléphone du contact"), 40),
                "reference": (_("Référence"), 120),
            },
        )
        extra: dict[str, Any] = {}
        moment = timezone.now()
        for party, label in (("client", _("N° du client")), ("person", _("Clé externe de la personne"))):
            if party in values:
                extra[party] = _line(values[party], label, 80)
        if not extra:
            raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
        for name, label, choices in (
            ("channel", _("Canal"), Interaction.Channel),
            ("direction", _("Sens"), Interaction.Direction),
            ("status", _("Statut"), Interaction.Status),
            ("priority", _("Priorité"), Interaction.Priority),
        ):
            if name in values:
                fields[name] = _choice(values[name], label, choices)
        if "topic" in values:
            topic = self.topics.get(search_key(values["topic"]))
            if topic is None:
                raise Refusal(
                    "E-TOPIC", _("Rubrique inconnue : %(name)s.") % {"name": values["topic"][:60]}, field="topic"
                )
            fields["topic_id"] = topic
        if "occurred_at" in values:
            fields["occurred_at"] = (moment := self._moment(values["occurred_at"])).isoformat()
        author = self._user(values["author"]) if "author" in values else self.member.user_id
        day = _day(values["follow_up_on"], _("Date de suivi")) if "follow_up_on" in values else None
        for refusal in date_refusals(occurred_at=moment, follow_up_on=day, zone=self.zone.key):
            raise refusal
        if day is not None:
            fields["follow_up_on"] = day.isoformat()
            owner = self._user(values["follow_up_owner"]) if "follow_up_owner" in values else author
            fields["follow_up_owner_id"] = owner
        notes = clean_notes(values.get("notes", ""))
        if len(notes) > NOTES_AT_MOST:
            raise too_long("notes", _("Notes"), NOTES_AT_MOST)
        extra["notes"] = notes
        extra["internal"] = _flag(values["internal"], _("Interne")) if "internal" in values else False
        extra["incoming"] = fields.get("direction") == "incoming" and not extra["internal"]
        extra["author"] = author
        custom = {name[len(CUSTOM) :]: value for name, value in values.items() if name.startswith(CUSTOM)}
        if custom:
            fields["custom"] = self._custom(custom)
        extra["entry_name"] = self.names.get(author, self.member.name)[:80]
        return Cleaned(fields, extra, fields.get("external_key", ""))

    # Custom fields

    def _custom(self, given: dict[str, str]) -> dict[str, Any]:
        """Values by code, None for those that are taken away. What is no longer offered may still come from a file."""
        cleaned: dict[str, Any] = {}
        for code, text in given.items():
            known = self.custom_fields.get(code)
            if known is None:
                raise Refusal(
                    "E-004-FIELD", _("Champ personnalisé inconnu : %(code)s.") % {"code": code[:40]}, field="custom"
                )
            cleaned[code] = clean_value(known, text, member=self.member, in_words=True)
        return cleaned

    # What rows refer to

    def _sector(self, code: str) -> int:
        found = self.sectors.get(code) or self.sectors.get(one_line(code))
        if found is None:
            raise Refusal("E-SECTOR", _("Secteur inconnu : %(code)s.") % {"code": code[:40]}, field="sector")
        if self.reached is not None and found not in self.reached:
            raise Refusal("E-SECTOR", _("Ce secteur est hors de votre périmètre."), field="sector")
        return found

    def _user(self, email: str) -> int:
        found = self.users.get(one_line(email).lower())
        if found is None:
            raise Refusal("E-000-AGENT", _("Agent inconnu : %(email)s.") % {"email": email[:60]}, field="responsible")
        return found

    def _moment(self, text: str) -> datetime:
        text = one_line(text)
        for pattern in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"):
            try:
                return datetime.strptime(text, pattern).replace(tzinfo=self.zone)
            except ValueError:
                continue
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Refusal(
                "E-DATE", _("%(field)s : date invalide.") % {"field": _("Date interaction")}, field="occurred_at"
            ) from None
        if moment.year < 1900:
            raise Refusal(
                "E-DATE", _("%(field)s : date invalide.") % {"field": _("Date interaction")}, field="occurred_at"
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


def _short(text: str, limit: tuple[Any, int]) -> str:
    text = one_line(text)
    label, most = limit
    if len(text) > most:
        raise too_long(None, str(label).capitalize(), most)
    return text


def _print_of(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).hexdigest()


def _line(text: str, label, most: int) -> str:
    text = one_line(text)
    if len(text) > most:
        raise too_long(None, label, most)
    return text


def _texts(values: dict[str, Any], known: dict[str, tuple[str, int]]) -> dict[str, Any]:
    return {name: _line(values[name], label, most) for name, (label, most) in known.items() if name in values}


def _choice(text: str, label, choices) -> str:
    """A choice by its code or by its label in either language that the person sees."""
    text = one_line(text)
    if text in choices.values:
        return text
    plain = search_key(text)
    for value, shown in choices.choices:
        if plain in (search_key(value), search_key(str(shown))):
            return value
    raise Refusal("E-CHOICE", _("%(field)s : choix inconnu (%(text)s).") % {"field": label, "text": text[:40]})


def _flag(text: str, label) -> bool:
    plain = search_key(text)
    if plain in _TRUE:
        return True
    if plain in _FALSE:
        return False
    raise Refusal("E-CHOICE", _("%(field)s : oui ou non.") % {"field": label})


def _whole(text: str, label) -> int:
    if not re.fullmatch(r"-?[0-9]{1,6}", text.strip()):
        raise Refusal("E-NUMBER", _("%(field)s : nombre entier attendu.") % {"field": label})
    return int(text)


def _day(text: str, label) -> date:
    text = one_line(text)
    for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text, pattern).date()
        except ValueError:
            continue
        if day.year >= 1900:
            return day
    raise Refusal("E-DATE", _("%(field)s : date invalide.") % {"field": label})


def _photo(text: str) -> dict[str, str]:
    """A picture as base64, and its kind."""
    if text == vcards.TOO_HEAVY:
        raise photos.too_heavy()
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as broken:
        raise Refusal("E-PHOTO", _("La photo est illisible."), field="photo") from broken
    return {"content": base64.b64encode(content).decode(), "media_type": photos.checked(content)}
