"""The photo of a person: set, replaced, removed."""

from django.db import transaction

from entregent.audit.actions import record
from entregent.clients.models import Person, PersonPhoto
from entregent.clients.photos import checked
from entregent.organizations.models import Membership


@transaction.atomic
def set_photo(person: Person, *, by: Membership, content: bytes) -> PersonPhoto:
    """Refuses what is no picture, or heavier than 500 kB (E-PHOTO)."""
    record("set_person_photo", by=by, subject=person, name=person.full_name)
    photo, _is_new = PersonPhoto.objects.update_or_create(
        person=person,
        organization_id=by.organization_id,
        defaults={"content": content, "media_type": checked(content)},
    )
    return photo


@transaction.atomic
def remove_photo(person: Person, *, by: Membership) -> None:
    record("remove_person_photo", by=by, subject=person, name=person.full_name)
    PersonPhoto.objects.filter(person=person, organization_id=by.organization_id).delete()
