"""Merge, whatever people do meanwhile, undo: nothing lost, every row at exactly one client, no edit unlisted."""

import json
from dataclasses import dataclass, field

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from entregent.clients import actions
from entregent.clients.actions import merge_clients, undo_merge
from entregent.clients.duplicate_models import Merge
from entregent.clients.extension_points import movers
from entregent.clients.merging import plan_undo
from entregent.clients.models import Address, BusinessObject, Client, ClientPerson, Person
from entregent.organizations.models import Grant
from testing.cast import enter, make_client, make_member

# What is done to the client that remains, each to one of its rows: the number picks it.
EDITS = ("address_edit", "address_add", "address_remove", "address_main", "tie_mark", "tie_add", "tie_remove",
         "object_edit", "object_add", "object_delete", "field_edit", "hold", "grant_add", "grant_remove")  # fmt: skip
DEEDS = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 9)), max_size=7)
SIDES = st.fixed_dictionaries(
    {
        "addresses": st.lists(st.sampled_from(["main", "mailing", "other"]), max_size=3),
        "ties": st.lists(st.sampled_from(["", "is_primary", "is_preferred", "is_billing"]), max_size=3),
        "objects": st.integers(0, 2),
        "held": st.booleans(),
        "granted": st.booleans(),
    }
)


@dataclass
class Touched:
    """What the deeds touched: what the plan has to tell."""

    rows: set = field(default_factory=set)
    columns: set = field(default_factory=set)


def everything(client_ids):
    """Each row that hangs on one of the clients, by table: {id: client}."""
    found = {}
    with connection.cursor() as cursor:
        for mover in movers:
            cursor.execute(
                f"SELECT r.id, r.{mover.column} FROM {mover.table} r"
                f" WHERE ({mover.where}) AND r.{mover.column} = ANY (%s)",
                [client_ids],
            )
            found[mover.table] = dict(cursor.fetchall())
    return found


def contents(table, ids, without=("version", "updated_at")):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT r.id, to_jsonb(r)::text FROM {table} r WHERE r.id = ANY (%s)", [list(ids)])
        return {
            pk: {name: value for name, value in json.loads(row).items() if name not in without}
            for pk, row in cursor.fetchall()
        }


def furnish(client, side, by, people, helper, mark):
    kinds = set()
    for place, kind in enumerate(side["addresses"]):
        kind = "other" if kind in kinds else kind
        kinds.add(kind)
        # The second address of both clients is the same one.
        street = "1 rue Commune" if place == 1 else f"{place} rue {mark}"
        Address.objects.create(organization_id=by.organization_id, client=client, kind=kind, street=street, city="Metz")
    marks = set()
    for place, chosen in enumerate(side["ties"]):
        flags = {chosen: True} if chosen and chosen not in marks else {}
        marks.add(chosen)
        # The third person is a person of both clients.
        person = people[0] if place == 2 else Person.objects.create(
            organization_id=by.organization_id, file_as=f"{mark}{place}", sort_key=f"{mark}{place}".lower()
        )  # fmt: skip
        ClientPerson.objects.create(organization_id=by.organization_id, client=client, person=person, **flags)
    for place in range(side["objects"]):
        actions.sync_business_object(by=by, client=client, type_code="contract", key=f"{mark}{place}")
    if side["held"]:
        actions.set_credit_hold(client, by=by, reason="other")
    if side["granted"]:
        Grant.objects.create(organization_id=by.organization_id, membership=helper, scope_type="client",
                             scope_id=client.pk)  # fmt: skip


def do(deed, pick, client, by, helper, counter, touched, moved):
    client = Client.objects.get(pk=client.pk)

    def one(rows):
        rows = list(rows.order_by("pk"))
        return rows[pick % len(rows)] if rows else None

    def touch(row):
        if (row._meta.db_table, row.pk) in moved:
            touched.rows.add((row._meta.db_table, row.pk))

    address, tie = one(client.addresses), one(client.client_people)
    if deed == "address_add":
        Address.objects.create(organization_id=by.organization_id, client=client, kind="other", street=f"N{counter}")
    elif deed == "address_edit" and address:
        touch(address)
        actions.set_address(by=by, client=client, address=address, kind=address.kind, street=f"E{counter}")
    elif deed == "address_remove" and address:
        touch(address)
        actions.remove_address(address, by=by)
    elif deed == "address_main" and address and address.kind != "main":
        touch(address)
        for other in client.addresses.filter(kind="main"):
            touch(other)
        actions.set_address(by=by, client=client, address=address, kind="main")
    elif deed == "tie_add":
        actions.create_person(by=by, file_as=f"P{counter}", client=client)
    elif deed == "tie_remove" and tie:
        touch(tie)
        tie.delete()
    elif deed == "tie_mark" and tie:
        mark = ("is_primary", "is_preferred", "is_billing")[pick % 3]
        if not getattr(tie, mark):
            touch(tie)
            for other in client.client_people.filter(**{mark: True}):
                touch(other)
            actions.mark_person(tie.person, client=client, by=by, **{mark: True})
    elif deed == "object_add":
        actions.sync_business_object(by=by, client=client, type_code="contract", key=f"A{counter}")
    elif deed.startswith("object_") and (thing := one(BusinessObject.objects.filter(client=client, deleted_at=None))):
        touch(thing)
        if deed == "object_edit":
            actions.sync_business_object(by=by, client=client, type_code="contract", key=thing.key, label=f"L{counter}")
        else:
            BusinessObject.objects.filter(pk=thing.pk).update(deleted_at="2026-01-01T00:00:00Z")
    elif deed == "field_edit":
        column = ("category", "emails", "phones")[pick % 3]
        value = {
            "category": f"K{counter}",
            "emails": [f"e{counter}@x.example"],
            "phones": ["06 00 00 00 0" + str(pick)],
        }
        touched.columns.add(column)
        actions.update_client(client, by=by, version=None, **{column: value[column]})
    elif deed == "hold":
        hold = client.credit_holds.filter(lifted_at=None).first()
        if hold:
            touch(hold)
            actions.lift_credit_hold(client, by=by)
        else:
            actions.set_credit_hold(client, by=by, reason="limit")
    elif deed == "grant_add":
        Grant.objects.create(organization_id=by.organization_id, membership=helper, scope_type="client",
                             scope_id=client.pk, ends_on=f"2030-01-{counter % 28 + 1:02}")  # fmt: skip
    elif deed == "grant_remove" and (given_to := one(Grant.objects.filter(scope_type="client", scope_id=client.pk))):
        touch(given_to)
        given_to.delete()


@pytest.fixture
def helper(manager, org):
    member = make_member(org, "aide@eaux.example", "Aïda Aide", "editor")
    actions.seed_object_types(org)
    enter(manager)
    return member


@given(winner_side=SIDES, loser_side=SIDES, choices=st.dictionaries(
    st.sampled_from(["name", "category", "sector_id", "is_primary", "is_preferred", "is_billing"]),
    st.sampled_from(["winner", "loser"])), deeds=DEEDS, answer=st.randoms(use_true_random=False))  # fmt: skip
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_is_lost_and_no_edit_is_unlisted(manager, org, helper, winner_side, loser_side, choices, deeds, answer):
    with transaction.atomic():
        play(enter(manager), org, helper, winner_side, loser_side, choices, deeds, answer)
        transaction.set_rollback(True)


def play(by, org, helper, winner_side, loser_side, choices, deeds, answer):
    winner = make_client(org, "W1", "Gagnant", category="Un", emails=["w@x.example"])
    loser = make_client(org, "L1", "Perdant", category="Deux", emails=["l@x.example"])
    enter(by)
    shared = Person.objects.create(organization=org, file_as="Commune", sort_key="commune")
    furnish(winner, winner_side, by, [shared], helper, "W")
    furnish(loser, loser_side, by, [shared], helper, "L")
    both = [winner.pk, loser.pk]
    before = everything(both)
    untouched = {table: contents(table, rows) for table, rows in before.items()}

    merge = merge_clients(winner, loser, by=by, choices=choices)
    assert everything(both)["clients_businessobject"].keys() == before["clients_businessobject"].keys()
    moved = set(merge.rows.filter(is_moved=True).values_list("table_name", "row_id"))
    touched = Touched()
    for counter, (deed, pick) in enumerate(deeds):
        do(deed, pick, winner, by, helper, counter, touched, moved)
    now = everything(both)

    merge = Merge.objects.select_related("winner", "loser").get(pk=merge.pk)
    plan = plan_undo(by, merge)
    listed = {(row.table, row.row_id) for row in plan.rows}
    assert touched.rows - listed <= back_as_it_was(merge, touched.rows - listed)
    changed_fields = {
        code for code, change in merge.fields.items() if code in touched.columns and
        getattr(merge.winner, code) != change["after"]
    }  # fmt: skip
    assert {conflict.code for conflict in plan.fields} == changed_fields
    new_rows = {(table, pk) for table, rows in now.items() for pk in rows if pk not in before[table]}
    new_rows -= {("clients_clientalias", pk) for pk in now["clients_clientalias"]}
    gone_again = BusinessObject.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True)
    listed_new = new_rows - {("clients_businessobject", pk) for pk in gone_again}
    assert {(made.table, made.row_id) for made in plan.made} == listed_new

    answers = {one.key: answer.choice(["keep", "give"]) for one in [*plan.fields, *plan.rows, *plan.made]}
    undo_merge(merge, by=by, answers=answers, token=plan.token)

    after = everything(both)
    revived = {(row.table, row.row_id) for row in plan.rows if row.kind == "deleted" and answers[row.key] == "give"}
    for table in before:
        alias = {pk for pk in now[table] if table == "clients_clientalias"}
        expected = (set(now[table]) - alias) | {pk for name, pk in revived if name == table}
        assert set(after[table]) == expected, table
        # Rows that nobody touched are again what and where they were.
        still = contents(table, after[table])
        marked = {pk for name, pk in touched.rows | listed if name == table}
        if not any(name == table for name, _pk in touched.rows | listed | new_rows):
            for pk in set(before[table]) & set(after[table]) - marked:
                assert still[pk] == untouched[table][pk] or was_touched_at_winner(
                    table, still[pk], untouched[table][pk]
                )
    for made in plan.made:
        if answers[made.key] == "keep":
            assert after[made.table][made.row_id] == winner.pk
    loser.refresh_from_db()
    assert (loser.status, loser.deleted_at, loser.merged_into_id) == ("client", None, None)


def was_touched_at_winner(table, now, then):
    """A row of the winner itself that the deeds changed: it was never the merge's."""
    column = "scope_id" if table == "organizations_grant" else "client_id"
    return now[column] == then[column]


def back_as_it_was(merge, keys):
    """Touched and put back to what the merge left: no edit to tell of."""
    same = set()
    for row in merge.rows.filter(is_moved=True):
        key = (row.table_name, row.row_id)
        if key in keys:
            current = contents(row.table_name, [row.row_id], without=())
            if current.get(row.row_id) == row.after:
                same.add(key)
    return same
