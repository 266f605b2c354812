"""The scene of A12: a broker, clients whose relationship holds, one that has none."""

from datetime import date, timedelta

import pytest

from entregent.relationships.models import BusinessAccount, ProgramAccount, Relationship
from testing.cast import enter, make_client


def tied(organization, number, name, account_number, programs=2):
    """A client with a business account and its programs."""
    account = BusinessAccount.objects.create(number=account_number, name=name)
    ProgramAccount.objects.bulk_create(
        ProgramAccount(account=account, number=f"{account_number}RM{place:04}") for place in range(1, programs + 1)
    )
    return make_client(organization, number, name, business_account=account)


def relate(client, *, ends_on=None, **fields):
    return Relationship.objects.create(
        organization=client.organization, account=client.business_account, level="business",
        starts_on=date.today() - timedelta(days=30), ends_on=ends_on, **fields,
    )  # fmt: skip


@pytest.fixture
def provider(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def delegated(provider, admin):
    """Alpha and Bêta, whose relationships hold."""
    admin.organization.provider_kind = provider.provider_kind
    made = {
        "alpha": tied(provider, "A1", "Alpha", "100000001"),
        "beta": tied(provider, "B1", "Bêta", "100000002", 3),
    }
    for client in made.values():
        relate(client)
    enter(admin)
    return made


@pytest.fixture
def epsilon(delegated, provider, admin):
    made = tied(provider, "E1", "Epsilon", "100000005")
    relate(made)
    enter(admin)
    return made


@pytest.fixture
def gamma(provider, admin):
    """Has a business account, and has not answered."""
    made = tied(provider, "G1", "Gamma", "100000003")
    enter(admin)
    return made
