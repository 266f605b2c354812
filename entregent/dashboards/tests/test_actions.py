"""Arranging a dashboard: one's own, and that of everybody."""

import pytest

from entregent.dashboards import actions
from entregent.dashboards.boards import arrangement, default_placements, offered, shown
from entregent.dashboards.models import Layout
from entregent.organizations.extension_points import Board
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, Stale
from testing.cast import enter

pytestmark = pytest.mark.django_db


def codes(member, board=Board.STAFF):
    return [one.code for one, _portlet, _title in shown(arrangement(member, board).placements, member, board)]


def test_a_dashboard_stands_as_the_role_has_it_until_somebody_arranges_it(agent, manager, reader):
    assert "follow-ups" in codes(agent)
    assert "late-by-agent" in codes(manager)
    assert "follow-ups" not in codes(reader)
    assert arrangement(agent, Board.STAFF).version == 0
    assert not Layout.objects.exists()


def test_portlets_are_added_moved_widened_and_removed(agent):
    enter(agent)
    first = codes(agent)
    added = actions.add_portlet(Board.STAFF, by=agent, version=0, code="clients-by-sector")
    assert codes(agent) == [*first, "clients-by-sector"]
    moved = actions.move_portlet(Board.STAFF, by=agent, version=added.version, key="clients-by-sector", to=0)
    assert codes(agent) == ["clients-by-sector", *first]
    wide = actions.resize_portlet(Board.STAFF, by=agent, version=moved.version, key="clients-by-sector", width=12)
    assert wide.placements[0].width == 12
    actions.remove_portlet(Board.STAFF, by=agent, version=wide.version, key="clients-by-sector")
    assert codes(agent) == first
    actions.reset_dashboard(Board.STAFF, by=agent)
    assert arrangement(agent, Board.STAFF).version == 0


def test_ones_own_dashboard_is_nobody_elses(agent, colleague):
    enter(agent)
    actions.remove_portlet(Board.STAFF, by=agent, version=0, key="follow-ups")
    assert "follow-ups" not in codes(agent)
    assert "follow-ups" in codes(colleague)


def test_the_dashboard_of_the_organization_is_arranged_by_administrators_for_everybody(admin, agent):
    enter(agent)
    with pytest.raises(RightMissing):
        actions.remove_portlet(Board.FIRM, by=agent, version=0, key="credit-holds")
    enter(admin)
    actions.remove_portlet(Board.FIRM, by=admin, version=0, key="credit-holds")
    assert "credit-holds" not in codes(agent, Board.FIRM)


def test_an_older_version_is_refused(agent):
    enter(agent)
    actions.remove_portlet(Board.STAFF, by=agent, version=0, key="follow-ups")
    with pytest.raises(Stale):
        actions.remove_portlet(Board.STAFF, by=agent, version=0, key="credit-holds")
    assert "credit-holds" in codes(agent)


def test_what_does_not_exist_or_makes_no_sense_is_refused(agent):
    enter(agent)
    for code, choice in [("nothing", ""), ("client-contracts", ""), ("follow-ups", "7")]:
        with pytest.raises(NotFound):
            actions.add_portlet(Board.STAFF, by=agent, version=0, code=code, choice=choice)
    with pytest.raises(Refusal):
        actions.resize_portlet(Board.STAFF, by=agent, version=0, key="follow-ups", width=5)
    with pytest.raises(NotFound):
        actions.move_portlet(Board.STAFF, by=agent, version=0, key="clients-by-sector", to=0)
    assert not Layout.objects.exists()


def test_a_portlet_whose_right_one_lacks_is_not_offered_and_no_longer_shown(agent):
    enter(agent)
    actions.move_portlet(Board.STAFF, by=agent, version=0, key="recent-interactions", to=0)
    agent.rights_removed = ["interaction.view"]
    agent.__dict__.pop("reach", None)
    assert "recent-interactions" not in offered(agent, Board.STAFF)
    assert "recent-interactions" not in codes(agent)
    assert "follow-ups" not in [one.code for one in default_placements(agent, Board.STAFF)]


def test_adding_twice_changes_nothing(agent):
    enter(agent)
    first = codes(agent)
    actions.add_portlet(Board.STAFF, by=agent, version=0, code="follow-ups")
    assert codes(agent) == first
