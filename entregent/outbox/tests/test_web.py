from entregent.access.wall import in_organization
from entregent.outbox.actions import send_mail
from entregent.outbox.models import Message
from testing.cast import enter

LIST = "/eaux/administration/boite-d-envoi/"


def mail(member, **fields):
    enter(member)
    return send_mail(
        organization_id=fields.pop("organization_id", member.organization_id),
        to="a@example.com",
        subject=fields.pop("subject", "Relance <script>"),
        text="Voir http://127.0.0.1:8000/x et http://ailleurs.example/y",
    )


def test_the_outbox_shows_mails_with_their_state(manager, signed_in):
    mail(manager)
    page = signed_in(manager).get(LIST).content.decode()
    assert "Relance &lt;script&gt;" in page
    assert "En attente" in page
    assert "Relance" not in signed_in(manager).get(f"{LIST}?etat=failed").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_mails(manager, signed_in, django_assert_max_num_queries):
    http = signed_in(manager)
    mail(manager)
    http.get(LIST)
    for _mail in range(20):
        mail(manager)
    with django_assert_max_num_queries(20):
        http.get(LIST)


def test_a_mail_is_read_and_only_links_to_ourselves_are_links(manager, signed_in):
    message = mail(manager)
    page = signed_in(manager).get(f"{LIST}{message.pk}/").content.decode()
    assert 'href="http://127.0.0.1:8000/x"' in page
    assert 'href="http://ailleurs.example/y"' not in page


def test_a_failed_mail_is_sent_again_on_demand(manager, signed_in):
    message = mail(manager)
    Message.objects.filter(pk=message.pk).update(state="failed", tries=5)
    assert signed_in(manager).post(f"{LIST}{message.pk}/nouvel-essai/").status_code == 303
    with in_organization(manager.organization_id):
        assert Message.objects.values_list("state", "tries").get(pk=message.pk) == ("pending", 0)


def test_what_a_member_is_told_is_read_by_that_member_alone(manager, admin, signed_in):
    enter(manager)
    told = send_mail(
        organization_id=manager.organization_id, to=manager.user.email, subject="Votre résumé du matin",
        user_id=manager.user_id, is_personal=True,
    )  # fmt: skip
    other, own = signed_in(admin), signed_in(manager)
    assert "Votre résumé" not in other.get(LIST).content.decode()
    assert other.get(f"{LIST}{told.pk}/").status_code == 404
    assert other.post(f"{LIST}{told.pk}/nouvel-essai/").status_code == 404
    assert "Votre résumé" in own.get(LIST).content.decode()
    assert own.get(f"{LIST}{told.pk}/").status_code == 200


def test_mails_of_another_organization_and_of_the_instance_are_not_shown(manager, stranger, agent, signed_in):
    foreign = mail(stranger, subject="Étranger")
    of_instance = mail(manager, organization_id=None, subject="Mot de passe")
    http = signed_in(manager)
    for message in (foreign, of_instance):
        assert http.get(f"{LIST}{message.pk}/").status_code == 404
        assert http.post(f"{LIST}{message.pk}/nouvel-essai/").status_code == 404
    assert signed_in(agent).get(LIST).status_code == 403
