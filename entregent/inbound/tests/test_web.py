"""The pages of mails that came in."""

import pytest
from django.urls import reverse

from entregent.inbound.models import Mailbox, RawMail
from entregent.inbound.tests.test_filing import bring, house, moreau, talk  # noqa: F401
from entregent.interactions.models import Interaction, InteractionEntry
from testing.cast import enter, enter_organization
from testing.mails import make_mail


def at(org, name, **kwargs):
    return reverse(f"inbound:{name}", kwargs={"organization": org.slug, **kwargs})


def test_a_mail_is_attached_to_a_client_and_taken_back(house, moreau, manager, signed_in):  # noqa: F811
    mail = bring(house, sender="Jo Inconnu <jo@ailleurs.example>", text="Bonjour, une question.")
    http = signed_in(manager)
    page = http.get(at(house, "mails")).content.decode()
    assert "Jo Inconnu" in page
    assert "une question" in page
    found = http.get(at(house, "clients", mail_id=mail.pk), {"q": "Moreau"}, htmx=True).content.decode()
    assert 'value="N1"' in found
    assert 'form="attach-form"' in found
    assert 'name="visible"' in page
    assert http.post(at(house, "attach", mail_id=mail.pk), {"client": "N1"}).status_code == 303
    enter_organization(house)
    interaction = Interaction.objects.get()
    assert interaction.client_id == moreau.pk
    assert InteractionEntry.objects.get().internal
    original = http.get(at(house, "mail", mail_id=mail.pk))
    assert original.status_code == 200
    assert http.post(at(house, "detach", mail_id=mail.pk)).status_code == 303
    enter_organization(house)
    assert RawMail.objects.get().state == "to_attach"


def test_what_cannot_be_attached_is_said_in_place(house, manager, signed_in):  # noqa: F811
    mail = bring(house, sender="jo@ailleurs.example")
    http = signed_in(manager)
    for data, told in [
        ({"client": "X9"}, "Numéro de client inconnu."),
        ({"interaction": "99"}, "Aucune interaction ne porte ce numéro."),
        ({"prospect": "1", "kind": "person", "name": "", "email": "jo@ailleurs.example"}, "obligatoire"),
    ]:
        answer = http.post(at(house, "attach", mail_id=mail.pk), data)
        assert answer.status_code == 422
        assert told in answer.content.decode()


def test_a_prospect_is_made_of_the_sender(house, manager, signed_in):  # noqa: F811
    mail = bring(house, sender="Jo Neuf <jo@ailleurs.example>")
    data = {"prospect": "1", "kind": "person", "first_name": "Jo", "name": "Neuf", "email": "jo@ailleurs.example"}
    assert signed_in(manager).post(at(house, "attach", mail_id=mail.pk), data).status_code == 303
    enter_organization(house)
    client = Interaction.objects.get().client
    assert (client.display_name, client.status, client.emails) == ("Jo Neuf", "prospect", ["jo@ailleurs.example"])
    assert bring(house, sender="jo@ailleurs.example").state == "filed"


def test_several_are_ignored_at_once_and_brought_back(house, manager, signed_in):  # noqa: F811
    ids = [bring(house, sender=f"jo{n}@ailleurs.example").pk for n in range(3)]
    http = signed_in(manager)
    http.post(at(house, "ignore"), {"courriel": ids[:2]})
    enter_organization(house)
    assert RawMail.objects.filter(state="ignored").count() == 2
    http.post(at(house, "take_back") + f"?courriel={ids[0]}&courriel={ids[1]}")
    enter_organization(house)
    assert RawMail.objects.filter(state="to_attach").count() == 3


def test_the_quarantine_gives_the_mail_as_it_came_and_reads_it_again(house, manager, signed_in):  # noqa: F811
    mail = bring(house, b"\xff\xfe nothing")
    http = signed_in(manager)
    assert "mal formé" in http.get(at(house, "mails"), {"vue": "quarantaine"}).content.decode()
    assert http.get(at(house, "file", mail_id=mail.pk)).content == b"\xff\xfe nothing"
    assert http.post(at(house, "retry", mail_id=mail.pk)).status_code == 303
    enter_organization(house)
    assert RawMail.objects.get().state == "received"


def test_the_frame_of_a_mail_lets_nothing_run_and_nothing_out(house, moreau, agent, signed_in):  # noqa: F811
    html = (
        "<p onclick=x()>Bonjour</p><script>alert(1)</script><img src='https://x.example/pixel.gif'><img src='cid:logo'>"
    )
    mail = bring(house, sender="contact@moreau.example", html=html)
    http = signed_in(agent)
    page = http.get(at(house, "mail", mail_id=mail.pk))
    assert "//x.example" not in page.content.decode()
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    frame = http.get(at(house, "content", mail_id=mail.pk))
    body, policy = frame.content.decode(), frame.headers["Content-Security-Policy"]
    assert "Bonjour" in body
    for wrong in ("<script", "onclick", "x.example"):
        assert wrong not in body
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "img-src data:;" in policy
    with_images = http.get(at(house, "content", mail_id=mail.pk) + "?images=1")
    assert "https://x.example/pixel.gif" in with_images.content.decode()


def test_who_does_not_see_the_interaction_does_not_see_its_mail(house, moreau, outsider, reader, signed_in):  # noqa: F811
    mail = bring(house, sender="contact@moreau.example")
    for name in ("mail", "content", "file"):
        assert signed_in(outsider).get(at(house, name, mail_id=mail.pk)).status_code == 404
    assert signed_in(reader).get(at(house, "mail", mail_id=mail.pk)).status_code == 200
    assert signed_in(reader).get(at(house, "mails")).status_code == 403


def test_a_mail_is_dropped_on_an_interaction(house, talk, agent, signed_in):  # noqa: F811
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.eml", make_mail(text="Déposé."))
    answer = signed_in(agent).post(at(house, "add", number=talk.number), {"courriel": file})
    assert answer.status_code == 303
    enter_organization(house)
    assert InteractionEntry.objects.filter(notes="Déposé.").count() == 1


def test_the_list_asks_few_questions(house, manager, signed_in, django_assert_max_num_queries):  # noqa: F811
    for number in range(5):
        bring(house, sender=f"jo{number}@ailleurs.example")
    http = signed_in(manager)
    http.get(at(house, "mails"))
    with django_assert_max_num_queries(16):
        http.get(at(house, "mails"))


FORM = {
    "name": "Contact", "kind": "imap", "address": "contact@eaux.example", "host": "127.0.0.1", "port": "1",
    "security": "none", "username": "", "password": "secret", "folder": "INBOX", "afterwards": "seen",
    "done_folder": "", "copies_internal": "on", "is_active": "on", "version": "0",
}  # fmt: skip


def test_a_mailbox_is_added_with_its_password_sealed(house, admin, signed_in, settings):  # noqa: F811
    settings.PRIVATE_HOSTS = True
    http = signed_in(admin)
    assert http.post(at(house, "mailbox_create"), FORM).status_code == 303
    enter(admin)
    mailbox = Mailbox.objects.select_related("state").get()
    assert "secret" not in mailbox.state.secret
    page = http.get(at(house, "mailbox", pk=mailbox.pk)).content.decode()
    assert "secret" not in page
    assert (
        http.post(
            at(house, "mailbox", pk=mailbox.pk), FORM | {"password": "", "version": "1", "name": "Autre"}
        ).status_code
        == 303
    )
    moved = http.post(at(house, "mailbox", pk=mailbox.pk), FORM | {"password": "", "version": "2", "host": "127.0.0.2"})
    assert "saisissez à nouveau le mot de passe" in moved.content.decode()
    assert http.post(at(house, "mailbox", pk=mailbox.pk), FORM | {"version": "1"}).status_code == 422
    twice = http.post(at(house, "mailbox_create"), FORM)
    assert "a déjà cette adresse" in twice.content.decode()
    assert http.post(at(house, "mailbox_delete", pk=mailbox.pk)).status_code == 303


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "017700000001", "[::1]", "::1",
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "::ffff:127.0.0.1",
        "::ffff:7f00:1", "64:ff9b::7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254", "224.0.0.1", "255.255.255.255",
        "localhost.", "127.0.0.1:143", "a@127.0.0.1", "http://127.0.0.1", "127.0.0.1#x.example", "", "2002:7f00:1::",
        "198.18.0.1", "192.0.2.1", "240.0.0.1", "0", "::", "[::ffff:10.0.0.1]", "fe80::1%lo", "x" * 300, "127.0.0.1\n",
    ],
)  # fmt: skip
def test_no_server_of_our_own_network_is_spoken_to(host, house, admin, signed_in, settings):  # noqa: F811
    settings.PRIVATE_HOSTS = False
    for button in ({}, {"try": "1"}):
        answer = signed_in(admin).post(at(house, "mailbox_create"), FORM | {"host": host} | button)
        assert answer.status_code == 422, host
    enter(admin)
    assert not Mailbox.objects.exists()


def test_trying_a_mailbox_says_what_is_wrong(house, admin, signed_in, settings):  # noqa: F811
    settings.PRIVATE_HOSTS = True
    answer = signed_in(admin).post(at(house, "mailbox_create"), FORM | {"try": "1"})
    assert "refuse la liaison" in answer.content.decode()


def test_only_administrators_reach_mailboxes(house, manager, signed_in):  # noqa: F811
    assert signed_in(manager).get(at(house, "mailboxes")).status_code == 403
