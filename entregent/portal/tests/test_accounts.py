"""« Mes entreprises »: a business answers its providers, names who works on its account, and reads its register."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from entregent.access.rights import Role
from entregent.access.wall import outside
from entregent.outbox.models import Message
from entregent.portal.tests.conftest import PASSWORD, door
from entregent.relationships import actions, tasks
from entregent.relationships.actions.requests import tell
from entregent.relationships.models import (
    AccessRequest,
    AccountInvitation,
    AccountUser,
    BusinessAccount,
    JoinRequest,
    Relationship,
    today_of,
)
from entregent.relationships.tests.conftest import make_user
from testing.cast import HtmxClient, enter

HOME = "/portail/entreprises/123456789"


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def account(db):
    made = actions.keep_account(number="123 456 789", name="Zêta inc.", postal_code="H2X 1Y4", country="CA")
    actions.add_program(made, "RM0001", "Importation")
    actions.add_program(made, "RM0002", "Exportation")
    return made


@pytest.fixture
def owner(account):
    user = make_user("zoe@zeta.example", "Zoé Zêta")
    return actions.register_account(
        user=user, number="123456789", name="Zêta inc.", postal_code="H2X 1Y4", program="RM0001"
    )


@pytest.fixture
def program_manager(account, owner):
    made = AccountUser.objects.create(
        account=account, user=make_user("paul@zeta.example", "Paul Programme"), role=Role.MANAGER
    )
    made.programs.set(account.programs.filter(number__endswith="RM0002"))
    return made


@pytest.fixture
def clerk(account, owner):
    made = AccountUser.objects.create(account=account, user=make_user("ed@zeta.example", "Ed Iteur"), role=Role.EDITOR)
    made.programs.set(account.programs.filter(number__endswith="RM0002"))
    return made


@pytest.fixture
def asked(broker, admin, owner):
    enter(admin)
    return actions.request_access(by=admin, number="123456789", comments="mandat 2026")


@pytest.fixture
def zoe(owner):
    return door(owner.user)


def program(account, end):
    return str(account.programs.get(number__endswith=end).pk)


def mails_to(address) -> list[Message]:
    with outside():
        return list(Message.objects.filter(recipients__contains=[address]).order_by("pk"))


def write_mails() -> None:
    """As the worker does with what was asked of it."""
    for task in (tasks.write_of_request, tasks.write_of_joining):
        for job in ProcrastinateJob.objects.filter(task_name=task.name).order_by("pk"):
            task(**job.args)


def body(answer) -> str:
    return answer.content.decode()


# Registration


def test_whoever_knows_the_record_to_the_letter_registers_the_business(account):
    user = make_user("zoe@zeta.example", "Zoé Zêta")
    http = door(user)
    assert "Inscrire une entreprise" in body(http.get("/portail/"))
    typed = {"number": "123 456 789", "name": "Zeta inc.", "postal_code": "H2X 1Y4", "program": "RM0001"}
    wrong = http.post("/portail/entreprises/inscription/", typed)
    assert wrong.status_code == 422
    assert "Les renseignements ne correspondent pas à ceux au dossier." in body(wrong)
    assert 'value="H2X 1Y4"' in body(wrong)
    done = http.post("/portail/entreprises/inscription/", typed | {"name": "Zêta inc."})
    assert done.headers["Location"] == f"{HOME}/"
    assert AccountUser.objects.get().role == Role.ADMIN
    assert http.get("/portail/").headers["Location"] == "/portail/entreprises/"
    assert "Zêta inc." in body(http.get("/portail/entreprises/"))


def test_a_record_is_not_found_out_by_trying(account):
    http = door(make_user("zoe@zeta.example", "Zoé Zêta"))
    typed = {"number": "123456789", "name": "?", "postal_code": "?", "program": "RM0001"}
    answers = [http.post("/portail/entreprises/inscription/", typed).status_code for _try in range(11)]
    assert answers == [422] * 10 + [429]
    assert BusinessAccount.objects.get().registered_at is None


# Requests


def test_a_request_is_read_and_approved_for_one_program(asked, account, zoe, admin):
    page = body(zoe.get(f"{HOME}/"))
    assert "Eaux du Val" in page
    assert "Approuver" in page
    assert "mandat 2026" in body(zoe.get(f"{HOME}/demandes/{asked.pk}/"))
    typed = {"level": "program", "programs": [program(account, "RM0002")], "ends_on": ""}
    done = zoe.post(f"{HOME}/demandes/{asked.pk}/approbation/", typed)
    assert done.headers["Location"] == f"{HOME}/"
    enter(admin)
    given = Relationship.objects.get()
    assert (given.level, given.visibility, given.ends_on) == ("program", ["own"], None)
    assert [one.program.number for one in given.programs.all()] == ["123456789RM0002"]
    assert given.approved_by_name == "Zoé Zêta"
    page = body(zoe.get(f"{HOME}/"))
    assert "Gestion de programme : RM0002" in page
    assert "Aucune demande à traiter." in page


def test_what_is_missing_or_impossible_is_said_at_its_field(asked, account, zoe, admin):
    url = f"{HOME}/demandes/{asked.pk}/approbation/"
    assert zoe.post(url, {}).status_code == 422
    none = zoe.post(url, {"level": "program"})
    assert (none.status_code, "Choisissez au moins un programme." in body(none)) == (422, True)
    yesterday = today_of(admin.organization) - timedelta(days=1)
    late = zoe.post(url, {"level": "business", "ends_on": f"{yesterday:%Y-%m-%d}"})
    assert (late.status_code, "La date de fin doit être postérieure." in body(late)) == (422, True)
    for nonsense in (
        {"level": "all"},
        {"level": "business", "ends_on": "demain"},
        {"level": "program", "programs": ["0"]},
    ):
        assert zoe.post(url, nonsense).status_code == 422
    enter(admin)
    assert not Relationship.objects.exists()


def test_a_request_is_decided_once(asked, zoe, admin):
    first = zoe.post(f"{HOME}/demandes/{asked.pk}/rejet/", {"reason": "Nous avons un courtier."})
    assert first.status_code == 303
    again = zoe.post(f"{HOME}/demandes/{asked.pk}/approbation/", {"level": "business"})
    assert again.status_code == 409
    assert "Cette demande a déjà été traitée." in body(again)
    assert "Nous avons un courtier." in body(again)
    enter(admin)
    assert AccessRequest.objects.get().reason == "Nous avons un courtier."
    assert "Demandes sans suite" in body(zoe.get(f"{HOME}/registre/"))


def test_an_editor_sees_who_acts_and_answers_nothing(asked, account, owner, zoe, clerk, admin):
    ed = door(clerk.user)
    page = body(ed.get(f"{HOME}/"))
    assert "Approuver" not in page
    assert "Eaux du Val" not in page
    never = ed.get(f"{HOME}/demandes/999999/")
    for path in (
        f"demandes/{asked.pk}/",
        f"demandes/{asked.pk}/approbation/",
        f"demandes/{asked.pk}/rejet/",
        "utilisateurs/",
    ):
        for answer in (ed.get(f"{HOME}/{path}"), ed.post(f"{HOME}/{path}", {"level": "business"})):
            assert answer.status_code in (404, 405)
            if answer.status_code == 404:
                assert plain(answer) == plain(never)
    zoe.post(f"{HOME}/demandes/{asked.pk}/approbation/", {"level": "program", "programs": [program(account, "RM0001")]})
    assert "Eaux du Val" not in body(ed.get(f"{HOME}/"))
    enter(admin)
    assert AccessRequest.objects.get().state == "approved"


def plain(answer) -> str:
    return re.sub(r'(value|content)="[A-Za-z0-9]{64}"|value="/portail/[^"]*"', "", body(answer))


def test_a_manager_of_programs_gives_their_own_only(asked, account, program_manager, admin):
    paul = door(program_manager.user)
    url = f"{HOME}/demandes/{asked.pk}/approbation/"
    page = body(paul.get(url))
    assert "RM0002" in page
    assert "RM0001" not in page
    assert "tous les programmes" not in page
    assert paul.post(url, {"level": "business"}).status_code == 422
    assert paul.post(url, {"level": "program", "programs": [program(account, "RM0001")]}).status_code == 422
    done = paul.post(url, {"level": "program", "programs": [program(account, "RM0002")]})
    assert done.status_code == 303
    enter(admin)
    assert Relationship.objects.get().approved_by_name == "Paul Programme"


def test_a_manager_of_programs_replaces_nothing_that_reaches_further(given, account, program_manager, admin):
    enter(admin)
    asked = actions.request_access(by=admin, number="123456789")
    url = f"{HOME}/demandes/{asked.pk}/approbation/"
    typed = {"level": "program", "programs": [program(account, "RM0002")]}
    refused = door(program_manager.user).post(url, typed)
    assert (refused.status_code, "un accès plus large" in body(refused)) == (422, True)
    enter(admin)
    assert Relationship.objects.get().state == "active"


def test_the_provider_is_told_of_each_answer(asked, owner, zoe, admin):
    def told():
        enter(admin)
        found = Message.objects.filter(organization_id=admin.organization_id, recipients=[admin.user.email])
        return [mail.subject for mail in found.order_by("pk")]

    zoe.post(f"{HOME}/demandes/{asked.pk}/approbation/", {"level": "business"})
    assert "a approuvé votre demande" in told()[-1]
    zoe.post(f"{HOME}/relations/{Relationship.objects.get().pk}/revocation/")
    assert "a révoqué" in told()[-1]
    again = actions.request_access(by=admin, number="123456789")
    zoe.post(f"{HOME}/demandes/{again.pk}/rejet/", {"reason": "Non."})
    assert "rejetée" in told()[-1]


# Relationships and the register


@pytest.fixture
def given(asked, owner, admin):
    with outside():
        made = actions.approve_access(asked, by=owner, level="business")
    return made


def test_revoking_says_what_is_lost_and_is_at_once(given, zoe, admin):
    page = body(zoe.get(f"{HOME}/relations/{given.pk}/"))
    assert "Révoquer" in page
    page = body(zoe.get(f"{HOME}/relations/{given.pk}/revocation/"))
    assert "Ce qu’il perd, aussitôt" in page
    assert zoe.post(f"{HOME}/relations/{given.pk}/revocation/").status_code == 303
    enter(admin)
    given.refresh_from_db()
    assert (given.state, given.ended_by_name) == ("revoked", "Zoé Zêta")
    assert zoe.post(f"{HOME}/relations/{given.pk}/revocation/").status_code == 404
    assert "Révoquée" in body(zoe.get(f"{HOME}/registre/"))


def test_what_the_calendar_ended_is_shown_ended_before_any_task_ran(given, zoe, admin):
    enter(admin)
    today = today_of(admin.organization)
    Relationship.objects.update(starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=1))
    assert "Aucun fournisseur n’agit" in body(zoe.get(f"{HOME}/"))
    assert "Expirée" in body(zoe.get(f"{HOME}/relations/{given.pk}/"))
    Relationship.objects.update(ends_on=today + timedelta(days=7))
    assert "finit dans 7 jours" in body(zoe.get(f"{HOME}/"))
    Relationship.objects.update(ends_on=today - timedelta(days=1))
    assert zoe.get(f"{HOME}/relations/{given.pk}/revocation/").status_code == 404


def test_the_register_is_taken_as_a_table(given, zoe, clerk):
    for http in (zoe, door(clerk.user)):
        answer = http.get(f"{HOME}/registre/telecharger/")
        table = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
        assert table[0].startswith("fournisseur;numéro d'entreprise;entreprise;niveau")
        assert table[1].startswith("Eaux du Val;123456789;Zêta inc.;")
        assert "Zoé Zêta" in table[1]
        assert "registre-123456789-" in answer.headers["Content-Disposition"]


def test_an_account_of_others_and_one_that_is_not_there_look_the_same(given, account):
    other = door(make_user("autre@ailleurs.example", "Autre"))
    never = other.get("/portail/entreprises/999999999/")
    assert never.status_code == 404
    for path in ("", "registre/", "registre/telecharger/", "reglages/", f"relations/{given.pk}/"):
        answer = other.get(f"{HOME}/{path}")
        assert (answer.status_code, plain(answer)) == (404, plain(never))
    assert HtmxClient().get(f"{HOME}/").headers["Location"].startswith("/portail/connexion/")


# Users


def test_somebody_is_invited_by_mail_and_joins_with_a_new_account(zoe, account, owner):
    assert "nommez-en au moins deux" in body(zoe.get(f"{HOME}/utilisateurs/"))
    typed = {"email": "Nora@Zeta.example", "language": "en", "role": "admin"}
    assert zoe.post(f"{HOME}/utilisateurs/nouveau/", typed).headers["Location"] == f"{HOME}/utilisateurs/"
    assert "nora@zeta.example" in body(zoe.get(f"{HOME}/utilisateurs/"))
    (mail,) = mails_to("nora@zeta.example")
    assert "invites you" in mail.text
    path = re.search(r"/portail/entreprises/invitation/[\w-]+/", mail.text)[0]
    http = HtmxClient()
    assert "Zêta inc." in body(http.get(path))
    weak = http.post(path, {"name": "Nora", "password": "court"})
    assert weak.status_code == 422
    done = http.post(path, {"name": "Nora Zêta", "password": PASSWORD})
    assert done.headers["Location"] == f"{HOME}/"
    assert "Nora Zêta" in body(zoe.get(f"{HOME}/utilisateurs/"))
    assert "nommez-en" not in body(zoe.get(f"{HOME}/utilisateurs/"))
    assert not AccountInvitation.objects.exists()
    assert HtmxClient().get(path).status_code == 410


def test_somebody_with_an_account_joins_with_it(zoe, account):
    known = make_user("nora@zeta.example", "Nora Zêta")
    typed = {"email": "nora@zeta.example", "language": "fr", "role": "reader", "programs": [program(account, "RM0001")]}
    zoe.post(f"{HOME}/utilisateurs/nouveau/", typed)
    path = re.search(r"/portail/entreprises/invitation/[\w-]+/", mails_to("nora@zeta.example")[0].text)[0]
    assert "connectez-vous" in body(HtmxClient().get(path))
    assert door(known).post(path).headers["Location"] == f"{HOME}/"
    joined = AccountUser.objects.get(user=known)
    assert (joined.role, [one.number[9:] for one in joined.programs.all()]) == ("reader", ["RM0001"])


def test_an_invitation_is_void_once_withdrawn_or_once_its_author_may_not_give_the_role(zoe, owner, account):
    paths = []
    for name in ("nora", "nino"):
        zoe.post(f"{HOME}/utilisateurs/nouveau/", {"email": f"{name}@zeta.example", "language": "fr", "role": "admin"})
        paths.append(re.search(r"/portail/entreprises/invitation/\S+", mails_to(f"{name}@zeta.example")[0].text)[0])
    made = AccountInvitation.objects.get(email="nora@zeta.example")
    assert zoe.post(f"{HOME}/invitations/{made.pk}/retrait/").status_code == 303
    assert HtmxClient().get(paths[0]).status_code == 410
    assert HtmxClient().get(paths[1]).status_code == 200
    AccountUser.objects.filter(pk=owner.pk).update(role=Role.EDITOR)
    assert HtmxClient().get(paths[1]).status_code == 410
    assert HtmxClient().post(paths[1], {"name": "N", "password": PASSWORD}).status_code == 410


def test_the_last_manager_can_neither_be_lowered_nor_leave(zoe, owner, clerk):
    refused = "Désignez d&#39;abord un autre gestionnaire de compte d&#39;entreprise."
    answer = zoe.post(f"{HOME}/utilisateurs/{owner.pk}/", {"role": "reader", "version": owner.version})
    assert (answer.status_code, refused in body(answer)) == (409, True)
    answer = zoe.post(f"{HOME}/reglages/depart/")
    assert (answer.status_code, refused in body(answer)) == (409, True)
    made = {"role": "admin", "version": clerk.version}
    assert zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/", made).status_code == 303
    assert zoe.post(f"{HOME}/reglages/depart/").headers["Location"] == "/portail/entreprises/"
    assert zoe.get(f"{HOME}/").status_code == 404


def test_who_was_changed_meanwhile_is_read_again_first(zoe, clerk):
    stale = zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/", {"role": "reader", "version": clerk.version + 1})
    assert stale.status_code == 409
    assert zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/retrait/", {"version": "x"}).status_code == 409
    done = zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/retrait/", {"version": clerk.version})
    assert done.status_code == 303
    assert door(clerk.user).get(f"{HOME}/").status_code == 404


def test_a_manager_of_programs_names_those_below_in_their_own(account, owner, program_manager, clerk):
    paul = door(program_manager.user)
    page = body(paul.get(f"{HOME}/utilisateurs/"))
    assert "Zoé Zêta" in page
    assert f"utilisateurs/{clerk.pk}/" in page
    assert f"utilisateurs/{owner.pk}/" not in page
    assert paul.get(f"{HOME}/utilisateurs/{owner.pk}/").status_code == 404
    assert paul.post(f"{HOME}/utilisateurs/{owner.pk}/retrait/", {"version": owner.version}).status_code == 404
    own = [program(account, "RM0002")]
    to = {"email": "nora@zeta.example", "language": "fr"}
    assert paul.post(f"{HOME}/utilisateurs/nouveau/", to | {"role": "admin"}).status_code == 422
    assert paul.post(f"{HOME}/utilisateurs/nouveau/", to | {"role": "reader"}).status_code == 404
    assert paul.post(f"{HOME}/utilisateurs/nouveau/", to | {"role": "reader", "programs": own}).status_code == 303


# Asking to work on an account


def test_somebody_asks_to_work_on_an_account_and_is_given_a_role(zoe, account):
    hugo = make_user("hugo@zeta.example", "Hugo Vidal")
    http = door(hugo)
    url = "/portail/entreprises/rejoindre/"
    assert http.post(url, {"number": "12", "comments": ""}).status_code == 422
    for number in ("123 456 789", "999999999"):
        done = http.post(url, {"number": number, "comments": "Je tiens la comptabilité."})
        assert done.headers["Location"] == "/portail/entreprises/"
    page = body(http.get("/portail/entreprises/"))
    assert "123456789" in page
    assert "999999999" in page
    write_mails()
    assert "Hugo Vidal demande à travailler" in mails_to("zoe@zeta.example")[-1].subject
    asked = JoinRequest.objects.get(account_number="123456789")
    assert "Hugo Vidal" in body(zoe.get(f"{HOME}/utilisateurs/"))
    # It is counted where requests of providers are, and at the tab.
    assert "1 demande à traiter" in body(zoe.get("/portail/entreprises/"))
    assert 'Utilisateurs <span class="g-number">1</span>' in body(zoe.get(f"{HOME}/"))
    page = body(zoe.get(f"{HOME}/personnes/{asked.pk}/"))
    assert "Je tiens la comptabilité." in page
    assert zoe.post(f"{HOME}/personnes/{asked.pk}/", {}).status_code == 422
    done = zoe.post(f"{HOME}/personnes/{asked.pk}/", {"role": "reader", "programs": [program(account, "RM0001")]})
    assert done.status_code == 303
    assert http.get(f"{HOME}/").status_code == 200
    assert "g-number" not in body(zoe.get(f"{HOME}/"))
    assert "a accepté votre demande" in mails_to("hugo@zeta.example")[-1].text
    assert zoe.post(f"{HOME}/personnes/{asked.pk}/", {"role": "reader"}).status_code == 404
    again = http.post(url, {"number": "123456789"})
    assert (again.status_code, "Vous êtes déjà de ce compte." in body(again)) == (409, True)


def test_somebody_is_refused_or_thinks_better_of_it(zoe, account, program_manager):
    http = door(make_user("hugo@zeta.example", "Hugo Vidal"))
    url = "/portail/entreprises/rejoindre/"
    http.post(url, {"number": "123456789"})
    asked = JoinRequest.objects.get()
    paul = door(program_manager.user)
    assert paul.post(f"{HOME}/personnes/{asked.pk}/", {"role": "admin"}).status_code == 422
    assert zoe.post(f"{HOME}/personnes/{asked.pk}/rejet/", {"reason": "Je ne vous connais pas."}).status_code == 303
    assert "Je ne vous connais pas." in mails_to("hugo@zeta.example")[-1].text
    http.post(url, {"number": "123456789"})
    asked = JoinRequest.objects.get()
    other = door(make_user("autre@zeta.example", "Autre"))
    assert other.post(f"/portail/entreprises/rejoindre/{asked.pk}/retrait/").status_code == 404
    assert http.post(f"/portail/entreprises/rejoindre/{asked.pk}/retrait/").status_code == 303
    assert not JoinRequest.objects.exists()


def test_a_request_to_join_is_answered_for_three_weeks(zoe, account):
    http = door(make_user("hugo@zeta.example", "Hugo Vidal"))
    http.post("/portail/entreprises/rejoindre/", {"number": "123456789"})
    JoinRequest.objects.update(asked_at=timezone.now() - timedelta(days=22))
    assert zoe.get(f"{HOME}/personnes/{JoinRequest.objects.get().pk}/").status_code == 404
    numbers = [f"{number:09d}" for number in range(11)]
    answers = [http.post("/portail/entreprises/rejoindre/", {"number": number}).status_code for number in numbers]
    assert answers == [303] * 9 + [429] * 2


# Mails


def test_deciders_are_written_to_in_their_language_and_no_trace_stands_at_the_provider(
    broker, admin, owner, program_manager, clerk
):
    owner.user.language = "en"
    owner.user.save()
    enter(admin)
    made = actions.request_access(by=admin, number="123456789", comments="mandat 2026")
    actions.request_access(by=admin, number="999999999")
    write_mails()
    (mail,) = mails_to("zoe@zeta.example")
    assert mail.subject == "Eaux du Val asks for access to Zêta inc."
    assert "mandat 2026" in mail.text
    assert f"{HOME}/demandes/{made.pk}/" in mail.text
    assert len(mails_to("paul@zeta.example")) == 1
    assert mails_to("ed@zeta.example") == []
    enter(admin)
    assert not Message.objects.exists()


def test_whoever_wants_no_mail_gets_none(broker, admin, owner, zoe):
    assert zoe.post(f"{HOME}/reglages/", {}).status_code == 303
    enter(admin)
    actions.request_access(by=admin, number="123456789")
    write_mails()
    assert mails_to("zoe@zeta.example") == []


def test_a_request_about_to_lapse_is_recalled(asked, owner, admin):
    enter(admin)
    tell("request.expiring", asked)
    write_mails()
    assert "attend encore" in mails_to("zoe@zeta.example")[-1].subject
    with outside():
        Message.objects.all().delete()
    enter(admin)
    actions.cancel_access_request(asked, by=admin)
    write_mails()
    assert mails_to("zoe@zeta.example") == []


def test_the_business_is_told_that_a_provider_gave_up(given, admin):
    enter(admin)
    actions.give_up_relationship(given, by=admin)
    assert "n'agit plus pour" in mails_to("zoe@zeta.example")[-1].subject


def test_every_page_asks_few_questions(given, zoe, django_assert_max_num_queries):
    for path in ("", "registre/", "utilisateurs/", "reglages/", f"relations/{given.pk}/"):
        with django_assert_max_num_queries(24):
            assert zoe.get(f"{HOME}/{path}").status_code == 200


def test_managers_read_who_was_let_work_on_the_account_and_by_whom(zoe, owner, clerk, program_manager):
    zoe.post(f"{HOME}/utilisateurs/nouveau/", {"email": "neuf@zeta.example", "role": "admin", "language": "fr"})
    zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/", {"role": "reader", "programs": [], "version": clerk.version})
    clerk.refresh_from_db()
    zoe.post(f"{HOME}/utilisateurs/{clerk.pk}/retrait/", {"version": clerk.version})
    page = zoe.get(f"{HOME}/historique/").content.decode()
    told = ["Personne retirée · Ed Iteur", "Rôle modifié · Ed Iteur", "Personne invitée · neuf@zeta.example"]
    places = [page.index(sentence) for sentence in [*told, "Compte inscrit"]]
    assert places == sorted(places)
    assert "par Zoé Zêta" in page
    assert "Historique" not in door(program_manager.user).get(f"{HOME}/").content.decode()
    assert door(program_manager.user).get(f"{HOME}/historique/").status_code == 404


def test_a_business_reads_who_of_its_provider_used_the_access(given, broker, admin, zoe):
    enter(admin)
    assert "jamais utilisé" in zoe.get(f"{HOME}/registre/").content.decode()
    assert "Personne ne s’en est encore servi" in zoe.get(f"{HOME}/relations/{given.pk}/").content.decode()
    enter(admin)
    actions.mark_used(given, by=admin)
    assert admin.name in zoe.get(f"{HOME}/relations/{given.pk}/").content.decode()
    assert "dernière utilisation le" in zoe.get(f"{HOME}/registre/").content.decode()
