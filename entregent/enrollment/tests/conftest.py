import pytest

from entregent.enrollment.actions import create_application
from testing.cast import enter

PLACE = {"street": "8, rue Laurier", "city": "Gatineau", "region": "QC", "postal_code": "J8X 2B2", "country": "CA"}
HOUSE = {"street": "31, chemin du Lac", "city": "Cantley", "region": "QC", "postal_code": "J8V 3C3", "country": "CA"}
JULIE = {
    "first_name": "Julie", "last_name": "Tremblay", "birth_date": "1988-04-12", "email": "julie@ex.example",
    "phone": "819 555 0117", "is_primary": True, **PLACE,
}  # fmt: skip
PAUL = {"first_name": "Paul", "last_name": "Roy", "role": "guarantor", "email": "paul@ex.example"}


@pytest.fixture
def broker(org, manager):
    """The organization is a Canadian broker of loans."""
    org.country, org.crm_list_label = "CA", "Effectif Nord"
    org.save()
    manager.organization.country = "CA"
    return enter(manager)


@pytest.fixture
def application(broker):
    return create_application(
        by=broker, number="1042", agent=broker.user, branch="Hull", place=HOUSE, applicants=[JULIE, PAUL]
    )


@pytest.fixture
def julie(application):
    return application.applicants.get(is_primary=True)


@pytest.fixture
def head_office(org, admin):
    admin.rights_added = ["head_office"]
    admin.save()
    admin.__dict__.pop("reach", None)
    return enter(admin)
