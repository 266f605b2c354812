"""Head office: loaded once, no duplicate, withdrawal wins (R000-15 to -19, -23, A01 to A05)."""

import pytest

from entregent.audit.models import Change
from entregent.clients.actions import create_client, merge_clients, reinstate_client, remove_client, update_client
from entregent.clients.models import BusinessObject, Client
from entregent.clients.state_changes import pass_on
from entregent.enrollment.actions import (
    NEW,
    Choices,
    candidates_of,
    create_application,
    enroll,
    load,
    reject,
    update_application,
    update_enrollment_settings,
)
from entregent.enrollment.actions.applications import _save_applicant
from entregent.enrollment.models import Applicant, Transmission
from entregent.enrollment.tasks import load_waiting
from entregent.enrollment.tests.conftest import JULIE, PLACE
from entregent.enrollment.tests.test_enrolling import PINES, adds, choices
from entregent.groups.models import ClientGroup, GroupMember
from entregent.interactions.models import InteractionEntry
from entregent.listing.models import CustomField
from entregent.notifications.models import Notification
from entregent.organizations.models import Organization
from entregent.search.quick import quick_search
from entregent.toolbox.errors import Refusal
from testing.cast import enter, grant, make_member


def sends(application, by, button, **changes):
    asked = choices(application, by, existing=True, **changes)
    (sent,) = enroll(application, by=by, button=button, choices=asked, is_confirmed=True).transmissions
    return sent


@pytest.fixture
def enrolled(application, broker):
    """Julie, loaded."""
    return load(adds(application, broker, remarks="Préfère le soir.")[0]).client


def phones(client):
    return [one["number"] for one in client.phones]


def test_an_addition_makes_the_client_with_its_agent_and_the_remark(enrolled, application, broker):
    client = Client.objects.get(pk=enrolled.pk)
    assert (client.display_name, client.status, client.responsible) == ("Julie Tremblay", "client", broker.user)
    assert (client.emails, phones(client), str(client.birth_date)) == (
        ["julie@ex.example"], ["+18195550117"], "1988-04-12",
    )  # fmt: skip
    assert {one.kind: one.street for one in client.addresses.all()} == dict.fromkeys(
        ("main", "mailing"), PLACE["street"]
    )
    entry = InteractionEntry.objects.get(interaction__client=client)
    assert (entry.notes, entry.internal, entry.author) == ("Préfère le soir.", True, broker.user)
    assert BusinessObject.objects.get(client=client).key == "1042"
    application.refresh_from_db()
    assert application.enrollment_state == "enrolled"


def test_a_transmission_is_loaded_once(application, broker):
    (sent,) = adds(application, broker, remarks="Une fois.")
    for _time in range(3):
        load(sent)
    assert Client.objects.count() == 1
    assert InteractionEntry.objects.count() == 1


def test_the_worker_loads_what_waits(application, broker, org):
    adds(application, broker)
    assert load_waiting(org.pk) == 1
    enter(broker)
    assert Transmission.objects.get().state == "loaded"
    update_enrollment_settings(by=broker, version=1, is_automatic=False)
    other = create_application(by=broker, applicants=[JULIE | {"last_name": "Gagné", "email": "g@ex.example"}])
    adds(other, broker)
    assert load_waiting(org.pk) == 0


def test_what_the_worker_loads_is_found_and_what_it_removes_is_not(application, broker, org):
    adds(application, broker)
    gone = create_application(by=broker, applicants=[JULIE | {"last_name": "Gagné", "email": "g@ex.example"}])
    adds(gone, broker)
    assert load_waiting(org.pk) == 2
    enter(broker)
    assert [found(broker, name) for name in ("tremblay", PLACE["street"], "gagne")] == [1, 2, 1]
    sends(gone, broker, "save")
    assert load_waiting(org.pk) == 1
    enter(broker)
    assert (found(broker, "tremblay"), found(broker, "gagne")) == (1, 0)
    # What is written afterwards is indexed as it is written.
    update_client(Client.objects.get(name="Tremblay"), by=broker, version=None, name="Bouchard")
    assert (found(broker, "tremblay"), found(broker, "bouchard")) == (0, 1)


def found(member, text):
    return sum(len(group.items) for group in quick_search(member, text, kinds=["clients"]).groups)


def test_an_update_changes_the_client_and_keeps_what_the_crm_knows_besides(enrolled, application, broker, julie):
    Client.objects.filter(pk=enrolled.pk).update(
        emails=["julie@ex.example", "bureau@ex.example"],
        phones=[{"label": "Mobile", "number": "+18195550117"}, {"label": "Bureau", "number": "+18195550999"}],
    )
    update_application(
        application, by=broker, version=None, applicants=[JULIE | {"id": julie.pk, "phone": "819 555 0188"}]
    )
    sent = load(sends(application, broker, "update", selection="include"))
    assert sent.state == "loaded"
    assert Client.objects.count() == 1
    client = Client.objects.get()
    assert client.phones == [
        {"label": "Mobile", "number": "+18195550188"}, {"label": "Bureau", "number": "+18195550999"},
    ]  # fmt: skip
    assert client.emails == ["julie@ex.example", "bureau@ex.example"]
    assert sent.before["phones"][0]["number"] == "+18195550117"
    old = Change.objects.filter(table_name="clients_client", row_id=client.pk).order_by("-pk").first()
    assert "+18195550117" in str(old.before)


def test_a_new_address_takes_the_place_of_what_was_sent_before_alone(enrolled, application, broker):
    enrolled.addresses.filter(kind="main").update(street="Rue choisie par elle")
    load(sends(application, broker, "update", selection="include", address_source="other", place=PINES))
    assert {one.kind: one.street for one in enrolled.addresses.all()} == {
        "main": "Rue choisie par elle", "mailing": "12 rue des Pins",
    }  # fmt: skip


def test_a_removal_takes_the_client_out_and_leaves_the_application(enrolled, application, broker, julie):
    load(sends(application, broker, "save"))
    client = Client.objects.get()
    assert client.status == "removed"
    assert not Client.objects.visible_to(broker).listed().exists()
    assert client.interactions.exists()
    application.refresh_from_db()
    julie.refresh_from_db()
    assert (application.status, application.enrollment_state, julie.last_name) == ("in_progress", "removed", "Tremblay")


def test_only_a_new_inclusion_brings_a_removed_client_back(enrolled, application, broker):
    load(sends(application, broker, "save"))
    (again,) = adds(application, broker)
    assert load(again).client == enrolled
    assert Client.objects.get().status == "client"


def test_what_was_entered_before_a_removal_does_not_bring_anybody_back(enrolled, application, broker):
    # The same person on another application: an addition waits while the removal is loaded.
    other = create_application(by=broker, number="2001", applicants=[JULIE])
    Applicant.objects.filter(application=other).update(client=enrolled)
    update = sends(other, broker, "update", selection="include")
    removal = Transmission.objects.create(
        organization=application.organization, number=900, application=application,
        applicant=application.applicants.first(), operation="remove", address_source="applicant",
        corresponding_agent=broker.user, entered_by=broker.user, client=enrolled, payload=update.payload, digest="x",
    )  # fmt: skip
    load(removal)
    assert load(update).state == "rejected"
    assert "retiré" in update_reason(update)
    assert Client.objects.get().status == "removed"


def test_an_inclusion_does_not_bring_back_who_was_removed_by_hand_since(enrolled, application, broker):
    load(sends(application, broker, "save"))
    (again,) = adds(application, broker)
    client = reinstate_client(Client.objects.get(), by=broker)
    remove_client(client, by=broker)
    assert load(again).state == "rejected"
    assert Client.objects.get().status == "removed"


def test_applicants_follow_a_client_who_is_removed_by_hand(enrolled, application, broker, julie):
    for status, state in (("removed", "removed"), ("client", "enrolled")):
        Client.objects.filter(pk=enrolled.pk).update(status=status)
        pass_on(broker.organization)
        enter(broker)
        application.refresh_from_db()
        julie.refresh_from_db()
        assert (julie.enrollment_state, application.enrollment_state) == (state, state)


def update_reason(transmission):
    transmission.refresh_from_db()
    return transmission.reason


@pytest.fixture
def known(broker):
    return create_client(
        by=broker, kind="person", name="Tremblay", first_name="Julie", emails=["julie@ex.example"], number="J1"
    )


def test_a_likely_duplicate_waits_for_head_office(known, application, broker, head_office):
    sent = load(adds(application, enter(broker))[0])
    assert sent.state == "possible_duplicate"
    assert Client.objects.count() == 1
    assert Notification.objects.get(event="transmission_duplicate").user == head_office.user
    merged = load(sent, by=head_office, decision=known)
    assert (merged.state, merged.client, merged.decided_by) == ("loaded", known, head_office.user)
    assert Client.objects.count() == 1
    assert Client.objects.get().phones[0]["number"] == "+18195550117"


@pytest.fixture
def lise(org, north, application, broker):
    """An agent of the north, on the application."""
    one = make_member(org, "lise@eaux.example", "Lise Bouchard", "editor")
    grant(one, "sector", north.pk)
    enter(broker)
    update_application(application, by=broker, version=None, agent=one.user)
    return enter(one)


@pytest.mark.parametrize("button", ["update", "save"])
def test_nobody_out_of_reach_is_changed_or_removed_by_their_name(
    known, application, lise, south, north, head_office, button
):
    selection = "include" if button == "update" else "not_selected"
    Client.objects.filter(pk=known.pk).update(sector=south)
    sent = load(sends(application, enter(lise), button, selection=selection))
    assert (sent.state, sent.reason) == ("possible_duplicate", "")
    known.refresh_from_db()
    assert (known.status, known.phones) == ("client", [])
    assert load(sent, by=head_office, decision=known).state == "loaded"


@pytest.mark.parametrize("button", ["update", "save"])
def test_nobody_learns_from_a_refusal_who_is_a_client(application, lise, button):
    selection = "include" if button == "update" else "not_selected"
    assert load(sends(application, lise, button, selection=selection)).state == "possible_duplicate"


def test_a_client_within_reach_is_known_by_name(known, application, lise, north):
    Client.objects.filter(pk=known.pk).update(sector=north)
    assert load(sends(application, lise, "update", selection="include")).client == known


def test_whom_an_applicant_is_stands_above_a_decision(known, application, broker, head_office, julie):
    sent = load(adds(application, enter(broker))[0])
    other = create_client(by=broker, kind="person", name="Tremblay", first_name="Julie")
    Applicant.objects.filter(pk=julie.pk).update(client=other)
    assert not candidates_of(Transmission.objects.get(pk=sent.pk))
    assert load(sent, by=head_office, decision=NEW).client == other
    assert Client.objects.count() == 2


def test_a_fourth_address_drives_out_none_and_stands_in_the_note(known, application, broker, head_office):
    emails = ["un@ex.example", "deux@ex.example", "trois@ex.example"]
    Client.objects.filter(pk=known.pk).update(emails=emails, birth_date=JULIE["birth_date"])
    known.refresh_from_db()
    sent = load(adds(application, enter(broker))[0])
    load(sent, by=head_office, decision=known)
    known.refresh_from_db()
    assert known.emails == emails
    entry = InteractionEntry.objects.get(interaction__client=known)
    assert "julie@ex.example" in entry.notes


def test_head_office_may_say_that_it_is_somebody_else(known, application, broker, head_office):
    sent = load(adds(application, enter(broker))[0])
    load(sent, by=head_office, decision=NEW)
    assert Client.objects.count() == 2


def test_the_same_name_alone_is_no_duplicate(application, broker):
    create_client(by=broker, kind="person", name="Tremblay", first_name="Julie", emails=["autre@ex.example"])
    assert load(adds(application, broker)[0]).state == "loaded"


def test_a_removed_client_of_the_same_name_is_for_head_office(known, application, broker):
    Client.objects.filter(pk=known.pk).update(status="removed")
    assert load(adds(application, broker)[0]).state == "possible_duplicate"


def test_a_rejection_says_why_and_tells_who_sent_it(application, broker, head_office, julie):
    (sent,) = adds(application, enter(broker))
    with pytest.raises(Refusal):
        reject(sent, by=head_office, reason=" ")
    reject(sent, by=head_office, reason="Pièces manquantes")
    assert Notification.objects.get(event="transmission_rejected").user == broker.user
    julie.refresh_from_db()
    assert julie.enrollment_state == "none"
    with pytest.raises(Refusal):
        reject(sent, by=head_office, reason="Encore")
    assert adds(application, enter(broker))


def test_what_cannot_be_loaded_is_rejected_with_its_reason(application, broker, org):
    (sent,) = adds(application, broker)
    broker.is_active = False
    broker.save()
    assert load(sent).state == "rejected"
    assert sent.pk
    assert "agent" in update_reason(sent)


def test_changing_an_applicant_leaves_what_head_office_wrote(application, broker, julie):
    Applicant.objects.filter(pk=julie.pk).update(enrollment_state="pending")
    _save_applicant(julie, {"last_name": "Roy", "first_name": "Julie"}, by=broker)
    julie.refresh_from_db()
    assert (julie.sort_key, julie.enrollment_state) == ("roy julie", "pending")


def test_a_removal_shows_on_every_application_of_the_client(enrolled, application, broker):
    other = create_application(by=broker, number="2002", applicants=[JULIE])
    Applicant.objects.filter(application=other).update(client=enrolled, enrollment_state="enrolled")
    load(sends(application, broker, "save"))
    other.refresh_from_db()
    assert (other.enrollment_state, other.applicants.get().enrollment_state) == ("removed", "removed")


def test_a_required_field_of_clients_does_not_stop_loading(application, broker, org):
    field = {"organization": org, "subject": "client", "code": "origine", "type": "text", "is_required": True}
    CustomField.objects.create(**field, label_fr="Origine", label_en="Origin")
    Organization.objects.filter(pk=org.pk).update(custom_fields_stamp=2)
    (sent,) = adds(application, broker)
    assert load(sent).state == "loaded", update_reason(sent)


def test_an_applicant_follows_a_client_that_is_merged(enrolled, application, broker, known):
    merge_clients(winner=known, loser=enrolled, by=broker)
    application.refresh_from_db()
    asked = Choices(
        [application.applicants.first().pk], True, "include", "other", PINES, broker.user, "",
    )  # fmt: skip
    (sent,) = enroll(application, by=broker, button="update", choices=asked).transmissions
    assert load(sent).client == known


def test_a_removed_client_leaves_its_group(enrolled, application, broker):
    group = ClientGroup.objects.create(organization=application.organization, name="Nord", name_key="nord")
    GroupMember.objects.create(organization=application.organization, group=group, client=enrolled)
    load(sends(application, broker, "save"))
    assert not GroupMember.objects.live().exists()
    assert GroupMember.objects.filter(client=enrolled).exists()
