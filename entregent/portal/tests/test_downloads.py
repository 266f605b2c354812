"""« Télécharger mes échanges »: what was published for somebody, as one archive."""

import csv
import io
import zipfile

import pytest

from entregent.audit.models import Action
from entregent.documents.actions import keep_file
from entregent.documents.files import storage
from entregent.documents.models import StoredFile
from entregent.interactions.actions import add_entry, log_interaction
from entregent.interactions.models import Topic
from entregent.portal.tests.conftest import door, give_access
from testing.cast import enter

URL = "/portail/eaux/echanges/telecharger/"


def archive(http) -> zipfile.ZipFile:
    answer = http.get(URL)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="mes-echanges-')
    found = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert found.testzip() is None
    return found


def rows(found: zipfile.ZipFile) -> list[list[str]]:
    return list(csv.reader(io.StringIO(found.read("mes-echanges.csv").decode("utf-8-sig")), delimiter=";"))


@pytest.fixture
def talk(agent, org, client_north, access):
    enter(agent)
    topic = Topic.objects.create(organization=org, code="t", label_fr="Rubrique", label_en="Topic")
    bill = keep_file(organization=org, name="facture.txt", content=b"douze euros", by=agent)
    bad = keep_file(organization=org, name="virus.txt", content=b"mal", by=agent)
    StoredFile.objects.filter(pk=bad.pk).update(scan=StoredFile.Scan.INFECTED)
    made = log_interaction(
        by=agent, client=client_north, topic=topic, channel="phone_call", subject="Facture", notes="=1+1",
        files=[bill, bad],
    )  # fmt: skip
    add_entry(made, by=agent, notes="entre nous", internal=True)
    add_entry(made, by=agent, notes="La suite, entière " + "x" * 5000)
    return made


def test_it_holds_what_was_published_and_the_files_beside_it(lea, talk):
    found = archive(lea)
    header, *lines = rows(found)
    assert header == ["Numéro", "Objet", "État", "Date", "De", "Nom", "Message", "Fichiers"]
    assert [line[6][:17] for line in lines] == ["'=1+1", "La suite, entière"]
    assert len(lines[1][6]) > 5000
    place = f"fichiers/{talk.number}/1-1-facture.txt"
    assert [line[7] for line in lines] == [place, ""]
    assert found.namelist() == ["mes-echanges.csv", place]
    assert found.read(place) == b"douze euros"
    told = Action.objects.get(name="download_exchanges")
    assert (told.client_id, told.data["n"]) == (talk.client_id, 2)


def test_nobody_at_another_client_gets_any_of_it(talk, manager, client_south):
    jean = give_access(manager, client_south, email="jean@sud.example", first_name="Jean", last_name="Sud")
    found = archive(door(jean.user))
    assert (found.namelist(), len(rows(found))) == (["mes-echanges.csv"], 1)


def test_a_file_that_went_meanwhile_leaves_the_rest_whole(lea, talk):
    answer = lea.get(URL)
    storage().delete(StoredFile.objects.get(name="facture.txt").key)
    found = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert found.testzip() is None
    assert len(rows(found)) == 3


def test_the_list_leads_to_it_and_a_member_who_looks_on_is_not_offered_it(lea, talk, access, manager, signed_in):
    assert URL in lea.get("/portail/eaux/echanges/").text
    watched = signed_in(manager).get(f"/eaux/portail/voir/{access.pk}/echanges/")
    assert watched.status_code == 200
    assert "telecharger" not in watched.text
