"""vCards in: the three versions, old encodings, cards that are cut, folded, too heavy; and whatever else comes."""

import base64
import os

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entregent.clients.models import Address, Client, Person, PersonPhoto
from entregent.exchange import rejects, vcards
from entregent.exchange.cards import person_cards
from entregent.exchange.readers import open_table
from testing.cast import enter

pytestmark = pytest.mark.django_db


def card(*lines, version="3.0"):
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3
CLAIRE = card(
    "N:Moreau;Claire;;;", "FN:Claire Moreau", "TEL;TYPE=CELL:02 61 91 00 42", "EMAIL:claire@moreau.example",
    "TITLE:Gérante", "ORG:Blanchisserie Moreau;Atelier", "BDAY:1980-02-29", "X-SOCIAL;X=1:whatever",
    "item1.URL:https\\://moreau.example", "item1.X-ABLabel:_$!<HomePage>!$_",
)  # fmt: skip


def people():
    return {one.full_name: one for one in Person.objects.all()}


def reasons(batch):
    found = batch.rows.exclude(reason="").values_list("line", "reason")
    return {line: reason.replace("\u00a0", " ") for line, reason in found}


def read(tmp_path, content):
    path = tmp_path / "cartes.vcf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = open_table(path)
    return [dict(zip(table.header, row.cells, strict=True)) | {"fault": row.fault} for row in table.rows()]


def test_a_card_becomes_a_person(manager, bringing):
    bringing.bring(manager, "people", CLAIRE)
    claire = people()["Claire Moreau"]
    assert claire.phones == [{"label": "", "number": "+33261910042"}]
    assert claire.emails == ["claire@moreau.example"]
    assert (claire.title, claire.company) == ("Gérante", "Blanchisserie Moreau")
    assert claire.birth_date.isoformat() == "1980-02-29"


def test_the_address_of_a_card_becomes_that_of_the_person(manager, bringing):
    def at(street):
        return card("UID:a1", "N:Petit;Léa;;;", "FN:Léa Petit", f"ADR;TYPE=HOME:;;{street};Metz;;57000;France")

    batch = bringing.bring(manager, "people", at("3 rue Neuve"))
    assert Address.objects.count() == 1
    bringing.undo(batch, manager)
    enter(manager)
    assert not Person.objects.exists()
    assert not Address.objects.exists()
    bringing.bring(manager, "people", at("1 rue Neuve"))
    address = Address.objects.get(person__last_name="Petit")
    assert (address.kind, address.street, address.city, address.country) == ("main", "1 rue Neuve", "Metz", "FR")
    assert bringing.check(manager, "people", at("1 rue Neuve")).counts == {"unchanged": 1}
    second = bringing.bring(manager, "people", at("2 rue Neuve"))
    assert Address.objects.get().street == "2 rue Neuve"
    bringing.undo(second, manager)
    enter(manager)
    assert Address.objects.get().street == "1 rue Neuve"


def test_cards_become_clients_too(manager, bringing):
    firm = card("N:;;;;", "FN:Aqua SARL", "ORG:Aqua SARL", "ADR;TYPE=WORK:;;1 rue Haute;Metz;;57000;France")
    batch = bringing.bring(manager, "clients", CLAIRE + firm)
    assert reasons(batch) == {}
    clients = {one.display_name: one for one in Client.objects.all()}
    assert clients["Claire Moreau"].kind == "person"
    assert clients["Aqua SARL"].kind == "company"
    assert clients["Aqua SARL"].addresses.get().lines == ["1 rue Haute", "57000 Metz"]


def test_an_import_of_cards_is_tried_doubted_and_undone_as_any_other(manager, bringing):
    batch = bringing.bring(manager, "people", CLAIRE)
    again = bringing.check(manager, "people", CLAIRE)
    assert again.count("duplicate") == 1
    bringing.undo(batch, manager)
    enter(manager)
    assert Person.objects.filter(deleted_at=None).count() == 0


def test_the_same_card_again_updates_whom_it_made(manager, bringing):
    uid = "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1"
    bringing.bring(manager, "people", card("N:Moreau;Claire;;;", "FN:Claire Moreau", uid))
    bringing.bring(manager, "people", card("N:Moreau;Claire;;;", "FN:Claire Moreau", uid, "TITLE:Directrice"))
    assert people()["Claire Moreau"].title == "Directrice"


def test_old_cards_in_old_encodings_are_read(tmp_path):
    quoted = card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:L=C3=A9vy;Andr=C3=A9", "TEL;PREF;CELL:0261910042",
        "TEL;HOME:0261910043", version="2.1",
    )  # fmt: skip
    windows = card("N;ENCODING=QUOTED-PRINTABLE:L=E9vy;Zo=E9", "NOTE;QUOTED-PRINTABLE:a=\r\nb", version="2.1")
    rows = read(tmp_path, quoted + windows)
    assert [(row["Nom"], row["Prénom"]) for row in rows] == [("Lévy", "André"), ("Lévy", "Zoé")]
    assert rows[0]["Téléphone 1"] == "0261910042"
    raw = card("N:Müller;Zoë", "FN:Zoë Müller", version="2.1").encode("cp1252")
    assert read(tmp_path, raw)[0]["Nom"] == "Müller"
    assert read(tmp_path, card("N:Ñandú;Inés", "FN:x").encode("utf-16"))[0]["Nom"] == "Ñandú"
    assert read(tmp_path, b"\xef\xbb\xbf" + CLAIRE.encode())[0]["Prénom"] == "Claire"


def test_version_4_and_folded_lines_are_read(tmp_path):
    row = read(tmp_path, card(
        "FN:Jean-Baptiste Poq", " uelin", "N:Poquelin;Jean-Baptiste;;;",
        'TEL;VALUE=uri;TYPE="voice,work":tel:+33261910044',
        "EMAIL;PREF=2:b@ex.example", "EMAIL;PREF=1:a@ex.example", "BDAY:19220115", "LANG:fr-FR",
        "ADR:;Escalier B;12\\, rue Haute;Metz;Lorraine;57000;France", version="4.0",
    ))[0]  # fmt: skip
    assert (row["Nom"], row["Téléphone 1"], row["Date de naissance"]) == ("Poquelin", "+33261910044", "1922-01-15")
    assert (row["Courriel 1"], row["Courriel 2"], row["Langue"]) == ("a@ex.example", "b@ex.example", "fr")
    assert (row["Adresse"], row["Complément"], row["Ville"]) == ("12, rue Haute", "Escalier B", "Metz")


@pytest.mark.parametrize("fold", ["\r\n ", "\r\n"])
def test_a_photo_of_ten_megabytes_does_no_harm(tmp_path, fold):
    picture = base64.b64encode(os.urandom(10_000_000)).decode()
    folded = fold.join(picture[place : place + 74] for place in range(0, len(picture), 74))
    heavy = card("N:Moreau;Claire;;;", f"PHOTO;ENCODING=b;TYPE=JPEG:{folded}", "", "TITLE:Gérante")
    row = read(tmp_path, heavy)[0]
    assert (row["Nom"], row["Fonction"], row["fault"]) == ("Moreau", "Gérante", "")
    assert row["Photo"] == vcards.TOO_HEAVY


@pytest.mark.parametrize(
    "photo",
    ["PHOTO;ENCODING=b;TYPE=PNG:{}", "PHOTO;PNG;BASE64:\r\n {}\r\n", "PHOTO:data:image/png;base64,{}",
     "item2.photo;encoding=b:{}"],
)  # fmt: skip
def test_a_photo_comes_in_and_goes_out_again(manager, bringing, photo):
    text = base64.b64encode(PICTURE).decode()
    folded = "\r\n ".join(text[place : place + 60] for place in range(0, len(text), 60))
    batch = bringing.bring(manager, "people", card("N:Moreau;Claire;;;", photo.format(folded), "TITLE:Gérante"))
    claire = people()["Claire Moreau"]
    assert (bytes(claire.photo.content), claire.photo.media_type) == (PICTURE, "image/png")
    assert claire.title == "Gérante"
    out = b"".join(person_cards(manager, [claire.pk])).replace(b"\r\n ", b"").decode()
    assert f"PHOTO:data:image/png;base64,{text}\r\n" in out
    bringing.undo(batch, manager)
    enter(manager)
    assert not PersonPhoto.objects.exists()


def test_a_photo_that_is_too_heavy_or_none_is_refused_with_a_sentence(manager, bringing):
    heavy = base64.b64encode(PICTURE + os.urandom(2_000_000)).decode()
    batch = bringing.bring(
        manager, "people",
        card("N:Lourde;Une", f"PHOTO;ENCODING=b:{heavy}") + card("N:Fausse;Une", "PHOTO;ENCODING=b:AAAA")
        + card("N:Ailleurs;Une", "PHOTO;VALUE=uri:http://photos.example/1.jpg"),
    )  # fmt: skip
    assert set(people()) == {"Une Ailleurs"}
    assert list(reasons(batch).values()) == [
        "Cette photo est trop lourde : 500 ko au plus.", "Ce fichier n’est pas une photo JPEG, PNG, GIF ou WebP.",
    ]  # fmt: skip


def test_what_is_wrong_with_one_card_stays_with_that_card(manager, bringing):
    whole = card("N:Bien;Tout;;;", "FN:Tout Bien")
    cut = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Coupe;Court\r\n"
    long = card("N:Long;Trop", "NOTE:" + "x" * 300_000)
    batch = bringing.bring(manager, "people", whole + cut + whole.replace("Bien", "Mieux") + long + "rien\r\n" + cut)
    assert set(people()) == {"Tout Bien", "Tout Mieux"}
    assert reasons(batch) == {
        6: "La carte s’interrompt avant sa fin.",
        14: "La carte est trop longue.",
        19: "Cette ligne ne fait partie d’aucune carte.",
        20: "La carte s’interrompt avant sa fin.",
    }  # fmt: skip


def test_what_is_wrong_is_said_in_the_language_of_whoever_imports(manager, bringing):
    cut = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Coupe;Court\r\n"
    with translation.override("en"):
        batch = bringing.bring(manager, "people", card("N:Bien;Tout;;;", "FN:Tout Bien") + cut)
    assert list(reasons(batch).values()) == ["The card breaks off before its end."]


def test_a_card_without_a_name_is_rejected_and_given_back_as_a_table(manager, bringing):
    batch = bringing.bring(manager, "people", card("TEL:0261910042") + CLAIRE)
    given = b"".join(rejects.pieces(batch)).decode("utf-8-sig")
    assert given.count("\r\n") == 2
    assert "0261910042" in given
    mended = given.replace(";;;;;;", ";Sauvé;;;;;", 1)
    assert mended != given


def test_a_card_within_a_card_is_somebody_else(tmp_path):
    rows = read(tmp_path, card("N:Moreau;Claire", "AGENT:", "BEGIN:VCARD", "N:Autre;Un", "END:VCARD", "TITLE:Gérante"))
    assert [(row["Nom"], row["Fonction"]) for row in rows] == [("Moreau", "Gérante")]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_comes_is_a_row_or_a_sentence(tmp_path, data):
    octets = bytearray((CLAIRE * 2).encode())
    for _turn in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(octets) - 1))
        act = data.draw(st.sampled_from(["cut", "put", "swap"]))
        if act == "cut":
            del octets[place : place + data.draw(st.integers(1, 40))]
        elif act == "put":
            octets[place:place] = data.draw(
                st.binary(max_size=20) | st.sampled_from([b"\r\n", b";", b":", b"=", b"\x00"])
            )
        else:
            octets[place] = data.draw(st.integers(0, 255))
        if not octets:
            octets = bytearray(b"\n")
    path = tmp_path / "fuzz.vcf"
    path.write_bytes(b"BEGIN:VCARD\r\n" + bytes(octets))
    for _line, cells, fault in vcards.rows(path):
        assert len(cells) == len(vcards.header())
        assert all(isinstance(cell, str) and "\x00" not in cell for cell in cells)
        assert isinstance(str(fault), str)
