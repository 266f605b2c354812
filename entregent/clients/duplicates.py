"""Who a new client may already be: the same phone, e-mail, identifier or name, among the clients in reach."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from entregent.clients.models import Client, Person
from entregent.clients.validation import clean_identifiers
from entregent.organizations.models import Membership
from entregent.search.models import Entry, Kind
from entregent.toolbox.errors import Refusal
from entregent.toolbox.phones import PhoneInvalid, to_e164
from entregent.toolbox.text import digits, search_key

MOST = 5
_CANDIDATES = 50


@dataclass(frozen=True)
class Sought:
    """What is typed, in the form in which it is compared."""

    name: str
    phone: str
    email: str
    identifiers: dict[str, str]

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.phone or self.email or self.identifiers)


def likely_duplicates(
    member: Membership, *, name: str = "", first_name: str = "", phone: str = "", email: str = "", identifiers=None
) -> list[tuple[Client, list[str]]]:
    """The clients that are likely the same, the most alike first, each with the reasons in words.

    Cheap: fragments of the search index give candidates, the clients in reach among them are compared. A person at a
    client counts as well: the index holds their phones and e-mails.
    """
    sought = _sought(member, name, first_name, phone, email, identifiers)
    if sought.is_empty:
        return []
    entries = Entry.objects.filter(organization_id=member.organization_id, kind=Kind.CLIENT).filter(_alike(sought))
    candidates = list(entries.values_list("subject_id", flat=True)[:_CANDIDATES])
    if not candidates:
        return []
    clients = (
        Client.objects.visible_to(member)
        .filter(pk__in=candidates)
        .select_related("sector")
        .prefetch_related("client_people__person")
        .order_by("sort_key", "id")
    )
    found = [(client, _reasons(client, sought)) for client in clients]
    return sorted((pair for pair in found if pair[1]), key=lambda pair: -len(pair[1]))[:MOST]


def _sought(member, name, first_name, phone, email, identifiers) -> Sought:
    try:
        number = to_e164(phone, region=member.organization.country) if len(digits(phone)) >= 6 else ""
    except PhoneInvalid:
        number = ""
    try:
        known = clean_identifiers(identifiers)
    except Refusal:
        known = {}
    words = search_key(f"{name} {first_name}"[:200])
    return Sought(
        name=words if len(words) >= 3 else "",
        phone=number,
        email=email.strip().lower()[:254] if "@" in email and len(email) > 5 else "",
        identifiers=known,
    )


def _alike(sought: Sought) -> Q:
    alike = Q(pk__in=[])
    if sought.phone:
        alike |= Q(doc__contains=digits(sought.phone))
    if sought.email:
        alike |= Q(doc__contains=search_key(sought.email))
    for value in sought.identifiers.values():
        alike |= Q(doc__contains=f" {value.lower()} ")
    if sought.name:
        every_word = Q()
        for word in sought.name.split()[:6]:
            every_word &= Q(doc__contains=f" {word} ")
        alike |= every_word
    return alike


def _reasons(client: Client, sought: Sought) -> list[str]:
    people = [tie.person for tie in client.client_people.all() if tie.person.deleted_at is None]
    owners: list[Client | Person] = [client, *people]
    phones = {phone["number"] for owner in owners for phone in owner.phones}
    emails = {email.lower() for owner in owners for email in owner.emails}
    reasons = []
    if sought.phone and sought.phone in phones:
        reasons.append(_("même téléphone"))
    if sought.email and sought.email in emails:
        reasons.append(_("même courriel"))
    if any(client.identifiers.get(code) == value for code, value in sought.identifiers.items()):
        reasons.append(_("même identifiant"))
    if sought.name and set(sought.name.split()) <= set(client.sort_key.split()):
        reasons.append(_("même nom"))
    return reasons
