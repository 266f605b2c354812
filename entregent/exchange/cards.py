"""vCard 4.0 out (RFC 6350): clients and people, one or as many as a list holds."""

import uuid
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from entregent.clients.models import Address, Client, ClientPerson, Person, PersonPhoto
from entregent.organizations.models import Membership

# The lists whose records are somebody, or a firm.
CARD_LISTS = ("clients", "people")
CHUNK = 200
WITH_PHOTOS = 10
# What phones are labelled with, in both languages → the types of vCard.
_PHONES = {
    "mobile": "cell", "portable": "cell", "cellulaire": "cell", "cell": "cell", "bureau": "work", "travail": "work",
    "work": "work", "office": "work", "domicile": "home", "maison": "home", "home": "home", "fixe": "voice",
    "télécopie": "fax", "fax": "fax",
}  # fmt: skip
# UIDs are the same whenever and by whomever a card is taken out.
_NAMESPACE = uuid.UUID("5b1f3f0e-6f0a-4f1e-9d51-2f0f7f0a5c11")


def cards_of(export) -> Iterator[bytes]:
    """The cards of a list, in its order."""
    draw = client_cards if export.definition.code == "clients" else person_cards
    keys = export.pks()
    while chunk := list(islice(keys, CHUNK)):
        yield from draw(export.member, chunk)


def person_cards(member: Membership, keys: Iterable[int]) -> Iterator[bytes]:
    """The cards of people within reach, in the order of the keys."""
    keys = list(keys)
    people = {one.pk: one for one in Person.objects.visible_to(member).filter(pk__in=keys)}
    addresses = _addresses(Address.objects.visible_to(member).filter(person__in=list(people)), "person_id")
    firms = defaultdict(list)
    seen = Client.objects.visible_to(member).filter(client_people__person__in=list(people))
    ties = ClientPerson.objects.filter(person__in=list(people), client__in=seen.values("pk"))
    for person_id, name in ties.order_by("client__sort_key").values_list("person_id", "client__display_name"):
        firms[person_id].append(name)
    found = (people[key] for key in keys if key in people)
    # Pictures weigh 500 kB each at most: a few at a time.
    while some := list(islice(found, WITH_PHOTOS)):
        photos = {one.person_id: one for one in PersonPhoto.objects.filter(person__in=[one.pk for one in some])}
        for one in some:
            yield _of_person(one, addresses[one.pk], firms[one.pk], photos.pop(one.pk, None))


def client_cards(member: Membership, keys: Iterable[int]) -> Iterator[bytes]:
    keys = list(keys)
    clients = {one.pk: one for one in Client.objects.visible_to(member).filter(pk__in=keys)}
    addresses = _addresses(Address.objects.visible_to(member).filter(client__in=list(clients)), "client_id")
    found = [clients[key] for key in keys if key in clients]
    for one in found:
        yield _of_client(one, addresses[one.pk])


def _addresses(records, owner: str) -> dict[int, list[Address]]:
    found = defaultdict(list)
    for one in records.order_by("id"):
        found[getattr(one, owner)].append(one)
    return found


def _of_person(person: Person, addresses: list[Address], firms: list[str], photo: PersonPhoto | None) -> bytes:
    lines: list[tuple[str, Any]] = [
        ("KIND", "individual"),
        ("FN", person.full_name),
        ("N", [person.last_name or person.file_as, person.first_name, "", "", ""]),
        ("TITLE", person.title),
        ("ORG", person.company or (firms[0] if len(firms) == 1 else "")),
        ("BDAY", person.birth_date),
        ("LANG", person.language),
        ("UID", person.external_key or _uid("person", person.pk)),
        ("REV", person.updated_at),
    ]
    if photo is not None:
        # As RFC 6350 has it: an address that holds the picture itself, whose commas and semicolons stand as they are.
        lines.append(("PHOTO", _Plain(f"data:{photo.media_type};base64,{b64encode(bytes(photo.content)).decode()}")))
    return _card(lines, person.emails, person.phones, addresses)


def _of_client(client: Client, addresses: list[Address]) -> bytes:
    lines: list[tuple[str, Any]] = [
        ("KIND", "org" if client.is_company else "individual"),
        ("FN", client.display_name),
        ("N", ["", "", "", "", ""] if client.is_company else [client.name, client.first_name, "", "", ""]),
        ("ORG", client.name if client.is_company else ""),
        ("BDAY", None if client.is_company else client.birth_date),
        ("LANG", client.language),
        ("UID", _uid("client", client.pk)),
        ("X-CLIENT-NUMBER", client.number),
        ("REV", client.updated_at),
    ]
    return _card(lines, client.emails, client.phones, addresses)


def _card(lines: list[tuple[str, Any]], emails: list[str], phones: list[dict], addresses: list[Address]) -> bytes:
    for place, email in enumerate(emails):
        lines.append(("EMAIL;PREF=1" if place == 0 else "EMAIL", email))
    for place, phone in enumerate(phones):
        kind = _PHONES.get(str(phone.get("label", "")).strip().lower(), "voice")
        pref = ";PREF=1" if place == 0 else ""
        lines.append((f"TEL;VALUE=uri;TYPE={kind}{pref}", f"tel:{phone['number']}"))
    for address in addresses:
        parts = ["", address.unit, address.street, address.city, address.region, address.postal_code, address.country]
        lines.append(("ADR;PREF=1" if address.kind == Address.Kind.MAIN else "ADR", parts))
    texts = ["BEGIN:VCARD", "VERSION:4.0"]
    texts += [f"{name}:{_value(value)}" for name, value in lines if value not in (None, "")]
    texts.append("END:VCARD")
    return b"".join(folded(text) for text in texts)


class _Plain(str):
    """A text that is written as it is."""


def _value(value) -> str:
    if isinstance(value, _Plain):
        return value
    if isinstance(value, list):
        return ";".join(_escaped(part) for part in value)
    if isinstance(value, datetime):
        return f"{value:%Y%m%dT%H%M%SZ}"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    return _escaped(value)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def folded(line: str) -> bytes:
    """A line in pieces of at most 75 octets, never within a character; a piece that goes on begins with a space."""
    pieces, piece = [], b""
    if line.isascii():
        octets = line.encode()
        pieces = [octets[:75], *(octets[place : place + 74] for place in range(75, len(octets), 74))]
        return b"\r\n ".join(pieces) + b"\r\n"
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > (75 if not pieces else 74):
            pieces.append(piece)
            piece = b""
        piece += octets
    pieces.append(piece)
    return b"\r\n ".join(pieces) + b"\r\n"


def _uid(kind: str, key: int) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{kind} {key}')}"
