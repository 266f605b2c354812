"""What is transmitted, and what is refused (R000-04 to -18, -22)."""

import pytest

from entregent.access.rights import Right
from entregent.clients.actions import create_client
from entregent.clients.models import Client
from entregent.enrollment.actions import Choices, choices_of, create_application, enroll, load, update_application
from entregent.enrollment.models import Enrollment, Transmission
from entregent.enrollment.tests.conftest import HOUSE, JULIE, PAUL, PLACE
from entregent.toolbox.errors import Refusal, Refusals
from testing.cast import enter, grant, make_member

PINES = {"street": "12 rue des Pins", "city": "Gatineau", "region": "QC", "postal_code": "j8x1a1", "country": "CA"}


def choices(application, member, **changes):
    values = {"applicants": {application.applicants.get(is_primary=True).pk}, "agent": member.user} | changes
    return Choices(**values)


def adds(application, by, *, key=None, **changes):
    asked = choices(application, by, **({"selection": "include"} | changes))
    return enroll(application, by=by, button="save", choices=asked, idempotency_key=key).transmissions


def codes(refusal):
    caught = refusal.value
    return [one.code for one in (caught.refusals if isinstance(caught, Refusals) else [caught])]


def test_a_new_client_is_transmitted_with_the_address_of_the_applicant(application, broker, julie):
    (sent,) = adds(application, broker, remarks="  Rappeler en juin. ")
    assert (sent.operation, sent.state, sent.applicant_id) == ("add", "waiting", julie.pk)
    assert sent.payload["address"] == {**PLACE, "unit": ""}
    assert (sent.remarks, sent.corresponding_agent, sent.entered_by) == ("Rappeler en juin.", broker.user, broker.user)
    application.refresh_from_db()
    assert application.enrollment_state == "pending"


def test_another_address_is_sent_and_kept_nowhere_else(application, broker, julie):
    (sent,) = adds(application, broker, address_source="other", place=PINES)
    assert sent.payload["address"] == {**PINES, "unit": "", "postal_code": "J8X 1A1"}
    julie.refresh_from_db()
    assert julie.place["street"] == PLACE["street"]


def test_what_was_typed_and_given_up_is_not_sent(application, broker):
    (sent,) = adds(application, broker, address_source="property", place=PINES)
    assert sent.payload["address"]["street"] == HOUSE["street"]
    assert Enrollment.objects.get().street == ""


def test_another_agent_can_be_chosen_and_both_names_are_kept(application, broker, org):
    lise = make_member(org, "lise@eaux.example", "Lise Bouchard", "editor")
    enter(broker)
    (sent,) = adds(application, broker, agent=lise.user)
    assert (sent.corresponding_agent.name, sent.entered_by) == ("Lise Bouchard", broker.user)


def test_nothing_chosen_is_a_draft(application, broker):
    asked = choices(application, broker, remarks="À voir", address_source="property")
    done = enroll(application, by=broker, button="save", choices=asked)
    assert done.is_draft
    assert not Transmission.objects.exists()
    kept = choices_of(application, broker)
    assert (kept.remarks, kept.address_source, kept.selection) == ("À voir", "property", "not_selected")


def test_the_page_begins_with_the_primary_applicant_and_oneself(application, broker, julie):
    first = choices_of(application, broker)
    assert (list(first.applicants), first.existing, first.agent) == ([julie.pk], False, broker.user)
    assert (first.selection, first.address_source) == ("not_selected", "applicant")


def test_who_is_no_agent_begins_with_the_agent_of_record(application, broker, admin):
    assert choices_of(application, enter(admin)).agent == broker.user


def test_every_applicant_can_be_enrolled_at_once(application, broker):
    everybody = {one.pk for one in application.applicants.all()}
    with pytest.raises(Refusal) as refusal:
        adds(application, broker, applicants=everybody)
    assert "Paul Roy" in str(refusal.value.message)
    sent = adds(application, broker, applicants=everybody, address_source="property")
    assert [one.name for one in sent] == ["Julie Tremblay", "Paul Roy"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"applicants": ()}, "E-000-NO-APPLICANT"),
        ({"remarks": "x" * 2001}, "E-LENGTH"),
        ({"address_source": "other", "place": PINES | {"postal_code": "75001"}}, "E-000-POSTAL"),
        ({"address_source": "other", "place": PINES | {"city": ""}}, "E-REQUIRED"),
        ({"address_source": "other", "place": {}}, "E-REQUIRED"),
        ({"address_source": "elsewhere"}, "E-REQUIRED"),
        ({"agent": None}, "E-REQUIRED"),
    ],
)
def test_what_cannot_be_sent_is_refused(application, broker, changes, code):
    with pytest.raises((Refusal, Refusals)) as refusal:
        adds(application, broker, **changes)
    assert code in codes(refusal)
    assert not Transmission.objects.exists()


def test_an_address_that_is_incomplete_says_which(application, broker):
    update_application(application, by=broker, version=None, place={"street": "31, chemin du Lac"})
    application.refresh_from_db()
    with pytest.raises(Refusal) as refusal:
        adds(application, broker, address_source="property")
    assert codes(refusal) == ["E-000-ADDR-MISSING"]
    assert "propriété" in str(refusal.value.message)


def test_an_agent_who_left_or_is_elsewhere_is_refused(application, broker, stranger, colleague):
    colleague.is_active = False
    enter(broker)
    colleague.save()
    for user in (stranger.user, colleague.user):
        with pytest.raises(Refusal) as refusal:
            adds(application, broker, agent=user)
        assert codes(refusal) == ["E-000-AGENT"]


def test_one_transmission_waits_at_a_time(application, broker):
    adds(application, broker)
    with pytest.raises(Refusal) as refusal:
        adds(application, broker)
    assert (codes(refusal), refusal.value.status) == (["E-000-PENDING"], 409)


def test_the_same_request_is_one_transmission(application, broker):
    first, again = adds(application, broker, key="k1"), adds(application, broker, key="k1")
    assert [one.pk for one in first] == [one.pk for one in again]


def test_who_is_enrolled_is_updated_instead(application, broker):
    load(adds(application, broker)[0])
    with pytest.raises(Refusal) as refusal:
        adds(application, broker)
    assert codes(refusal) == ["E-000-USE-UPDATE"]


def test_who_is_not_in_the_crm_is_neither_updated_nor_removed(application, broker):
    for button, selection in (("update", "include"), ("save", "not_selected")):
        asked = choices(application, broker, existing=True, selection=selection)
        with pytest.raises(Refusal) as refusal:
            enroll(application, by=broker, button=button, choices=asked, is_confirmed=True)
        assert codes(refusal) == ["E-000-NOT-EXISTING"]


def test_an_update_without_change_is_refused(application, broker):
    load(adds(application, broker)[0])
    asked = choices(application, broker, existing=True, selection="include")
    with pytest.raises(Refusal) as refusal:
        enroll(application, by=broker, button="update", choices=asked)
    assert str(refusal.value.message) == "Aucun changement à transmettre."
    asked.remarks = "Veut être rappelée."
    assert enroll(application, by=broker, button="update", choices=asked).transmissions


def test_a_removal_asks_first(application, broker):
    load(adds(application, broker)[0])
    asked = choices(application, broker, existing=True)
    with pytest.raises(Refusal) as refusal:
        enroll(application, by=broker, button="save", choices=asked)
    assert codes(refusal) == ["E-000-CONFIRM"]
    assert "quitte les listes" in str(refusal.value.message)
    assert enroll(application, by=broker, button="save", choices=asked, is_confirmed=True).transmissions


def test_a_client_who_is_there_already_can_be_updated(application, broker):
    known = create_client(by=broker, kind="person", name="Tremblay", first_name="Julie", emails=["JULIE@ex.example"])
    asked = choices(application, broker, existing=True, selection="include")
    (sent,) = enroll(application, by=broker, button="update", choices=asked).transmissions
    assert load(sent).client == known


def test_an_application_has_a_number_of_its_own_and_one_primary_applicant(broker, application):
    other = create_application(by=broker, applicants=[PAUL, JULIE | {"is_primary": False}])
    assert other.number == "1001"
    assert other.applicants.get(is_primary=True).last_name == "Tremblay"
    with pytest.raises(Refusal) as refusal:
        create_application(by=broker, applicants=[JULIE], number="1042")
    assert codes(refusal) == ["E-000-NUMBER"]
    with pytest.raises(Refusals) as refusal:
        create_application(by=broker, applicants=[{"email": "non", "phone": "12"}], status="perdue")
    assert {one.field for one in refusal.value.refusals} == {
        "status", "applicants.0.last_name", "applicants.0.email", "applicants.0.phone",
    }  # fmt: skip


def test_a_complete_application_is_read_only_and_still_enrols(application, broker):
    application = update_application(application, by=broker, version=1, status="complete")
    with pytest.raises(Refusal) as refusal:
        update_application(application, by=broker, version=2, branch="Aylmer")
    assert codes(refusal) == ["E-000-READ-ONLY"]
    assert adds(application, broker)


def test_applicants_are_changed_and_those_who_were_sent_stay(application, broker, julie):
    adds(application, broker)
    with pytest.raises(Refusal) as refusal:
        update_application(application, by=broker, version=None, applicants=[PAUL])
    assert codes(refusal) == ["E-000-SENT"]
    changed = update_application(
        application, by=broker, version=None, applicants=[JULIE | {"id": julie.pk, "phone": "819 555 0100"}]
    )
    assert [one.phone for one in changed.applicants.all()] == ["+18195550100"]


def test_who_reaches_a_part_sees_their_own_applications(application, broker, org, north):
    lise = make_member(org, "lise@eaux.example", "Lise Bouchard", "editor")
    grant(lise, "sector", north.pk)
    enter(lise)
    objects = type(application).objects
    assert not objects.visible_to(lise).exists()
    update_application(application, by=broker, version=None, agent=lise.user)
    assert objects.visible_to(lise).get() == application


def test_who_reads_the_whole_edits_what_a_part_gives(application, broker, org, north, south):
    lise = make_member(org, "lise@eaux.example", "Lise Bouchard", "reader")
    grant(lise, "organization", None, role="reader")
    grant(lise, "sector", north.pk, role="editor")
    enter(broker)
    sent = load(adds(application, broker)[0])
    objects = (type(application).objects, Transmission.objects)
    for sector, edited in ((south, []), (north, [1])):
        Client.objects.filter(pk=sent.client_id).update(sector=sector)
        enter(lise)
        assert [one.visible_to(lise, Right.LOAN_VIEW).count() for one in objects] == [1, 1]
        assert [one.visible_to(lise, Right.LOAN_EDIT).count() for one in objects] == [len(edited)] * 2
        enter(broker)
