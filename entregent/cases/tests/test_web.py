import pytest

from entregent.cases import actions
from entregent.cases.models import Case
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.documents.actions import keep_file
from entregent.interactions.actions import log_interaction
from entregent.organizations.models import Membership
from testing.cast import enter, grant, make_member


@pytest.fixture
def case(agent, client_north, complaint):
    enter(agent)
    return actions.open_case(by=agent, client=client_north, case_type=complaint, title="Facture trop élevée")


@pytest.fixture
def http(signed_in, agent):
    return signed_in(agent)


def page(http, path=""):
    return http.get(f"/eaux/dossiers/{path}")


def test_the_page_of_a_case_shows_all_that_belongs_to_it(http, agent, case, contact, django_assert_max_num_queries):
    enter(agent)
    actions.attach_interaction(case, contact, by=agent)
    actions.add_log_entry(case, by=agent, text="Vu avec l'exploitation")
    actions.add_tasks(case, by=agent, texts=["Rappeler le client"])
    file = keep_file(organization=agent.organization, name="lettre.txt", content=b"Bonjour", by=agent)
    document = actions.keep_case_document(case, by=agent, file=file, kind="letter", title="Réponse")
    with django_assert_max_num_queries(45):
        body = page(http, f"{case.number}/").content.decode()
    for text in (
        "Facture trop élevée", "Réclamation facture", "Nouveau · À valider", "Ma facture !",
        "Vu avec l&#39;exploitation",
        "Rappeler le client", "Réponse", "Ce dossier ne contient aucun courriel.", "Dossier ouvert",
    ):  # fmt: skip
        assert text in body
    assert b"".join(page(http, f"{case.number}/documents/{document.pk}/").streaming_content) == b"Bonjour"
    assert "Chronologique" in page(http, f"{case.number}/elements/?elements=temps").content.decode()


def test_whoever_is_responsible_is_named_so_among_the_agents(http, agent, colleague, case):
    assert "Émetteur · Responsable" in page(http, f"{case.number}/").content.decode()
    enter(agent)
    actions.edit_case(case, by=agent, version=case.version, responsible=colleague.user)
    body = page(http, f"{case.number}/").content.decode()
    assert "Émetteur · Responsable" not in body
    assert "<small>Émetteur</small>" in body
    assert "<small>Responsable</small>" in body


def test_a_case_is_opened_for_a_client(http, agent, client_north, complaint):
    body = page(http, f"nouveau/?client={client_north.number}").content.decode()
    assert "Réclamation facture" in body
    answer = http.post(
        "/eaux/dossiers/nouveau/",
        {"client": client_north.number, "case_type": complaint.pk, "priority": "high", "idempotency_key": "abc"},
    )
    assert answer.status_code == 303
    enter(agent)
    case = Case.objects.get()
    assert answer.url == f"/eaux/dossiers/{case.number}/"
    assert (case.title, case.priority, case.responsible) == ("Réclamation facture", "high", None)


def test_without_a_type_the_form_comes_back(http, client_north, complaint):
    answer = http.post("/eaux/dossiers/nouveau/", {"client": client_north.number, "priority": "normal", "title": "Là"})
    assert answer.status_code == 422
    assert "Type de dossier est obligatoire." in answer.content.decode()
    assert 'value="Là"' in answer.content.decode()


def test_without_a_client_one_is_chosen(http, client_north):
    assert "Pour quel client" in page(http, "nouveau/").content.decode()
    assert client_north.display_name in page(http, f"nouveau/?q={client_north.number}").content.decode()
    assert "Numéro de client inconnu." in page(http, "nouveau/?client=RIEN").content.decode()


def test_a_case_is_opened_from_a_contact(http, agent, contact, complaint):
    assert "Repris du contact" in page(http, f"nouveau/?contact={contact.number}").content.decode()
    http.post(
        "/eaux/dossiers/nouveau/",
        {"contact": contact.number, "case_type": complaint.pk, "priority": "normal", "responsible": agent.user_id},
    )
    enter(agent)
    case = Case.objects.get()
    assert [one.interaction for one in case.contacts.all()] == [contact]
    pane = http.get(f"/eaux/interactions/{contact.number}/dossiers/").content.decode()
    assert case.title in pane


def test_a_contact_is_moved_and_that_is_taken_back(http, agent, case, contact, complaint):
    move = f"/eaux/interactions/{contact.number}/deplacement/"
    assert case.title in http.get(move).content.decode()
    assert "Déjà présents : 2, ajoutés : 0." in http.get(f"{move}?dossier={case.number}").content.decode().replace(
        "\xa0", " "
    )
    assert "Déplacer vers ce dossier" in http.get(f"{move}?dossier={case.number}", htmx=True).content.decode()
    assert http.post(move, {"dossier": case.number}).status_code == 303
    enter(agent)
    assert case.contacts.count() == 1
    undo = f"/eaux/dossiers/{case.number}/contacts/{contact.number}/retrait/"
    assert http.post(undo, htmx=True).headers["HX-Refresh"] == "true"
    enter(agent)
    assert case.contacts.count() == 0
    assert http.post(move, {"dossier": 999}).status_code == 404
    assert http.post(move, {}).status_code == 422


def test_a_contact_is_split_out_and_put_back(http, agent, case, contact):
    enter(agent)
    actions.attach_interaction(case, contact, by=agent)
    answer = http.post(f"/eaux/dossiers/{case.number}/contacts/{contact.number}/separation/")
    enter(agent)
    made = Case.objects.exclude(pk=case.pk).get()
    assert answer.url == f"/eaux/dossiers/{made.number}/"
    assert "venu du dossier" in page(http, f"{made.number}/").content.decode()
    http.post(f"/eaux/dossiers/{made.number}/separation/annulation/")
    enter(agent)
    assert case.contacts.count() == 1


def test_states_are_changed_closed_and_reopened(http, agent, case):
    at = f"/eaux/dossiers/{case.number}/"
    http.post(f"{at}etat/", {"to": "in_progress:"})
    enter(agent)
    case.refresh_from_db()
    assert case.state == "in_progress"
    assert http.post(f"{at}etat/", {"to": "rejected:", "reason": "Non"}).status_code == 409
    assert http.post(f"{at}etat/", {"to": "nothing:"}).status_code == 422
    assert "Clore le dossier" in http.get(f"{at}cloture/").content.decode()
    assert http.post(f"{at}cloture/", {"state": "cancelled"}).status_code == 422
    assert http.post(f"{at}cloture/", {"state": "done", "sub_status": "solde", "reason": "Payé"}).status_code == 303
    assert "Dossier clos le" in page(http, f"{case.number}/").content.decode()
    assert http.post(f"{at}etat/", {"state": "in_progress"}).status_code == 422
    assert http.post(f"{at}etat/", {"state": "in_progress", "reason": "Encore"}).status_code == 303
    enter(agent)
    case.refresh_from_db()
    assert case.state == "in_progress"


def test_a_case_is_changed_and_a_stale_save_keeps_what_was_typed(http, agent, colleague, case, complaint):
    at = f"/eaux/dossiers/{case.number}/modification/"
    assert "Facture trop élevée" in http.get(at).content.decode()
    values = {
        "case_type": complaint.pk, "title": "Autre", "priority": "low", "responsible": colleague.user_id,
        "version": case.version,
    }  # fmt: skip
    assert http.post(at, values).status_code == 303
    stale = http.post(at, values | {"title": "Trop tard"})
    assert stale.status_code == 409
    assert 'value="Trop tard"' in stale.content.decode()
    assert http.post(at, values | {"title": "", "version": 2}).status_code == 422
    enter(agent)
    case.refresh_from_db()
    assert (case.title, case.responsible) == ("Autre", colleague.user)


def test_links_are_added_and_taken_off(http, agent, colleague, case, client_north, complaint):
    at = f"/eaux/dossiers/{case.number}/"
    enter(agent)
    other = actions.open_case(by=agent, client=client_north, case_type=complaint)
    assert http.post(f"{at}agents/", {"user": colleague.user_id, "role": "responsible"}).status_code == 303
    assert http.post(f"{at}interlocuteurs/", {"client": "RIEN"}).status_code == 422
    assert http.post(f"{at}liens/", {"other": other.number}).status_code == 303
    assert http.post(f"{at}liens/", {"other": "x"}).status_code == 422
    enter(agent)
    originator = case.agents.get(role="originator")
    refused = http.post(f"{at}agents/{originator.pk}/retrait/")
    assert refused.status_code == 422
    assert "émetteur ne peut pas être retiré" in refused.content.decode()
    assert other.title in page(http, f"{case.number}/").content.decode()
    http.post(f"{at}liens/{other.number}/retrait/")
    http.post(f"{at}liens/", {"other": other.number, "how": "parent"})
    enter(agent)
    case.refresh_from_db()
    assert case.parent == other
    http.post(f"{at}liens/{other.number}/retrait/")
    enter(agent)
    case.refresh_from_db()
    assert case.parent is None


def test_notes_tasks_reminders_and_documents_are_kept(http, agent, case):
    from django.core.files.uploadedfile import SimpleUploadedFile

    at = f"/eaux/dossiers/{case.number}/"
    assert http.post(f"{at}notes/", {"text": "Appelé."}).status_code == 303
    assert http.post(f"{at}notes/", {"text": " "}).status_code == 422
    http.post(f"{at}taches/", {"text": "Vérifier"})
    http.post(f"{at}rappels/", {"on": "2099-01-01", "text": "Revoir", "user": agent.user_id})
    assert http.post(f"{at}rappels/", {"on": ""}).status_code == 422
    http.post(f"{at}documents/", {"files": [SimpleUploadedFile("photo.txt", b"Compteur")]})
    enter(agent)
    task, reminder, document = case.tasks.get(), case.reminders.get(), case.documents.get()
    http.post(f"{at}taches/{task.pk}/", {"done": "1"})
    http.post(f"{at}rappels/{reminder.pk}/fait/")
    assert "photo.txt" in page(http, f"{case.number}/").content.decode()
    http.post(f"{at}documents/{document.pk}/retrait/")
    enter(agent)
    task.refresh_from_db()
    assert task.done_by == agent.user
    assert case.documents.count() == 0
    http.post(f"{at}taches/{task.pk}/retrait/")
    enter(agent)
    assert case.tasks.count() == 0


def test_cases_are_merged_and_that_is_taken_back(signed_in, manager, client_north, complaint):
    enter(manager)
    one, other = (actions.open_case(by=manager, client=client_north, case_type=complaint, title=t) for t in ("A", "B"))
    http = signed_in(manager)
    at = f"/eaux/dossiers/{one.number}/fusion/"
    assert "B" in http.get(at).content.decode()
    assert http.post(at, {"other": other.number}).status_code == 303
    assert http.post(at, {"other": 999}).status_code == 422
    enter(manager)
    other.refresh_from_db()
    assert other.merged_into == one
    assert "Ce dossier fait partie du" in page(http, f"{other.number}/").content.decode()
    merge = one.merges_won.get()
    http.post(f"{at}{merge.pk}/annulation/")
    enter(manager)
    other.refresh_from_db()
    assert other.state == "new"


def test_the_page_names_no_contract_and_no_case_out_of_reach(
    signed_in, admin, agent, client_north, client_south, complaint
):
    enter(admin)
    kind = BusinessObjectType.objects.create(
        organization=admin.organization, code="contract", label_fr="Contrat", label_en="Contract",
        plural_fr="Contrats", plural_en="Contracts",
    )  # fmt: skip
    contract = BusinessObject.objects.create(
        organization=admin.organization, client=client_south, type=kind, key="C-SUD", label="C-SUD"
    )
    one, other = (actions.open_case(by=admin, client=client_north, case_type=complaint, title=t) for t in ("A", "B"))
    Case.objects.filter(pk=other.pk).update(contract=contract)
    actions.merge_cases(one, other, by=admin)
    Case.objects.filter(pk=one.pk).update(is_confidential=True)
    place = f"/eaux/dossiers/{one.number}/"
    seen, unseen = (signed_in(by).get(f"/eaux/dossiers/{other.number}/").content.decode() for by in (admin, agent))
    assert "C-SUD" in seen
    assert place in seen
    assert "C-SUD" not in unseen
    assert place not in unseen
    assert "partie d'un autre" in unseen


def test_a_merge_is_taken_back_by_who_sees_both(signed_in, org, north, admin, client_north, complaint):
    merger = make_member(org, "chef@eaux.example", "Chef Nord", "manager")
    Membership.objects.filter(pk=merger.pk).update(rights_removed=["case.confidential"])
    merger.refresh_from_db()
    grant(merger, "sector", north.pk)
    enter(admin)
    one, other = (actions.open_case(by=admin, client=client_north, case_type=complaint, title=t) for t in ("A", "B"))
    merge = actions.merge_cases(one, other, by=admin)
    at = f"/eaux/dossiers/{one.number}/fusion/{merge.pk}/annulation/"
    Case.objects.filter(pk=other.pk).update(is_confidential=True)
    http = signed_in(merger)
    assert http.post(at).status_code == 404
    enter(admin)
    Case.objects.filter(pk=other.pk).update(is_confidential=False)
    assert http.post(at).status_code == 303


def test_deleting_and_taking_it_back(http, agent, case):
    at = f"/eaux/dossiers/{case.number}/"
    assert http.post(f"{at}suppression/").status_code == 303
    assert http.get(at).status_code == 404
    assert http.post(f"{at}retablissement/").status_code == 303
    assert http.get(at).status_code == 200


def test_a_reader_reads_and_changes_nothing(signed_in, reader, case):
    http = signed_in(reader)
    body = page(http, f"{case.number}/").content.decode()
    assert "Clore le dossier" not in body
    assert http.post(f"/eaux/dossiers/{case.number}/notes/", {"text": "Non"}).status_code == 403
    assert http.get("/eaux/dossiers/nouveau/").status_code == 403


def test_a_confidential_case_does_not_exist_for_others(signed_in, agent, colleague, client_north, complaint):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type=complaint, is_confidential=True)
    assert page(signed_in(colleague), f"{case.number}/").status_code == 404
    assert page(signed_in(agent), f"{case.number}/").status_code == 200


def test_a_long_timeline_goes_on(http, agent, case, topic, client_north):
    enter(agent)
    for number in range(35):
        actions.add_log_entry(case, by=agent, text=f"Note {number:02}")
    one = log_interaction(by=agent, client=client_north, topic=topic, channel="note", notes="Contact ici")
    actions.attach_interaction(case, one, by=agent)
    body = page(http, f"{case.number}/").content.decode()
    assert "Contact ici" in body
    from entregent.cases.timeline import timeline_of

    seen, after = 0, ""
    while True:
        found = timeline_of(case, agent, after=after, size=10)
        seen += sum(len(of_day) for _day, of_day in found.days)
        if found.next_cursor is None:
            break
        after = found.next_cursor
    assert seen == 37


def test_the_report_names_nobody(http, agent, case, contact, client_north):
    enter(agent)
    actions.attach_interaction(case, contact, by=agent)
    actions.add_log_entry(
        case,
        by=agent,
        text=f"{client_north.display_name} (moreau@x.example, 02 61 91 00 40) : voir Omar, F-2409-05240.",
    )
    body = page(http, f"{case.number}/rapport/").content.decode()
    report = body[body.index("g-kv-wide") : body.index("</table>")]
    for told in (client_north.display_name, client_north.number, "Omar", "moreau@x.example", "91 00 40"):
        assert told not in report
    assert "Client 1 ([courriel], [téléphone])" in report.replace("\xa0", " ")
    assert "voir Agent 1, [référence]." in report
