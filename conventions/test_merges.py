"""Two clients with whatever any area hangs on them: merged, edited at random, parted again, and nothing is lost.

`entregent/clients/tests/test_merging_property.py` plays the rows of clients in more ways; here every mover has a row.
"""

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conventions.world import build
from entregent.clients.actions import merge_clients, undo_merge
from entregent.clients.extension_points import movers
from entregent.clients.merging import plan_undo
from entregent.clients.models import Client, CreditHold
from entregent.clients.tests.test_merging_property import contents, everything
from entregent.dunning.models import DunningHold
from entregent.groups.models import ClientGroup, GroupMember
from testing.cast import enter, grant, make_member

# What people edit of a row that hangs on a client, by table: an area that adds a mover says it here.
EDITED = {
    "cases_case": "title = title || ' (revu)'",
    "cases_caseparticipant": "role = 'témoin'",
    "clients_address": "street = '9, rue Neuve'",
    "clients_businessobject": "label = 'Revu'",
    "clients_clientalias": "number = number || 'X'",
    "clients_clientperson": "is_billing = true",
    "clients_credithold": "note = 'revu'",
    "documents_letter": "title = 'Revu'",
    "dunning_dunninghold": "note = 'revu'",
    "enrollment_applicant": "first_name = 'Revue'",
    "enrollment_transmission": "reason = 'revu'",
    "groups_groupmember": "left_at = now()",
    "interactions_interaction": "subject = 'Revu'",
    "interactions_interactionparticipant": "role = 'témoin'",
    "interactions_portalaccess": "email = 'revu@client.example'",
    "organizations_grant": "ends_on = '2031-01-01'",
    "processes_processrun": "why_ended = 'revu'",
    "relationships_accessrequest": "comments = 'revu'",
    "transfers_filetransfer": "subject = 'Revu'",
}


@pytest.fixture
def pair(org, other_org, north, south, agent, reader, manager, admin, stranger):
    people = {"agent": agent, "reader": reader, "manager": manager, "admin": admin, "stranger": stranger}
    world = build(org, other_org, north, south, people)
    winner, loser = (Client.objects.get(pk=world.records["client_key"][variety]) for variety in ("own", "south"))
    # Of these a client has one: that of the other would stay where it is.
    CreditHold.objects.filter(client=winner).delete()
    DunningHold.objects.filter(client=winner).delete()
    group = ClientGroup.objects.create(organization=org, name="Sud", name_key="sud")
    GroupMember.objects.create(organization=org, group=group, client=loser)
    grant(make_member(org, "renfort@eaux.example", "Rémi Renfort", "editor"), "client", loser.pk)
    enter(manager)
    return winner, loser


def test_every_mover_has_its_place_here():
    assert set(EDITED) == {mover.table for mover in movers}


@given(
    deeds=st.lists(st.tuples(st.sampled_from(sorted(EDITED)), st.sampled_from(["edit", "delete"])), max_size=8),
    answer=st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_any_area_hangs_on_a_client_is_lost(pair, manager, deeds, answer):
    with transaction.atomic():
        play(*pair, manager, deeds, answer)
        transaction.set_rollback(True)


def test_each_edit_is_listed_and_chosen(pair, manager):
    for choice in ("keep", "give"):
        with transaction.atomic():
            play(*pair, manager, [(table, "edit") for table in EDITED], Always(choice))
            transaction.set_rollback(True)


class Always:
    def __init__(self, answer):
        self.answer = answer

    def choice(self, _answers):
        return self.answer


def play(winner, loser, by, deeds, answer):
    both = [winner.pk, loser.pk]
    before = everything(both)
    written = {table: contents(table, rows) for table, rows in before.items()}
    merge = merge_clients(Client.objects.get(pk=winner.pk), Client.objects.get(pk=loser.pk), by=by)
    moved = {mover.table: [] for mover in movers}
    for table, pk in merge.rows.filter(is_moved=True).order_by("row_id").values_list("table_name", "row_id"):
        moved[table].append(pk)
    assert all(moved.values()), "each mover has a row that moves"

    touched = {}
    for table, deed in deeds:
        for pk in moved[table][:1]:
            if touched.get((table, pk)) != "delete" and do(table, pk, deed):
                touched[table, pk] = deed
    plan = plan_undo(by, merge)
    assert {(row.table, row.row_id) for row in plan.rows} == set(touched)
    answers = {one.key: answer.choice(["keep", "give"]) for one in [*plan.fields, *plan.rows, *plan.made]}
    undo_merge(merge, by=by, answers=answers, token=plan.token)

    after = everything(both)
    for table, rows in before.items():
        still = contents(table, after[table])
        for pk, client_id in rows.items():
            deed = touched.get((table, pk))
            if deed is None:
                assert after[table].get(pk) == client_id, (table, pk)
                assert still[pk] == written[table][pk]
            elif answers[f"row:{table}:{pk}"] == "give":
                assert after[table].get(pk) == loser.pk, (table, pk)
            else:
                assert after[table].get(pk) == (winner.pk if deed == "edit" else None), (table, pk)
        assert set(after[table]) <= set(rows)


def do(table, pk, deed) -> bool:
    """Was it done? What others hang on is not deleted, and what is marked as deleted is edited so."""
    mover = next(one for one in movers if one.table == table)
    with connection.cursor() as cursor:
        if deed == "edit":
            cursor.execute(f"UPDATE {table} SET {EDITED[table]} WHERE id = %s", [pk])
            return True
        if mover.soft != "false":
            return False
        try:
            with transaction.atomic():
                cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except IntegrityError:
            return False
    return True
