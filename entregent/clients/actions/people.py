"""People (« personnes-ressources ») and what they are at clients."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients import validation
from entregent.clients.actions import _rules
from entregent.clients.extension_points import person_deleted
from entregent.clients.models import Client, ClientPerson, Person
from entregent.listing import custom_fields
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.text import search_key

MARKS = ("is_primary", "is_preferred", "is_billing")


@transaction.atomic
def create_person(
    *,
    by: Membership,
    file_as: str = "",
    first_name: str = "",
    last_name: str = "",
    title: str = "",
    company: str = "",
    emails=(),
    phones=(),
    language: str | None = None,
    birth_date=None,
    external_key: str = "",
    custom: Mapping | None = None,
    client: Client | None = None,
    is_primary: bool = False,
    is_preferred: bool = False,
    is_billing: bool = False,
) -> Person:
    """Creates a person, at a client or on their own. « Classer sous » is made of the name when it is left out."""
    record("create_person", by=by, client_id=client.pk if client else None, name=file_as or f"{first_name} {last_name}")
    data = {
        "file_as": file_as,
        "first_name": first_name,
        "last_name": last_name,
        "title": title,
        "company": company,
        "emails": emails,
        "phones": phones,
        "language": language or by.organization.language,
        "birth_date": birth_date,
        "external_key": external_key,
    }
    values, refusals = validation.clean_person(data, country=by.organization.country)
    values["custom"], custom_refusals = custom_fields.clean(by, "person", custom, is_new=True)
    _rules.refuse_if_any(refusals + custom_refusals)
    person = Person.objects.create(organization_id=by.organization_id, sort_key=sort_key_of(values), **values)
    if client is not None:
        _attach(person, client, by=by, is_primary=is_primary, is_preferred=is_preferred, is_billing=is_billing)
    return person


@transaction.atomic
def update_person(person: Person, *, by: Membership, version: int | None, **changes) -> Person:
    """Changes fields of a person; refuses a stale `version`."""
    record("update_person", by=by, subject=person)
    person = _locked_person(person, by=by)
    _rules.check_version(person, version, by=by, when=person.updated_at)
    custom = changes.pop("custom", None)
    values, refusals = validation.clean_person(changes, country=by.organization.country, whole=False)
    values["custom"], custom_refusals = custom_fields.clean(by, "person", custom, before=person.custom)
    _rules.refuse_if_any(refusals + custom_refusals)
    known = {field: getattr(person, field) for field in ("file_as", "first_name", "last_name", "company")}
    values["sort_key"] = sort_key_of(known | values)
    changed = [field for field, value in values.items() if getattr(person, field) != value]
    if changed:
        for field in changed:
            setattr(person, field, values[field])
        _rules.bump(person, by=by)
        person.save(update_fields=[*changed, "version", "updated_at"])
    return person


@transaction.atomic
def delete_person(person: Person, *, by: Membership) -> Person:
    """Soft deletion (R004-16): refused while primary of a client (E-004-PRIMARY); ties end, interactions are kept."""
    record("delete_person", by=by, subject=person)
    person = _locked_person(person, by=by)
    ties = ClientPerson.objects.select_for_update(of=("self",)).filter(person=person)
    if ties.filter(is_primary=True, client__deleted_at__isnull=True).exists():
        raise Refusal("E-004-PRIMARY", _("Désignez d’abord une autre personne principale."), status=409)
    ties.delete()
    person.deleted_at = timezone.now()
    _rules.bump(person, by=by)
    person.save(update_fields=["deleted_at", "version", "updated_at"])
    for contribution in person_deleted:
        contribution(person, by=by)
    return person


@transaction.atomic
def attach_person(
    person: Person,
    *,
    client: Client,
    by: Membership,
    is_primary: bool = False,
    is_preferred: bool = False,
    is_billing: bool = False,
) -> ClientPerson:
    """Ties an existing person to a client; tying twice changes nothing but the marks given."""
    record("attach_person", by=by, subject=person, client_id=client.pk)
    person = _locked_person(person, by=by)
    return _attach(person, client, by=by, is_primary=is_primary, is_preferred=is_preferred, is_billing=is_billing)


@transaction.atomic
def mark_person(person: Person, *, client: Client, by: Membership, **marks: bool) -> ClientPerson:
    """Says what a person is at a client: `is_primary`, `is_preferred`, `is_billing`. Whoever was it before is it no
    longer (R004-13)."""
    record("mark_person", by=by, subject=person, client_id=client.pk)
    tie = _tie(person, client, by=by)
    return _mark(tie, {mark: bool(value) for mark, value in marks.items() if mark in MARKS}, by=by)


@transaction.atomic
def detach_person(person: Person, *, client: Client, by: Membership) -> None:
    """The person no longer stands for the client; both remain."""
    record("detach_person", by=by, subject=person, client_id=client.pk)
    _tie(person, client, by=by).delete()
    _rules.announce(client, by=by, what="detach_person")


def _attach(person: Person, client: Client, *, by: Membership, **marks: bool) -> ClientPerson:
    if client.organization_id != by.organization_id or person.organization_id != by.organization_id:
        raise NotFound
    _rules.locked(client, by=by)  # Marks of one client are given one after the other.
    tie, _is_new = ClientPerson.objects.get_or_create(
        client=client, person=person, defaults={"organization_id": by.organization_id}
    )
    return _mark(tie, {mark: True for mark, value in marks.items() if value}, by=by)


def _mark(tie: ClientPerson, marks: dict[str, bool], *, by: Membership) -> ClientPerson:
    changed = [mark for mark, value in marks.items() if getattr(tie, mark) != value]
    for mark in changed:
        if marks[mark]:
            ClientPerson.objects.filter(client_id=tie.client_id, **{mark: True}).update(**{mark: False})
        setattr(tie, mark, marks[mark])
    if changed:
        tie.save(update_fields=changed)
    _rules.announce(tie.client, by=by, what="mark_person")
    return tie


def _tie(person: Person, client: Client, *, by: Membership) -> ClientPerson:
    _rules.locked(client, by=by)
    try:
        return ClientPerson.objects.get(organization_id=by.organization_id, client=client, person=person)
    except ClientPerson.DoesNotExist as absent:
        raise NotFound from absent


def _locked_person(person: Person, *, by: Membership) -> Person:
    person = _rules.locked(person, by=by)
    if person.deleted_at is not None:
        raise NotFound
    return person


def sort_key_of(values: dict) -> str:
    return search_key(f"{values['last_name']} {values['first_name']}".strip() or values["file_as"])[:200]
