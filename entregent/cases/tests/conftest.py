import pytest

from entregent.cases.models import CaseType
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
from testing.cast import enter


@pytest.fixture
def complaint(org, admin):
    """« Réclamation facture », with sub-statuses and five working days."""
    enter(admin)
    return CaseType.objects.create(
        organization=org,
        code="facture",
        path="reclamation/facture",
        label_fr="Réclamation facture",
        label_en="Bill complaint",
        due_rule="5 working days",
        sub_statuses=[
            {"code": "a_valider", "state": "new", "fr": "À valider", "en": "To validate"},
            {"code": "en_attente", "state": "deferred", "fr": "En attente du client", "en": "Waiting for the client"},
            {"code": "solde", "state": "done", "fr": "Soldé", "en": "Settled"},
        ],
    )


@pytest.fixture
def plain_type(org, admin):
    enter(admin)
    return CaseType.objects.create(
        organization=org, code="divers", path="divers", label_fr="Divers", label_en="Miscellaneous"
    )


@pytest.fixture
def topic(org, admin):
    enter(admin)
    return Topic.objects.create(
        organization=org, code="renseignement", label_fr="Renseignement", label_en="Enquiry", applies_to=["client"]
    )


@pytest.fixture
def contact(agent, client_north, topic):
    enter(agent)
    return log_interaction(by=agent, client=client_north, topic=topic, channel="phone_call", notes="Ma facture !")
