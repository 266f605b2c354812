"""Who finds whom, by what, and that the index follows every change at once."""

import pytest
from django.utils import timezone

from entregent.access.scope import scope_types
from entregent.clients.models import Address, BusinessObject, BusinessObjectType, Client, ClientPerson, Person
from entregent.search.quick import quick_search
from entregent.toolbox.text import search_key
from testing.cast import enter, grant, make_client, make_member


@pytest.fixture
def lefevre(org, north):
    """Somebody with everything by which one is found."""
    client = make_client(
        org,
        "C-00 123",
        "Lefèvre-Saint-Aubin",
        first_name="Jean-Pierre",
        kind="person",
        sector=north,
        emails=["jp.lefevre@orange.example"],
        phones=[{"label": "Fixe", "number": "+33261910042"}],
        identifiers={"siren": "210100012"},
    )
    Address.objects.create(
        organization=org,
        client=client,
        street="12 rue Sainte-Anne",
        postal_code="01400",
        city="L'Abergement-Clémenciat",
    )
    return client


def make_person(org, first_name, last_name, *, client=None, **fields):
    person = Person.objects.create(
        organization=org,
        first_name=first_name,
        last_name=last_name,
        file_as=f"{last_name}, {first_name}",
        sort_key=search_key(f"{last_name} {first_name}"),
        **fields,
    )
    if client is not None:
        ClientPerson.objects.create(organization=org, client=client, person=person)
    return person


def found(member, text):
    enter(member)
    groups = quick_search(member, text).groups
    return {group.kind: [item.number or item.label for item in group.items] for group in groups}


@pytest.mark.parametrize(
    "text",
    [
        "Lefèvre", "lefevre", "LEFEVRE", "lefe", "fevre", "jean pierre", "Jean-Pierre", "jeanpierre", "jean lefevre",
        "lefevre saint aubin jean pierre", "Jean-Pierre Lefèvre-Saint-Aubin", "aubin",
        "st aubin", "saint aubin", "ubin fev",
        "lefvre", "lefevre jaen", "0261910042", "02 61 91 00 42", "+33 2 61 91", "+33261910042", "0033 2 61 91 00 42",
        "2 61 91 00 42", "02.61.91.00.42", "910042",
        "jp.lefevre@orange.example", "JP.Lefevre@Orange", "@orange.example",
        "C-00 123", "c00123", "C00", "210100012", "210 100 012", "01400", "abergement", "labergement clemenciat",
        "12 rue ste anne", "rue sainte anne", "lefevre 01400",
    ],
)  # fmt: skip
def test_a_client_is_found_by(manager, lefevre, client_south, text):
    assert found(manager, text)["clients"] == ["C-00 123"]


@pytest.mark.parametrize(
    ("text", "is_exact"),
    [
        ("c00123", True), ("Jean-Pierre Lefèvre-Saint-Aubin", True), ("lefevre st aubin jean pierre", True),
        ("02 61 91 00 42", True), ("jp.lefevre@orange.example", True), ("lefevre", False), ("0261910", False),
        ("c0012", False), ("jp.lefevre@", False),
    ],
)  # fmt: skip
def test_what_was_exactly_meant_is_marked(manager, lefevre, text, is_exact):
    enter(manager)
    assert quick_search(manager, text).groups[0].is_exact is is_exact


def test_a_contract_and_an_invoice_are_found_in_any_writing(manager, agent, outsider, lefevre, org):
    enter(manager)
    for code, key in [("contract", "CT-2024-0001"), ("invoice", "F 2024/77")]:
        kind, _created = BusinessObjectType.objects.get_or_create(
            organization=org,
            code=code,
            defaults={"label_fr": code, "label_en": code, "plural_fr": code, "plural_en": code},
        )
        BusinessObject.objects.create(organization=org, client=lefevre, type=kind, key=key)
    assert found(manager, "CT-2024-0001")["contracts"] == ["CT-2024-0001"]
    assert found(agent, "ct20240001")["contracts"] == ["CT-2024-0001"]
    assert found(agent, "ct 2024")["contracts"] == ["CT-2024-0001"]
    assert found(agent, "f2024-77")["contracts"] == ["F 2024/77"]
    assert found(outsider, "f2024-77") == {}
    BusinessObject.objects.update(deleted_at=timezone.now())
    assert found(manager, "ct 2024") == {}


def test_nobody_finds_what_is_out_of_reach(manager, agent, outsider, reader, stranger, lefevre, org):
    make_person(org, "Odile", "Tranchant", client=lefevre, phones=[{"label": "", "number": "+33700000001"}])
    for text in ["lefevre", "c00123", "0261910042", "lefvre", "tranchant", "0700000001", "@orange.example"]:
        for member in (manager, agent, reader):
            assert found(member, text), text
        for member in (outsider, stranger):
            enter(member)
            # Byte for byte what a text gives that nobody has: no count, no correction.
            assert quick_search(member, text).as_json() == {"query": text, "groups": []}


def test_counts_are_within_reach(manager, agent, outsider, org, north, south):
    for n in range(3):
        make_client(org, f"A{n}", f"Rocher {n}", sector=north)
    make_client(org, "B1", "Rocher", sector=south)
    counts = {}
    for member in (manager, agent, outsider):
        enter(member)
        counts[member.user.email] = quick_search(member, "rocher").groups[0].count
    assert list(counts.values()) == [4, 3, 1]


def test_a_grant_on_one_client_finds_that_one(org, lefevre, client_south):
    member = make_member(org, "une@eaux.example", "Une Seule", "editor")
    grant(member, "client", client_south.pk)
    make_person(org, "Paul", "Dupontel", client=client_south)
    make_person(org, "Rose", "Dupontel", client=lefevre)
    assert found(member, "dupont") == {"clients": ["S1"], "people": ["Paul Dupontel"]}
    assert found(member, "lefevre") == {}


def test_every_kind_of_grant_is_known_to_the_search():
    assert set(scope_types()) == {"organization", "sector", "client"}


def test_a_person_is_in_reach_with_each_of_their_clients(manager, agent, outsider, org, client_north, client_south):
    person = make_person(org, "Marc", "Notaire")
    assert found(agent, "notaire") == found(outsider, "notaire") == {"people": ["Marc Notaire"]}
    tie = ClientPerson.objects.create(organization=org, client=client_south, person=person)
    assert found(outsider, "notaire") == {"clients": ["S1"], "people": ["Marc Notaire"]}
    assert found(agent, "notaire") == {}
    other = ClientPerson.objects.create(organization=org, client=client_north, person=person)
    assert found(agent, "notaire") == {"clients": ["N1"], "people": ["Marc Notaire"]}
    other.delete()
    assert found(agent, "notaire") == {}
    Client.objects.filter(pk=client_south.pk).update(deleted_at=timezone.now())
    assert found(agent, "notaire") == {"people": ["Marc Notaire"]}
    Client.objects.filter(pk=client_south.pk).update(deleted_at=None)
    tie.delete()
    Person.objects.filter(pk=person.pk).update(deleted_at=timezone.now())
    assert found(manager, "notaire") == {}


def test_the_index_follows_every_change_at_once(manager, org, north, south, client_north, outsider, agent):
    def change(**fields):
        enter(manager)
        Client.objects.filter(pk=client_north.pk).update(**fields)

    assert found(manager, "moreau") == {"clients": ["N1"]}
    change(name="Teinturerie Roux", display_name="Teinturerie Roux", sort_key="teinturerie roux")
    assert found(manager, "moreau") == {}
    assert found(manager, "roux teinturerie") == {"clients": ["N1"]}
    change(phones=[{"label": "", "number": "+33144556677"}], emails=["contact@roux.example"], number="N-9")
    for text in ("01 44 55 66 77", "contact@roux", "n9"):
        assert found(manager, text) == {"clients": ["N-9"]}
    address = Address.objects.create(organization=org, client=client_north, city="Villejuif")
    assert found(manager, "villejuif") == {"clients": ["N-9"]}
    address.city = "Sète"
    address.save()
    assert found(manager, "villejuif") == {}
    assert found(manager, "sete") == {"clients": ["N-9"]}
    address.delete()
    assert found(manager, "sete") == {}
    person = make_person(org, "Zoé", "Quillard", client=client_north)
    assert found(manager, "quillard") == {"clients": ["N-9"], "people": ["Zoé Quillard"]}
    person.last_name, person.sort_key, person.file_as = "Brun", "brun zoe", "Brun, Zoé"
    person.save()
    assert found(manager, "quillard") == {}
    assert found(manager, "brun zoe") == {"clients": ["N-9"], "people": ["Zoé Brun"]}
    change(sector=south)
    assert found(agent, "roux") == found(agent, "brun") == {}
    assert found(outsider, "brun") == {"clients": ["N-9"], "people": ["Zoé Brun"]}
    change(deleted_at=timezone.now())
    assert found(manager, "roux") == {}
    change(deleted_at=None)
    assert found(manager, "roux") == {"clients": ["N-9"]}
    change(status="removed")
    assert found(manager, "roux") == {}


def test_a_service_point_brings_its_client_into_reach(manager, outsider, org, south, client_north):
    enter(manager)
    kind, _created = BusinessObjectType.objects.get_or_create(
        organization=org,
        code="service_point",
        defaults={"label_fr": "Point", "label_en": "Point", "plural_fr": "Points", "plural_en": "Points"},
    )
    assert found(outsider, "moreau") == {}
    point = BusinessObject.objects.create(organization=org, client=client_north, type=kind, key="P-77001", sector=south)
    assert found(outsider, "moreau") == {"clients": ["N1"]}
    assert found(outsider, "p77001") == {"contracts": ["P-77001"]}
    point.delete()
    assert found(outsider, "moreau") == {}


def test_what_the_index_lets_through_is_what_visible_to_shows(manager, agent, outsider, reader, org, north, south):
    """The marks in the index and `visible_to` say the same of every client and person."""
    clients = [
        make_client(org, f"X{n}", f"Commun {n}", sector=sector) for n, sector in enumerate([north, south, None, north])
    ]
    for n, client in enumerate([*clients, None]):
        make_person(org, f"P{n}", "Commun", client=client)
    for member in (manager, agent, outsider, reader):
        enter(member)
        groups = {group.kind: group for group in quick_search(member, "commun").groups}
        assert groups["clients"].count == Client.objects.visible_to(member).count()
        assert groups["people"].count == Person.objects.visible_to(member).count()
        assert all(group.count == len(group.items) for group in groups.values())
