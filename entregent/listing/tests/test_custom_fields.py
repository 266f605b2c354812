"""Custom fields: defined by an administrator, checked by one set of rules wherever a value comes from."""

from datetime import date

import pytest

from entregent.clients.actions import create_client, create_person, update_client
from entregent.clients.history import history_of
from entregent.clients.models import Client
from entregent.clients.search import marks_in_reach
from entregent.interactions.actions import log_interaction, update_interaction
from entregent.interactions.models import Topic
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.listing import custom_fields
from entregent.listing.custom_columns import views_using
from entregent.listing.custom_field_actions import (
    archive_custom_field,
    create_custom_field,
    delete_custom_field,
    offer_custom_field,
    purge_custom_field,
    restore_custom_field,
    update_custom_field,
    values_held,
)
from entregent.listing.lists import lists
from entregent.listing.models import CustomField, View
from entregent.listing.pages import count, page
from entregent.organizations.models import Membership
from entregent.search.models import Kind
from entregent.search.queries import ask, find
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from testing.cast import enter

ACCESS = [
    {"id": "cave", "fr": "Cave", "en": "Cellar"},
    {"id": "rue", "fr": "Sur rue", "en": "In the street"},
]


def run(job: Job) -> None:
    run_job(job_id=job.pk, organization_id=job.organization_id)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.DONE, "")


def again(member: Membership) -> Membership:
    """As the next request finds the member."""
    return Membership.objects.select_related("organization", "user").get(pk=member.pk)


@pytest.fixture
def define(admin):
    def make(code, type="text", *, subject="client", label="", **more):
        label = label or code.capitalize()
        return create_custom_field(
            by=admin, subject=subject, type=type, code=code, label_fr=label, label_en=f"{label} (en)", **more
        )

    return make


@pytest.fixture
def every_type(define):
    define("remarque")
    define("pieces", "number")
    define("pose", "date")
    define("chien", "boolean")
    define("acces", "choice", options=ACCESS)
    define("releveur", "member")


def company(by, name="Moreau", **more):
    return create_client(by=by, kind="company", name=name, **more)


def refusals(action, **keywords) -> dict:
    with pytest.raises((Refusal, Refusals)) as refused:
        action(**keywords)
    error = refused.value
    return {one.field: one.code for one in getattr(error, "refusals", [error])}


def test_a_code_is_made_of_the_label(admin):
    field = create_custom_field(by=admin, subject="client", type="text", label_fr="Accès à l’eau", label_en="Access")
    assert (field.code, field.position) == ("acces_a_l_eau", 10)
    second = create_custom_field(by=admin, subject="client", type="text", label_fr="Accès à l’eau", label_en="Access")
    assert (second.code, second.position) == ("acces_a_l_eau_2", 20)


def test_a_definition_is_refused_field_by_field(admin, define):
    define("remarque")
    assert refusals(
        create_custom_field, by=admin, subject="maison", type="image", label_fr="", label_en="x" * 61, code="Été"
    ) == {"subject": "E-REQUIRED", "type": "E-REQUIRED", "label_fr": "E-REQUIRED", "label_en": "E-LENGTH",
          "code": "E-CODE"}  # fmt: skip
    assert refusals(define, code="remarque") == {"code": "E-CODE"}
    assert refusals(define, code="a", type="choice") == {"options": "E-REQUIRED"}
    for options in (
        [{"id": "douzelettres", "fr": "a"}],
        [{"id": "à", "fr": "a"}],
        [{"id": "a", "fr": "a"}, {"id": "A", "fr": "b"}],
    ):
        assert refusals(define, code="a", type="choice", options=options) == {"options": "E-CODE"}
    long = [{"id": "a", "fr": "x" * 31, "en": "y"}]
    assert refusals(define, code="a", type="choice", options=long) == {"options": "E-LENGTH"}


@pytest.mark.usefixtures("every_type")
def test_values_are_kept_in_one_canonical_form(admin, agent):
    client = company(
        admin,
        custom={
            "remarque": "  deux   mots ", "pieces": "1 842,60", "pose": "31/12/2025", "chien": "oui", "acces": "cave",
            "releveur": agent.user.email.upper(),
        },
    )  # fmt: skip
    client.refresh_from_db()
    assert client.custom == {
        "remarque": "deux mots", "pieces": 1842.6, "pose": "2025-12-31", "chien": True, "acces": "cave",
        "releveur": agent.user_id,
    }  # fmt: skip
    changed = update_client(
        client, by=admin, version=client.version,
        custom={"pieces": 3.0, "chien": False, "pose": date(2026, 1, 2), "acces": "", "remarque": None},
    )  # fmt: skip
    assert changed.custom == {"pieces": 3, "pose": "2026-01-02", "releveur": agent.user_id}
    assert changed.version == client.version + 1
    same = update_client(changed, by=admin, version=changed.version, custom={"pieces": "3"})
    assert same.version == changed.version


@pytest.mark.usefixtures("every_type")
@pytest.mark.parametrize(
    ("code", "value", "refusal"),
    [
        ("remarque", "x" * 501, "E-LENGTH"),
        ("pieces", "douze", "E-NUMBER"),
        ("pieces", "NaN", "E-NUMBER"),
        ("pieces", True, "E-NUMBER"),
        ("pieces", "1e400", "E-NUMBER"),
        ("pieces", "1234567890.1234567", "E-NUMBER"),
        ("pieces", {"a": 1}, "E-CHOICE"),
        ("pose", "2026-02-30", "E-DATE"),
        ("chien", "peut-être", "E-CHOICE"),
        ("acces", "grenier", "E-CHOICE"),
        ("acces", ["cave"], "E-CHOICE"),
        ("releveur", "personne@nulle.example", "E-000-AGENT"),
        ("releveur", 10**15, "E-000-AGENT"),
        ("inconnu", "x", "E-004-FIELD"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(admin, code, value, refusal):
    assert refusals(company, by=admin, custom={code: value}) == {f"custom.{code}": refusal}
    assert not Client.objects.exists()


def test_members_of_other_organizations_are_unknown(admin, stranger, define):
    enter(admin)
    define("releveur", "member")
    assert refusals(company, by=admin, custom={"releveur": stranger.user_id}) == {"custom.releveur": "E-000-AGENT"}


def test_required_is_asked_of_new_records_and_of_what_is_given(admin, define):
    before = company(admin)
    define("dossier", is_required=True)
    assert refusals(company, by=admin, name="Neuf") == {"custom.dossier": "E-REQUIRED"}
    assert refusals(create_person, by=admin, last_name="Neuf", custom={"dossier": "x"}) == {
        "custom.dossier": "E-004-FIELD"
    }
    update_client(before, by=admin, version=None, category="Or")
    assert refusals(update_client, client=before, by=admin, version=None, custom={"dossier": " "}) == {
        "custom.dossier": "E-REQUIRED"
    }
    assert company(admin, "Neuf", custom={"dossier": "D1"}).custom == {"dossier": "D1"}


def test_what_a_record_holds_stays_right_when_it_is_no_longer_offered(admin, define):
    access, note = define("acces", "choice", options=ACCESS), define("remarque")
    client = company(admin, custom={"acces": "cave", "remarque": "avant"})
    update_custom_field(access, by=admin, version=access.version, options=ACCESS[1:])
    archive_custom_field(note, by=admin)
    kept = update_client(client, by=admin, version=None, custom={"acces": "cave", "remarque": "avant"})
    assert kept.custom == {"acces": "cave", "remarque": "avant"}
    assert [one.text for one in custom_fields.told(admin, "client", kept.custom)] == ["Cave", "avant"]
    other = company(admin, "Autre")
    assert refusals(update_client, client=other, by=admin, version=None, custom={"acces": "cave", "remarque": "x"}) == {
        "custom.acces": "E-CHOICE",
        "custom.remarque": "E-004-FIELD",
    }
    offer_custom_field(note, by=admin)
    assert update_client(other, by=admin, version=None, custom={"remarque": "x"}).custom == {"remarque": "x"}


def test_two_administrators_do_not_write_over_each_other(admin, define):
    field = define("remarque")
    update_custom_field(field, by=admin, version=field.version, label_fr="Note")
    with pytest.raises(Stale):
        update_custom_field(field, by=admin, version=field.version, label_fr="Autre")


def test_a_deleted_field_hides_its_values_until_it_is_restored(admin, define):
    field = define("remarque")
    client = company(admin, custom={"remarque": "ici"})
    assert values_held(field) == 1
    delete_custom_field(field, by=admin)
    assert custom_fields.told(admin, "client", client.custom) == []
    assert refusals(define, code="remarque") == {"code": "E-CODE"}
    update_client(client, by=admin, version=None, category="Or")
    restore_custom_field(field, by=admin)
    client.refresh_from_db()
    assert [(one.label, one.text) for one in custom_fields.told(admin, "client", client.custom)] == [
        ("Remarque", "ici")
    ]
    with pytest.raises(NotFound):
        purge_custom_field(field, by=admin)


def test_interactions_ask_on_the_channels_of_the_field(admin, client_north, define):
    topic = Topic.objects.create(organization_id=admin.organization_id, code="r", label_fr="R", label_en="R")
    define("humeur", "choice", subject="interaction", variants=["phone_call"], is_required=True, options=ACCESS)
    define("duree", "number", subject="interaction")

    def log(channel, **custom):
        return log_interaction(by=admin, client=client_north, topic=topic, channel=channel, custom=custom)

    assert log("phone_call", humeur="rue", duree="4").custom == {"humeur": "rue", "duree": 4}
    assert log("note", duree="4").custom == {"duree": 4}
    assert refusals(log, channel="phone_call") == {"custom.humeur": "E-REQUIRED"}
    assert refusals(log, channel="note", humeur="rue") == {"custom.humeur": "E-004-FIELD"}
    assert refusals(log, channel="email", duree="4") == {"custom.duree": "E-004-FIELD"}
    logged = log("email")
    moved = update_interaction(logged, by=admin, version=logged.version, channel="note", custom={"duree": "2,5"})
    moved.refresh_from_db()
    assert moved.custom == {"duree": 2.5}


@pytest.mark.usefixtures("every_type")
def test_lists_show_and_ask_for_custom_fields(admin, agent):
    first = company(
        admin, "Un", custom={"remarque": "Portail vert", "pieces": 12, "pose": "2026-01-02", "chien": True,
                             "acces": "cave", "releveur": agent.user_id})  # fmt: skip
    second = company(admin, "Deux", custom={"pieces": 9, "acces": "rue", "pose": "2025-06-01"})
    third = company(admin, "Trois")
    member = again(admin)
    clients = lists(member)["clients"]
    columns = [f"custom.{code}" for code in ("remarque", "pieces", "pose", "chien", "acces", "releveur")]
    rows = {row["id"]: [row[column] for column in columns] for row in page(clients, member, columns=columns).rows}
    assert rows[first.pk] == ["Portail vert", 12, date(2026, 1, 2), True, "cave", agent.user.name]
    assert rows[third.pk] == [None, None, None, False, None, None]

    def found(*condition):
        answer = page(clients, member, condition=list(condition), columns=columns, sort="name").rows
        assert count(clients, member, condition=list(condition)).total == len(answer)
        others = page(clients, member, condition={"not": list(condition)}, columns=columns).rows
        assert len(answer) + len(others) == 3
        return {row["id"] for row in answer}

    one, two, three = {first.pk}, {second.pk}, {third.pk}
    assert found("custom.remarque", "contains", "VERT") == one
    assert found("custom.remarque", "is", "portail vert") == one
    assert found("custom.remarque", "is_not", "portail vert") == two | three
    assert found("custom.remarque", "empty") == two | three
    assert found("custom.pieces", "more", "9") == one
    assert found("custom.pieces", "is", "9") == two
    assert found("custom.pieces", "between", ["9", "12"]) == one | two
    assert found("custom.pose", "before", "2026-01-01") == two
    assert found("custom.pose", "overdue") == one | two
    assert found("custom.chien", "is", True) == one
    assert found("custom.chien", "is", False) == two | three
    assert found("custom.acces", "in", ["cave", "rue"]) == one | two
    assert found("custom.acces", "is_not", "rue") == one | three
    assert found("custom.releveur", "is", str(agent.user_id)) == one
    assert found("custom.releveur", "not_empty") == one


def test_a_deletion_says_which_views_use_the_field(admin, define):
    field, other = define("remarque"), define("remarque", subject="person")
    common = {"organization_id": admin.organization_id, "owner": admin.user}
    View.objects.create(list_code="clients", name="A", columns=[{"code": "custom.remarque"}], **common)
    View.objects.create(
        list_code="clients", name="B", condition={"all": [{"not": ["custom.remarque", "empty"]}]}, **common
    )
    View.objects.create(list_code="people", name="C", columns=[{"code": "custom.remarque"}], **common)
    assert [view.name for view in views_using(field, again(admin))] == ["A", "B"]
    assert [view.name for view in views_using(other, again(admin))] == ["C"]
    assert CustomField.objects.count() == 2


def test_the_quick_search_finds_what_is_ticked(admin, define):
    texts = define("compteur", is_searchable=True)
    define("remarque")
    define("acces", "choice", options=ACCESS, is_searchable=True)
    define("surnom", subject="person", is_searchable=True)
    client = company(admin, custom={"compteur": "ZK-4471", "remarque": "introuvable", "acces": "cave"})
    person = create_person(by=admin, last_name="Petit", custom={"surnom": "Fanfan"})

    def found(kind, words):
        return list(find(kind, admin.organization_id, ask(words), marks=marks_in_reach(admin), limit=5).ids)

    assert found(Kind.CLIENT, "zk 4471") == [client.pk]
    assert found(Kind.CLIENT, "cellar") == found(Kind.CLIENT, "cave") == [client.pk]
    assert found(Kind.CLIENT, "introuvable") == []
    assert found(Kind.PERSON, "fanfan") == [person.pk]
    update_client(client, by=admin, version=None, custom={"compteur": "AB-12"})
    assert found(Kind.CLIENT, "zk 4471") == []
    update_custom_field(texts, by=admin, version=texts.version, is_searchable=False)
    run(Job.objects.get(kind="custom_fields.index"))
    assert found(Kind.CLIENT, "ab 12") == []


def test_the_keyword_search_of_interactions_finds_what_is_ticked(admin, client_north, define):
    field = define("releve", subject="interaction", variants=["note"], is_searchable=True)
    define("humeur", subject="interaction", variants=["note"])
    topic = Topic.objects.create(organization=admin.organization, code="div", label_fr="Divers", label_en="Other")
    custom = {"releve": "ZK-4471", "humeur": "colere"}
    logged = log_interaction(by=admin, client=client_north, topic=topic, channel="note", notes="Vu", custom=custom)

    def found(words):
        interactions = lists(admin)["interactions"]
        return [row["id"] for row in page(interactions, admin, text=words).rows]

    assert found("zk 4471") == found("vu 4471") == [logged.pk]
    assert found("colere") == []
    update_interaction(logged, by=admin, version=logged.version, custom={"releve": "AB-12"})
    assert found("zk 4471") == []
    assert found("ab 12") == [logged.pk]
    update_custom_field(field, by=admin, version=field.version, is_searchable=False)
    run(Job.objects.get(kind="custom_fields.index"))
    assert found("ab 12") == []


def test_purging_takes_every_value_and_the_field(admin, define):
    field = define("remarque")
    kept = company(admin, custom={"remarque": "ici"})
    define("autre")
    update_client(kept, by=admin, version=None, custom={"autre": "reste"})
    delete_custom_field(field, by=admin)
    run(purge_custom_field(field, by=admin))
    kept.refresh_from_db()
    assert kept.custom == {"autre": "reste"}
    assert [one.code for one in CustomField.objects.all()] == ["autre"]
    assert define("remarque", "number").type == "number"


def test_the_history_tells_each_field_by_its_label(admin, agent, define):
    enter(admin)
    define("acces", "choice", label="Accès compteur", options=ACCESS)
    define("releveur", "member")
    client = company(admin, custom={"acces": "cave"})
    update_client(client, by=admin, version=None, custom={"acces": "rue", "releveur": agent.user_id})
    events, _cursor = history_of(admin, client)
    lines = [(line.label, line.before, line.after) for line in events[0].lines]
    assert lines == [("Accès compteur", "Cave", "Sur rue"), ("Releveur", "", agent.user.name)]
