"""The demo's loan applications at Hypo-Nord: some to enrol, some enrolled, one that head office must decide."""

from entregent.clients.actions import create_client
from entregent.enrollment.actions import Choices, create_application, enroll, load
from entregent.enrollment.models import LoanApplication
from entregent.organizations.actions import update_member, update_organization
from entregent.organizations.models import Membership

_GATINEAU = {"city": "Gatineau", "region": "QC", "postal_code": "J8X 2B2", "country": "CA"}


def _place(street: str, **more: str) -> dict[str, str]:
    return {"street": street, **_GATINEAU, **more}


def _person(first_name: str, last_name: str, **more) -> dict:
    return {"first_name": first_name, "last_name": last_name, **more}


def tell_loans(*, admin: Membership, marc: Membership, lise: Membership) -> None:
    broker = admin.organization
    update_organization(broker, by=admin, version=broker.version, crm_list_label="Clients Hypo-Nord")
    update_member(admin, by=admin, version=admin.version, rights_added=["head_office"])
    create_application(
        by=marc, number="1042", agent=marc.user, branch="Hull", status="in_progress",
        place=_place("31, chemin du Lac", city="Cantley", postal_code="J8V 3C3"),
        applicants=[
            _person("Julie", "Tremblay", birth_date="1988-04-12", email="julie.tremblay@foyer.example",
                    phone="819 555 0117", is_primary=True, **_place("8, rue Laurier")),
            _person("Paul", "Tremblay", role="guarantor", email="paul.tremblay@foyer.example", phone="819 555 0118"),
        ],
    )  # fmt: skip
    create_application(
        by=lise, number="1043", agent=lise.user, branch="Aylmer", status="submitted",
        place=_place("5, rue Principale", postal_code="J9H 5C9"),
        applicants=[
            _person("Julie", "Tremblay", email="julie@courriel.example", phone="819 555 0117", is_primary=True,
                    **_place("8, rue Laurier")),
        ],
    )  # fmt: skip
    create_application(
        by=lise,
        number="1044",
        agent=lise.user,
        branch="Aylmer",
        status="declined",
        applicants=[_person("Étienne", "Gagné", email="etienne.gagne@courriel.example", is_primary=True)],
    )
    nathalie = create_application(
        by=marc, number="1039", agent=marc.user, branch="Hull", status="complete",
        place=_place("77, boulevard Gréber", postal_code="J8T 3P9"),
        applicants=[
            _person("Nathalie", "Lavoie", birth_date="1979-09-30", email="nathalie.lavoie@courriel.example",
                    phone="819 555 0166", is_primary=True, **_place("77, boulevard Gréber", postal_code="J8T 3P9")),
        ],
    )  # fmt: skip
    _sent(nathalie, marc, remarks="Renouvellement en 2029 ; préfère être jointe le soir.")
    create_client(
        by=marc, kind="person", number="2003", first_name="Mathieu", name="Bergeron",
        emails=["mathieu.bergeron@courriel.example"], phones=["819 555 0190"],
    )  # fmt: skip
    mathieu = create_application(
        by=lise, number="1041", agent=lise.user, branch="Hull", status="approved",
        place=_place("14, rue Eddy", postal_code="J8X 2W1"),
        applicants=[
            _person("Mathieu", "Bergeron", birth_date="1991-01-08", email="mathieu.bergeron@courriel.example",
                    phone="819 555 0191", is_primary=True, **_place("14, rue Eddy", postal_code="J8X 2W1")),
        ],
    )  # fmt: skip
    _sent(mathieu, lise)


def _sent(application: LoanApplication, by: Membership, remarks: str = "") -> None:
    """Transmitted, and loaded as far as head office does by itself."""
    everybody = {one.pk for one in application.applicants.all()}
    chosen = Choices(everybody, selection="include", agent=by.user, remarks=remarks)
    for transmission in enroll(application, by=by, button="save", choices=chosen).transmissions:
        load(transmission)
