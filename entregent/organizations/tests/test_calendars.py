"""The working calendar of an organization, and its teams."""

from datetime import date, time

import pytest

from entregent.audit.models import Change
from entregent.organizations.actions import create_organization
from entregent.organizations.calendars import calendar_of, set_calendar
from entregent.organizations.journal import described
from entregent.organizations.membership import memberships_of
from entregent.organizations.models import Team
from entregent.organizations.team_actions import create_team, update_team
from entregent.toolbox.errors import Refusal, Refusals, Stale
from testing.cast import enter, enter_organization


@pytest.mark.django_db
def test_a_new_organization_works_on_the_days_of_its_country_with_three_teams():
    quebec = create_organization(
        slug="chez-nous", name="Chez nous", trade="mortgage", country="CA", time_zone="America/Toronto", currency="CAD"
    )
    assert calendar_of(quebec).holidays == "QC"
    assert not calendar_of(quebec).is_working(date(2027, 6, 24))
    enter_organization(quebec)
    assert [team.code for team in Team.objects.filter(organization=quebec)] == [
        "clientele", "exploitation", "facturation",
    ]  # fmt: skip


def test_the_calendar_is_changed_and_told_by_the_journal(org, admin):
    enter(admin)
    saved = set_calendar(
        org, by=admin, version=1, work_days=[0, 1, 2, 3, 5], holidays="FR", opens_at=time(8, 30), closes_at=time(18),
        days_off=[(date(2027, 5, 7), " Pont  de l’Ascension ")],
    )  # fmt: skip
    calendar = calendar_of(saved)
    assert calendar.add_days(date(2027, 5, 5), 1) == date(2027, 5, 10)
    assert calendar.hours == (time(8, 30), time(18))
    change = Change.objects.filter(table_name="organizations_organization").first()
    told = {line.label: line.after for line in described([change])[change.pk].lines}
    assert told["Jours travaillés"] == "lundi, mardi, mercredi, jeudi, samedi"
    assert "Pont de l’Ascension" in told["Autres jours chômés"]
    assert told["Jours fériés"] == "France"
    # As it comes with the session, by another way than the ORM.
    read = next(one.organization for one in memberships_of(admin.user) if one.organization_id == org.pk)
    assert calendar_of(read) == calendar


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"work_days": []}, "work_days"),
        ({"work_days": [7]}, "work_days"),
        ({"holidays": "ZZ"}, "holidays"),
        ({"opens_at": time(9)}, "closes_at"),
        ({"opens_at": time(9), "closes_at": time(9)}, "closes_at"),
        ({"days_off": [(date(2027, 1, 1), "x" * 61)]}, "days_off"),
    ],
)
def test_a_calendar_that_says_nothing_is_refused(org, admin, wrong, field):
    enter(admin)
    values = {"work_days": [0], "holidays": "FR"} | wrong
    with pytest.raises(Refusals) as refused:
        set_calendar(org, by=admin, version=1, **values)
    assert [one.field for one in refused.value.refusals] == [field]


def test_a_team_is_made_changed_and_put_to_rest(org, admin, agent, colleague):
    enter(admin)
    team = create_team(by=admin, label_fr="Relevés de l’été", label_en="Summer readings", lead=agent, members=[agent])
    assert list(Team.objects.of(agent)) == [team]
    assert not Team.objects.of(colleague).exists()
    update_team(team, by=admin, version=1, label_fr="Relevés", label_en="Readings", lead=None, members=[colleague])
    assert list(Team.objects.of(colleague)) == [team]
    assert not Team.objects.of(agent).exists()
    with pytest.raises(Stale):
        update_team(team, by=admin, version=1, label_fr="R", label_en="R", lead=None, members=[])
    update_team(team, by=admin, version=2, label_fr="R", label_en="R", lead=None, members=[colleague], is_active=False)
    assert not Team.objects.of(colleague).exists()


def test_the_code_of_a_team_is_its_own(org, admin):
    enter(admin)
    assert create_team(by=admin, label_fr="Accueil", label_en="Desk").code == "accueil"
    assert create_team(by=admin, label_fr="Accueil", label_en="Desk").code == "accueil_2"
    with pytest.raises(Refusal, match="E-TEAM-CODE"):
        create_team(by=admin, label_fr="Autre", label_en="Other", code="accueil")
    with pytest.raises(Refusal, match="E-CHOICE"):
        create_team(by=admin, label_fr="Autre", label_en="Other", code="Été !")
    with pytest.raises(Refusals):
        create_team(by=admin, label_fr="", label_en="")


def test_nobody_of_another_organization_joins_a_team(org, admin, stranger):
    enter(admin)
    with pytest.raises(Refusal, match="E-NOTFOUND"):
        create_team(by=admin, label_fr="Accueil", label_en="Desk", members=[stranger])


def test_the_calendar_page_saves_and_says_what_is_wrong(org, admin, signed_in):
    page = signed_in(admin)
    address = f"/{org.slug}/administration/calendrier/"
    assert "Prochains jours" not in page.get(address).content.decode()
    sent = {
        "version": 1, "work_days": ["0", "1"], "holidays": "QC", "opens_at": "08:30", "closes_at": "17:00",
        "days_off": "07/05/2127 Pont\r\n2127-05-08",
    }  # fmt: skip
    assert page.post(address, sent).status_code == 303
    org.refresh_from_db()
    assert org.days_off == [{"on": "2127-05-07", "name": "Pont"}, {"on": "2127-05-08", "name": ""}]
    shown = page.get(address).content.decode()
    assert "07/05/2127 Pont" in shown
    assert "Prochains jours" in shown
    wrong = page.post(address, sent | {"version": 2, "days_off": "demain"})
    assert wrong.status_code == 422
    assert "ne commence pas par une date" in wrong.content.decode()
    assert page.post(address, sent | {"version": 1, "holidays": "FR"}).status_code == 409


def test_the_pages_of_teams(org, admin, agent, signed_in):
    page = signed_in(admin)
    sent = {"label_fr": "Relevés", "label_en": "Readings", "members": [str(agent.pk)], "lead": str(agent.pk)}
    assert page.post(f"/{org.slug}/administration/equipes/nouvelle/", sent).status_code == 303
    assert "Relevés" in page.get(f"/{org.slug}/administration/equipes/").content.decode()
    address = f"/{org.slug}/administration/equipes/releves/"
    assert agent.name in page.get(address).content.decode()
    assert page.post(address, {"label_fr": "R", "label_en": "R", "version": 1}).status_code == 303
    assert page.post(address, {"label_fr": "X", "label_en": "X", "version": 1}).status_code == 409
    assert page.post(address, {"label_fr": "", "label_en": "X", "version": 2}).status_code == 422
    assert page.get(f"/{org.slug}/administration/equipes/autre/").status_code == 404
    assert signed_in(agent).get(address).status_code == 403
