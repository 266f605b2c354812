from datetime import timedelta

import pytest

from entregent.access.rights import Right
from entregent.organizations import actions
from entregent.organizations.explanations import why, why_everybody
from entregent.organizations.models import Membership
from entregent.toolbox.dates import today_in
from testing.cast import enter

pytestmark = pytest.mark.django_db


def about(member, client):
    enter(member)
    client.refresh_from_db()
    return why(Membership.objects.get(pk=member.pk), client_id=client.pk, sector_reach=client.sector_reach)


def test_an_administrator_sees_everything(admin, client_north):
    verdict = about(admin, client_north)
    assert (verdict.visible, verdict.can_edit) == (True, True)
    assert verdict.reasons[0] == "Administrateur de l'organisation\xa0: voit toutes les fiches."


def test_the_access_that_gives_it_is_named_with_its_days_and_who_gave_it(admin, outsider, north, client_north):
    enter(admin)
    today = today_in(outsider.organization.time_zone)
    actions.grant_access(
        member=outsider, scope_type="sector", scope_id=north.pk, role="reader", by=admin, starts_on=today,
        ends_on=today + timedelta(days=1),
    )  # fmt: skip
    verdict = about(outsider, client_north)
    assert (verdict.visible, verdict.can_edit) == (True, False)
    (reason,) = verdict.reasons
    assert reason.startswith("Accès\xa0: Secteur Nord (Lecture seule\xa0: du ")
    assert reason.endswith(", accordé par Ada Min.")


def test_an_access_over_a_higher_sector_is_the_one_named(admin, agent, north, client_north, org):
    enter(admin)
    below = actions.create_sector(organization=org, code="N1", name="Sous-Nord", parent=north, by=admin)
    client_north.sector = below
    client_north.save()
    assert about(agent, client_north).reasons == ["Accès\xa0: Secteur Nord (Éditeur)."]


def test_an_access_to_the_client_alone(admin, agent, client_south):
    enter(admin)
    actions.grant_access(member=agent, scope_type="client", scope_id=client_south.pk, by=admin)
    assert about(agent, client_south).reasons == ["Accès\xa0: Client S1 Jeanne Dupont (Éditeur), accordé par Ada Min."]


def test_a_replacement_says_of_whom_and_until_when(admin, agent, outsider, client_north):
    enter(admin)
    today = today_in(agent.organization.time_zone)
    actions.set_substitute(absent=agent, substitute=outsider, starts_on=today, ends_on=today, by=admin)
    (reason,) = about(outsider, client_north).reasons
    assert reason.startswith("En remplacement de Omar Agent jusqu'au ")
    assert reason.endswith(" Accès\xa0: Secteur Nord (Éditeur).")


def test_out_of_reach_inactive_or_without_the_right_is_told(admin, agent, outsider, client_north, client_south):
    assert about(outsider, client_north).reasons == ["Aucun de ses accès ne couvre cette fiche."]
    enter(admin)
    actions.update_member(agent, by=admin, version=1, rights_removed=["client.edit"])
    verdict = about(agent, client_north)
    assert (verdict.visible, verdict.can_edit) == (True, False)
    assert "Modifier les clients" in verdict.reasons[1]
    actions.update_member(agent, by=admin, version=2, rights_removed=["client.view"])
    assert "Voir les clients" in about(agent, client_north).reasons[0]
    enter(admin)
    actions.deactivate_member(outsider, by=admin)
    assert about(outsider, client_south).reasons == ["Ce compte est inactif."]


def test_the_verdict_is_what_the_pages_do(admin, manager, agent, outsider, reader, client_north, client_south):
    for client in (client_north, client_south):
        for member in (admin, manager, agent, outsider, reader):
            verdict = about(member, client)
            member = Membership.objects.get(pk=member.pk)
            for right, told in ((Right.CLIENT_VIEW, verdict.visible), (Right.CLIENT_EDIT, verdict.can_edit)):
                assert type(client).objects.visible_to(member, right).filter(pk=client.pk).exists() is told


def test_everybody_is_explained_in_as_many_queries_as_one(
    admin, manager, agent, outsider, reader, client_north, django_assert_num_queries
):
    enter(admin)
    client_north.refresh_from_db()
    members = list(Membership.objects.select_related("user", "organization"))
    with django_assert_num_queries(4):
        told = why_everybody(members, client_id=client_north.pk, sector_reach=client_north.sector_reach)
    assert {member.user.name for member, verdict in told if verdict.visible} == {
        "Ada Min", "Nadia Gest", "Omar Agent", "Rita Lit"
    }  # fmt: skip
