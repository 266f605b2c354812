"""Mails by programs: those that came in are attached, set aside and read again; those that leave are sent again."""

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.inbound.models import RawMail
from entregent.inbound.tests.test_filing import bring, house, moreau, talk  # noqa: F401
from entregent.interactions.models import Interaction, InteractionEntry
from entregent.interactions.portal_access import invite_person
from entregent.outbox.actions import send_mail
from entregent.outbox.models import Message
from testing.cast import enter

HERE = "/received-mails"


def test_a_mail_is_attached_once_and_taken_back(call, house, moreau, manager):  # noqa: F811
    mail = bring(house, sender="Jo Inconnu <jo@ailleurs.example>", subject="Compteur", text="Une question.")
    ask = call(manager)
    (listed,) = ask("GET", HERE).body["items"]
    assert (listed["id"], listed["reason"], listed["client"]) == (mail.pk, "unknown_sender", None)
    url = f"{HERE}/{mail.pk}"
    shown = ask("GET", url).body
    assert (shown["subject"], shown["text"].strip(), shown["interactions"]) == ("Compteur", "Une question.", [])
    for body, field in [
        ({}, "client"),
        ({"client": "N1", "interaction": 1}, "client"),
        ({"client": "RIEN"}, "client"),
        ({"interaction": 99}, "interaction"),
        ({"visible": "peut-être"}, "visible"),
    ]:
        wrong = ask("POST", f"{url}/attach", body)
        assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, field), body
    first, again = (ask("POST", f"{url}/attach", {"client": "N1"}, Idempotency_Key="m1") for _time in range(2))
    assert (first.status_code, first.body) == (200, again.body)
    late = ask("POST", f"{url}/attach", {"client": "N1"})
    assert (late.status_code, late.body["code"]) == (409, "E-003-MAIL")
    filed = ask("GET", url).body
    assert (filed["state"], filed["client"], filed["interactions"]) == ("filed", "N1", [first.body["interaction"]])
    assert [one["id"] for one in ask("GET", f"{HERE}?state=filed").body["items"]] == [mail.pk]
    enter(manager)
    assert InteractionEntry.objects.get().internal
    for _time in range(2):
        back = ask("POST", f"{url}/detach", {}, Idempotency_Key="m2")
        assert (back.status_code, back.body) == (200, {"id": mail.pk, "state": "to_attach"})
    assert ask("POST", f"{url}/detach", {}).status_code == 409
    enter(manager)
    assert Interaction.objects.get().deleted_at is not None


def test_a_mail_becomes_an_entry_of_an_interaction_that_the_client_may_read(call, house, talk, manager):  # noqa: F811
    mail = bring(house, sender="jo@ailleurs.example")
    done = call(manager)("POST", f"{HERE}/{mail.pk}/attach", {"interaction": talk.number, "visible": True})
    assert (done.status_code, done.body["interaction"]) == (200, talk.number)
    enter(manager)
    assert [one.internal for one in InteractionEntry.objects.filter(interaction=talk).order_by("seq")][1:] == [False]


def test_many_are_set_aside_and_taken_back_and_one_is_read_again(call, house, manager):  # noqa: F811
    ids = [bring(house, sender=f"jo{n}@ailleurs.example").pk for n in range(3)]
    ask = call(manager)
    for _time in range(2):
        assert ask("POST", f"{HERE}/ignore", {"mails": ids[:2]}, Idempotency_Key="i1").body == {"changed": 2}
    assert ask("POST", f"{HERE}/ignore", {"mails": ids[:2]}).body == {"changed": 0}
    assert ask("POST", f"{HERE}/ignore", {"mails": []}).body["errors"][0]["field"] == "mails"
    assert {one["id"] for one in ask("GET", f"{HERE}?state=ignored").body["items"]} == set(ids[:2])
    assert ask("POST", f"{HERE}/take-back", {"mails": ids}).body == {"changed": 2}
    assert ask("POST", f"{HERE}/{ids[0]}/read-again", {}).body["code"] == "E-003-MAIL"
    damaged = bring(house, b"\xff\xfe nothing")
    assert ask("GET", f"{HERE}/{damaged.pk}").body["text"] is None
    assert ask("POST", f"{HERE}/{damaged.pk}/read-again", {}).body == {"id": damaged.pk, "state": "received"}
    enter(manager)
    assert RawMail.objects.get(pk=damaged.pk).state == "received"


def test_only_who_may_attach_and_reaches_the_client_does(call, house, moreau, agent, outsider, reader, stranger):  # noqa: F811
    theirs = bring(house, sender="contact@moreau.example")
    unknown = bring(house, sender="jo@ailleurs.example")
    ask = call(agent)
    assert [one["id"] for one in ask("GET", f"{HERE}?state=filed").body["items"]] == [theirs.pk]
    assert call(reader)("GET", HERE).status_code == 403
    for other in (outsider, stranger):
        away = call(other)
        absent = away("GET", f"{HERE}/987654321")
        assert away("GET", f"{HERE}?state=filed").body["items"] == []
        for method, path, body in [
            ("GET", "", None), ("POST", "/attach", {"client": "N1"}), ("POST", "/detach", {}),
            ("POST", "/read-again", {}),
        ]:  # fmt: skip
            answer = away(method, f"{HERE}/{theirs.pk}{path}", body)
            assert (answer.status_code, answer.body) == (404, absent.body), path
        assert away("POST", f"{HERE}/ignore", {"mails": [theirs.pk, unknown.pk]}).body == {"changed": 0}
    enter(agent)
    assert RawMail.objects.get(pk=theirs.pk).state == "filed"


def sent(member, **fields) -> Message:
    enter(member)
    made = send_mail(organization_id=member.organization_id, to="a@example.com", text="Bonjour.", **fields)
    Message.objects.filter(pk=made.pk).update(state="failed", tries=5, reason="away")
    return made


def test_what_failed_is_sent_again(call, manager, client_north, client_south):  # noqa: F811
    first = sent(manager, subject="Relance", client_id=client_north.pk)
    second = sent(manager, subject="Avis", client_id=client_south.pk)
    ask = call(manager)
    assert [one["id"] for one in ask("GET", "/sent-mails?state=failed").body["items"]] == [second.pk, first.pk]
    assert [one["id"] for one in ask("GET", "/sent-mails?client=N1").body["items"]] == [first.pk]
    assert ask("GET", "/sent-mails?until=2020-01-01").body["items"] == []
    page = ask("GET", "/sent-mails?limit=1").body
    assert [one["id"] for one in ask("GET", f"/sent-mails?cursor={page['next']}").body["items"]] == [first.pk]
    url = f"/sent-mails/{first.pk}"
    shown = ask("GET", url).body
    assert (shown["reason"], shown["client"], shown["next_try_at"]) == ("away", "N1", None)
    for _time in range(2):
        again = ask("POST", f"{url}/retry", {}, Idempotency_Key="r1")
        assert (again.status_code, again.body["state"], again.body["tries"]) == (200, "pending", 0)
    assert again.body["next_try_at"] is not None
    assert ask("POST", "/sent-mails/retry", {"q": "rien de tel"}).body == {"sent_again": 0}
    for _time in range(2):
        assert ask("POST", "/sent-mails/retry", {"client": "S1"}, Idempotency_Key="r2").body == {"sent_again": 1}
    assert ask("POST", "/sent-mails/retry", {"since": "demain"}).body["errors"][0]["field"] == "since"
    enter(manager)
    assert set(Message.objects.values_list("state", flat=True)) == {"pending"}


def test_the_mails_of_a_client_for_who_works_on_them(call, agent, reader, outsider, client_north, client_south):  # noqa: F811
    mine = sent(agent, subject="Relance", client_id=client_north.pk)
    other = sent(agent, subject="Avis", client_id=client_south.pk)
    ask = call(agent)
    url = "/clients/N1/mails"
    assert [one["id"] for one in ask("GET", url).body["items"]] == [mine.pk]
    assert ask("GET", "/sent-mails").status_code == ask("POST", "/sent-mails/retry", {}).status_code == 403
    assert ask("POST", f"{url}/{mine.pk}/retry", {}).body["state"] == "pending"
    assert {
        ask("POST", path, {}).status_code
        for path in (f"{url}/{other.pk}/retry", f"/clients/S1/mails/{other.pk}/retry", f"{url}/987654321/retry")
    } == {404}
    assert ask("GET", "/clients/S1/mails").status_code == 404
    lesser = call(reader)
    assert (lesser("GET", url).status_code, lesser("POST", f"{url}/{mine.pk}/retry", {}).status_code) == (200, 403)
    assert call(outsider)("GET", url).status_code == 404


def test_no_program_reads_a_link_that_lets_somebody_in(call, manager, moreau):  # noqa: F811
    enter(manager)
    person = moreau.client_people.get().person
    _access, url = invite_person(by=manager, person=person, client=moreau)
    secret = url.rstrip("/").rsplit("/", 1)[1].split("-", 1)[1]
    message = Message.objects.get()
    assert secret in message.text
    ask = call(manager)
    assert secret not in ask("GET", f"/sent-mails/{message.pk}").content.decode()
    assert secret not in ask("POST", f"/sent-mails/{message.pk}/retry", {}).content.decode()


def test_what_another_member_was_told_is_not_there(call, manager, admin):  # noqa: F811
    told = sent(manager, subject="Votre résumé", user_id=manager.user_id, is_personal=True)
    ask = call(admin)
    assert ask("GET", f"/sent-mails/{told.pk}").status_code == 404
    assert ask("POST", f"/sent-mails/{told.pk}/retry", {}).status_code == 404
    assert ask("POST", "/sent-mails/retry", {}).body == {"sent_again": 0}
