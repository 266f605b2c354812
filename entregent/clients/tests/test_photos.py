"""The photo of a person: set, seen within reach, replaced, removed; nothing but pictures."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.clients.models import ClientPerson, Person, PersonPhoto
from testing.cast import enter

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8\xff\xe0" + b"photo" * 100


@pytest.fixture
def claire(org, agent, client_north):
    enter(agent)
    person = Person.objects.create(
        organization=org, file_as="Moreau, Claire", first_name="Claire", last_name="Moreau", sort_key="moreau claire"
    )
    ClientPerson.objects.create(organization=org, client=client_north, person=person)
    return person


def send(http, person, content, name="photo.jpg"):
    file = SimpleUploadedFile(name, content)
    return http.post(f"/eaux/personnes/{person.pk}/photo/choisir/", {"photo": file})


def test_a_photo_is_set_seen_and_removed(agent, outsider, claire, signed_in):
    http = signed_in(agent)
    url = f"/eaux/personnes/{claire.pk}/photo/"
    assert http.get(url).status_code == 404
    assert send(http, claire, PICTURE).status_code == 303
    seen = http.get(url)
    assert (seen.content, seen.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    assert "Photo de Claire Moreau" in http.get(f"/eaux/personnes/{claire.pk}/").content.decode()
    assert signed_in(outsider).get(url).status_code == 404
    send(http, claire, b"GIF89a-autre")
    assert http.get(url).headers["Content-Type"] == "image/gif"
    http.post(f"{url}choisir/", {"geste": "retirer"})
    assert http.get(url).status_code == 404


def test_what_is_no_picture_or_too_heavy_is_refused(agent, reader, claire, signed_in):
    http = signed_in(agent)
    for content in (b"<svg onload=1>", b"<html>", PICTURE + bytes(500_000)):
        assert send(http, claire, content).status_code == 422
    assert http.post(f"/eaux/personnes/{claire.pk}/photo/choisir/").status_code == 422
    assert send(signed_in(reader), claire, PICTURE).status_code == 403
    assert not PersonPhoto.objects.exists()
