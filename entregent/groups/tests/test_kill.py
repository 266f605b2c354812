"""A worker that is killed in the middle of a large change of a group: nothing lost, doubled or half done."""

import os
import random
import time

import pytest
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.audit.models import Change
from entregent.clients.models import Client
from entregent.clients.reach_models import GROUP, ClientReach
from entregent.groups.actions.requests import create_group
from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest
from entregent.jobs.models import Job
from testing.cast import grant, make_member, make_organization
from testing.crowd import tied_clients
from testing.worker import work_with_kills

# As many as the issue says by these two: 100,000 and 20.
CLIENTS = int(os.environ.get("ENTREGENT_TEST_GROUPED", "20000"))
KILLS = int(os.environ.get("ENTREGENT_TEST_KILLS", "4"))


@pytest.fixture
def boss(transactional_db):
    with transaction.atomic():
        organization = make_organization("frontiere", "Courtage Frontière", provider_kind="customs_broker")
        member = make_member(organization, "claire@frontiere.example", "Claire", "admin")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def test_kills_lose_and_double_nothing(boss, settings):
    inside = {"organization_id": boss.organization_id, "user_id": boss.user_id}
    with in_organization(**inside):
        tied_clients(boss.organization, CLIENTS, prefix=100)
    with in_organization(**inside):
        asked = create_group(by=boss, name="Géant", whole=True)
        assert (asked.state, asked.total) == ("waiting", CLIENTS)

    # When it was seen to get on, and the longest it stood still, a kill and the next worker's start included.
    seen: list[tuple] = [((-1, False), time.monotonic())]
    stood = [0.0]

    def job():
        """Nothing holds before all does."""
        with in_organization(**inside):
            found = Job.objects.get()
            if (found.done, found.is_over) != seen[-1][0]:
                stood.append(time.monotonic() - seen[-1][1])
                seen.append(((found.done, found.is_over), time.monotonic()))
            if not found.is_over:
                assert not GroupMember.objects.exists() or ProcessingRequest.objects.get().state == "done"
            return found

    storage = f"file://{settings.MEDIA_ROOT}"
    kills = work_with_kills(
        job, kills=KILLS, chance=random.Random(7), pause=0.3, seconds=300 + 60 * KILLS, ENTREGENT_STORAGE_URL=storage
    )
    assert kills >= min(KILLS, 2)
    print(f"{kills} kills, {len(seen) - 2} steps, {max(stood):.1f} s without one at most")
    # All of them between two steps, but for the last: everything takes effect in one.
    assert max(stood[1:-1]) < 60
    with in_organization(**inside):
        request = ProcessingRequest.objects.get()
        assert (request.state, request.staged, request.rows.count()) == ("done", CLIENTS, CLIENTS)
        assert request.rows.values("client").distinct().count() == request.rows.filter(result="ok").count() == CLIENTS
        members = GroupMember.objects.live()
        assert members.count() == members.values("client").distinct().count() == CLIENTS
        assert ClientGroup.objects.get().member_count == CLIENTS
        assert ClientReach.objects.filter(sector_id__gt=GROUP, until=None).count() == CLIENTS
        told = Change.objects.filter(table_name="groups_groupmember", operation="I")
        assert told.count() == told.values("client_id").distinct().count() == CLIENTS
        assert Client.objects.count() == CLIENTS
