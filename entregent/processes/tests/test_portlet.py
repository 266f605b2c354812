"""« Mon travail » on the home page."""

from django.urls import reverse

from entregent.processes import actions
from entregent.processes.tests.conftest import process, step
from testing.cast import enter


def test_the_home_page_shows_the_steps_that_wait_for_oneself(org, agent, manager, case, case_type, live, signed_in):
    definition = live(process("essai", step("a", who="starter"), case_types=[case_type.path]))
    enter(manager)
    actions.launch(by=manager, case=case, definition=definition)
    address = reverse("dashboards:portlet", args=[org.slug, "own-steps"])
    assert "Étape a" in signed_in(manager).get(address).content.decode()
    assert "Étape a" not in signed_in(agent).get(address).content.decode()


def test_it_stands_on_the_home_page_of_whoever_works_on_plans(org, agent, reader, signed_in):
    home = reverse("dashboards:portlet", args=[org.slug, "own-steps"])
    assert signed_in(agent).get(home).status_code == 200
    assert signed_in(reader).get(home).status_code == 404
