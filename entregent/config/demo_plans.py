"""Plans of action in the demo story: teams with people in them, the ready-made processes of each trade, some plans."""

from datetime import timedelta

from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.cases.actions import open_case
from entregent.clients.models import Client
from entregent.organizations.models import Membership, Organization, Team
from entregent.organizations.team_actions import update_team
from entregent.processes import actions, ready_made
from entregent.processes.models import ProcessRun

# Who works in which team, by the sign-in; the first one leads it.
TEAMS = {
    "eaux-du-val": {"clientele": ["nadia", "omar"], "exploitation": ["omar"], "facturation": ["nadia"]},
    "hypo-nord": {"clientele": ["marc", "lise"], "facturation": ["lise"]},
    "courtage-frontiere": {
        "clientele": ["claire", "paula", "eric"], "exploitation": ["eric", "paula"], "facturation": ["paula"],
    },
    "mecano": {"clientele": ["tom"], "exploitation": ["tom"], "facturation": ["tom"]},
    "cabinet-roy": {"clientele": ["anne"], "facturation": ["anne"]},
}  # fmt: skip


def tell_plans() -> None:
    for slug, teams in TEAMS.items():
        organization = Organization.objects.get(slug=slug)
        with in_organization(organization.pk):
            found = Membership.objects.filter(organization=organization).select_related("user", "organization")
            members = {member.user.email.partition("@")[0]: member for member in found}
            _fill_teams(organization, teams, members)
            for code in ready_made.OF_TRADES[organization.trade]:
                ready_made.install(organization, code)
            if slug == "eaux-du-val":
                _plans_of_water(organization, members)


def _fill_teams(organization: Organization, teams: dict, members: dict[str, Membership]) -> None:
    for code, logins in teams.items():
        team = Team.objects.get(organization=organization, code=code)
        inside = [members[login] for login in logins]
        update_team(
            team, by=members["admin"], version=team.version, label_fr=team.label_fr, label_en=team.label_en,
            lead=inside[0], members=inside,
        )  # fmt: skip


def _plans_of_water(organization: Organization, members: dict[str, Membership]) -> None:
    """A complaint on its way, with a reading that the field has to take; a termination and a move that have just
    begun."""
    nadia = members["nadia"]

    def started(number: str, case_type: str, title: str, process: str) -> ProcessRun:
        client = Client.objects.get(organization=organization, number=number)
        case = open_case(by=nadia, client=client, case_type=case_type, title=title, responsible=nadia.user)
        return actions.launch(by=nadia, case=case, definition=process)

    complaint = started("100602", "reclamation", "Facture F-2409-05240 contestée", "reclamation_facture")
    first = complaint.steps.get(key="qualifier")
    answers = {"motif": "index", "recevable": True, "montant_conteste": 148.9,
               "explication": "Le compteur aurait été mal lu : la cave était fermée le jour de la relève."}  # fmt: skip
    actions.complete_step(first, by=nadia, data=answers)
    ending = started("100561", "resiliation", "Départ du 4, allée des Saules", "resiliation")
    day = (timezone.localdate() + timedelta(days=12)).isoformat()
    asked = ending.steps.get(key="demande")
    actions.complete_step(asked, by=nadia, data={"date_resiliation": day, "motif": "demenagement"})
    started("100640", "emmenagement", "Arrivée au 2, impasse du Puits", "emmenagement")
