"""Statements written once give what the ORM gives: for other values, other members and another reach."""

from datetime import date

import pytest

from entregent.access.recall import recalled
from entregent.access.statements import Columns, rows_of
from entregent.clients.models import Address, Client, Person
from entregent.organizations.actions import grant_access, revoke_access
from entregent.organizations.models import Organization, User
from testing.cast import enter


@recalled
def by_number(member, number: str):
    return Client.objects.visible_to(member).filter(number=number).select_related("sector", "responsible")


@recalled
def born_before(member, day: date, *, size: int):
    return Person.objects.visible_to(member).filter(birth_date__lt=day).order_by("id").values("id", "file_as")[:size]


@recalled
def named(member, text: str):
    return Client.objects.visible_to(member).filter(name__contains=text)


@recalled
def addresses(member, client_id: int):
    return Address.objects.filter(client_id=client_id).values_list("city", "id", "country")


def test_gives_the_records_of_the_queryset(agent, client_north, client_south, manager):
    enter(manager)
    for client in (client_north, client_south, client_north):
        (found,) = by_number(manager, client.number)
        plain = Client.objects.select_related("sector", "responsible").get(pk=client.pk)
        assert found == plain
        assert {name: getattr(found, name) for name in found.__dict__ if name != "_state"} == {
            name: getattr(plain, name) for name in plain.__dict__ if name != "_state"
        }
        assert found.sector == plain.sector


def test_remembers_nothing_from_one_member_to_another(manager, outsider, client_north):
    enter(manager)
    assert by_number(manager, client_north.number)
    assert not by_number(outsider, client_north.number)
    assert by_number(manager, client_north.number)


def test_a_reach_that_ended_shows_nothing_more(admin, outsider, client_north):
    enter(admin)
    given = grant_access(member=outsider, scope_type="client", scope_id=client_north.pk, by=admin)
    member = type(outsider).objects.get(pk=outsider.pk)
    assert by_number(member, client_north.number)
    revoke_access(given, by=admin)
    member = type(outsider).objects.get(pk=outsider.pk)
    assert not by_number(member, client_north.number)


def test_gives_rows_as_values_and_tuples(manager, client_north):
    enter(manager)
    Person.objects.create(organization_id=manager.organization_id, file_as="Huot", birth_date=date(1960, 5, 1))
    assert [row["file_as"] for row in born_before(manager, date(1970, 1, 1), size=5)] == ["Huot"]
    assert born_before(manager, date(1950, 1, 1), size=5) == []
    assert addresses(None, client_north.pk) == list(
        Address.objects.filter(client_id=client_north.pk).values_list("city", "id", "country")
    )


def test_a_value_that_becomes_a_pattern_is_refused_where_it_is_written(manager):
    enter(manager)
    with pytest.raises(TypeError, match="as it is"):
        named(manager, "lav")


def test_a_value_of_another_type_is_refused(manager):
    enter(manager)
    with pytest.raises(TypeError, match="keyword"):
        by_number(manager, None)


def test_columns_make_the_same_records_as_the_orm(manager):
    enter(manager)
    for model, table in ((Organization, "organizations_organization"), (User, "organizations_user")):
        columns = Columns(model, "r")
        for row in rows_of(f"SELECT {columns.sql} FROM {table} r ORDER BY r.id", []):
            made = columns.record(row)
            plain = model.objects.get(pk=made.pk)
            assert {field.attname: getattr(made, field.attname) for field in model._meta.concrete_fields} == {
                field.attname: getattr(plain, field.attname) for field in model._meta.concrete_fields
            }


def test_where_nothing_is_in_reach_pages_say_so_and_break_nothing(signed_in, org, manager, outsider, client_north):
    enter(manager)
    outsider.grants.all().delete()
    browser = signed_in(outsider)
    assert browser.get(f"/{org.slug}/clients/").status_code == 200
    assert browser.get(f"/{org.slug}/clients/{client_north.number}/").status_code == 404
    assert browser.get(f"/{org.slug}/").status_code == 200
    assert browser.get(f"/{org.slug}/gestion-des-clients/").status_code in (200, 403)


def test_a_question_that_takes_too_long_is_refused_with_a_sentence(signed_in, org, manager, monkeypatch):
    def slow(member):
        rows_of("SELECT pg_sleep(3)", [])
        return []

    monkeypatch.setattr("entregent.access.guard.MOST_SECONDS", 1)
    monkeypatch.setattr("entregent.clients.web.listing._sectors", lambda member, organization_id: slow(member))
    answer = signed_in(manager).get(f"/{org.slug}/clients/")
    assert answer.status_code == 503
    assert "demande trop de temps" in answer.content.decode()
