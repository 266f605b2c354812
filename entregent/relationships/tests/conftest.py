"""The scene: a broker, a business with two programs, who manages it and who works there."""

import pytest

from entregent.access.rights import Role
from entregent.organizations.models import User
from entregent.relationships.actions import add_program, keep_account, register_account
from entregent.relationships.models import AccountUser


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def account(db):
    made = keep_account(number="123 456 789", name="Zêta inc.", postal_code="H2X 1Y4", city="Montréal", country="CA")
    add_program(made, "RM0001", "Importation")
    add_program(made, "RM0002", "Exportation")
    return made


def make_user(email, name):
    user = User(email=email, name=name)
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def owner(account):
    """The manager of the business account: it was registered by her."""
    user = make_user("zoe@zeta.example", "Zoé Zêta")
    return register_account(user=user, number="123456789", name="Zêta inc.", postal_code="H2X 1Y4", program="RM0001")


@pytest.fixture
def program_manager(account, owner):
    made = AccountUser.objects.create(
        account=account, user=make_user("paul@zeta.example", "Paul Programme"), role=Role.MANAGER
    )
    made.programs.set(account.programs.filter(number__endswith="RM0002"))
    return made


@pytest.fixture
def clerk(account, owner):
    """An editor of the account."""
    return AccountUser.objects.create(account=account, user=make_user("ed@zeta.example", "Ed Iteur"), role=Role.EDITOR)
