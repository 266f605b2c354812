"""Loan applications by file: with a plain header, with a loan system's own names, again, and back."""

import pytest

from entregent.enrollment.actions import Choices, enroll, update_application
from entregent.enrollment.models import LoanApplication
from entregent.exchange import actions
from entregent.toolbox.errors import RightMissing
from testing.cast import enter

HEAD = "N° de demande;Statut;Agent;Succursale;Prénom;Nom;Courriel;Téléphone;Adresse;Ville;Province;Code postal\n"
JULIE = (
    "1042;submitted;manager@eaux.example;Hull;Julie;Tremblay;julie@ex.example;819 555 0117;8 rue A;Gatineau;QC;J8X2B2\n"
)
MISMO = """
kind: loan-applications
key: number
columns:
  LoanIdentifier: number
  BorrowerFirstName: applicant.first_name
  BorrowerLastName: applicant.last_name
  BorrowerBirthDate: applicant.birth_date
  PropertyAddressLineText: property.street
  PropertyCityName: property.city
constants: {source_system: LOS}
"""


@pytest.fixture
def broker(org, manager):
    org.country = manager.organization.country = "CA"
    org.save()
    return enter(manager)


def test_an_application_comes_in_with_its_primary_applicant(broker, bringing):
    batch = bringing.bring(broker, "loan-applications", HEAD + JULIE)
    assert batch.count("created") == 1, [row.reason for row in batch.rows.all()]
    loan = LoanApplication.objects.get(number="1042")
    julie = loan.applicants.get()
    assert (loan.status, loan.branch, loan.agent) == ("submitted", "Hull", broker.user)
    assert (julie.is_primary, julie.full_name, julie.sort_key) == (True, "Julie Tremblay", "tremblay julie")
    assert (julie.phone, julie.postal_code, julie.country) == ("+18195550117", "J8X 2B2", "CA")
    again = bringing.bring(broker, "loan-applications", HEAD + JULIE)
    assert again.count("unchanged") == 1
    moved = bringing.bring(broker, "loan-applications", HEAD + JULIE.replace("0117", "0188"))
    assert moved.count("updated") == 1
    julie.refresh_from_db()
    assert julie.phone == "+18195550188"


def test_what_cannot_come_in_says_why(broker, bringing):
    LoanApplication.objects.create(organization=broker.organization, number="9", status="complete")
    rows = (
        "9;;;Hull;A;B;;;;;;\n;;;Hull;A;B;;;;;;\n10;perdue;;Hull;A;B;;;;;;\n11;;;Hull;A;;;;;;;\n12;;x@y.z;;A;B;;;;;;\n"
    )
    batch = bringing.bring(broker, "loan-applications", HEAD + rows)
    assert batch.count("created") == 0
    assert all(row.reason for row in batch.rows.all())


def test_a_loan_systems_own_names_are_mapped(broker, bringing):
    text = (
        "LoanIdentifier,BorrowerFirstName,BorrowerLastName,BorrowerBirthDate,PropertyAddressLineText,PropertyCityName\n"
        "L-77,Paul,Roy,1980-02-03,5 rue B,Cantley\n"
    )
    bringing.bring(broker, "loan-applications", text, mapping=MISMO)
    loan = LoanApplication.objects.get(number="L-77")
    assert (loan.street, loan.source_system, loan.applicants.get().last_name) == ("5 rue B", "LOS", "Roy")


def test_an_import_is_taken_back(broker, bringing):
    batch = bringing.bring(broker, "loan-applications", HEAD + JULIE)
    bringing.undo(batch, broker)
    assert not LoanApplication.objects.exists()


@pytest.mark.parametrize("what", ["changed", "draft", "transmitted"])
def test_an_application_that_stays_keeps_its_applicant(broker, bringing, what):
    batch = bringing.bring(broker, "loan-applications", HEAD + JULIE + JULIE.replace("1042", "1043"))
    loan = LoanApplication.objects.get(number="1042")
    if what == "changed":
        update_application(loan, by=broker, version=None, branch="Aylmer")
    else:
        selection = "include" if what == "transmitted" else "not_selected"
        asked = Choices([loan.applicants.get().pk], selection=selection, agent=broker.user)
        enroll(loan, by=broker, button="save", choices=asked)
    bringing.undo(batch, broker)
    enter(broker)
    kept = LoanApplication.objects.get()
    assert (kept.number, kept.applicants.get().full_name) == ("1042", "Julie Tremblay")


def test_it_is_offered_with_the_module_alone(broker):
    broker.organization.modules = []
    with pytest.raises(RightMissing):
        actions.check_rights("loan-applications", broker)
