"""What was found by reading: ways through « En cours », numbers of hidden cases, trees too deep, forms sent twice."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from entregent.cases import actions
from entregent.cases.actions.types import create_case_type, update_case_type
from entregent.cases.models import Case, CaseLogEntry, CaseType
from entregent.cases.timeline import timeline_of
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.fixture
def case(agent, client_north, complaint):
    enter(agent)
    return actions.open_case(by=agent, client=client_north, case_type=complaint, title="Compteur")


def _moves(case) -> list[tuple[str, str]]:
    entries = case.log.filter(kind=CaseLogEntry.Kind.STATE).order_by("id")
    return [(one.data["from"], one.data["to"]) for one in entries]


def test_by_hand_a_new_case_is_done_through_in_progress(agent, case):
    actions.close_case(case, by=agent, reason="Réglé")
    assert _moves(case) == [("new", "in_progress"), ("in_progress", "done")]


def test_the_product_closes_directly(case):
    actions.close_case(case, by=None, reason="Payé")
    assert _moves(case) == [("new", "done")]


def test_the_other_part_of_a_split_has_a_number_for_those_who_see_it(agent, colleague, case, contact):
    actions.attach_interaction(case, contact, by=agent)
    made = actions.split_interaction(case, contact, by=agent, title="À part")

    def numbers(member) -> set:
        page = timeline_of(case, enter(member))
        return {one.of.data.get("number") for _day, found in page.days for one in found if one.kind == "split"}

    assert numbers(colleague) == {made.number}
    Case.objects.filter(pk=made.pk).update(is_confidential=True)
    assert numbers(colleague) == {"…"}
    assert numbers(agent) == {made.number}


def test_a_type_moves_no_deeper_than_its_tree_may_be(admin):
    enter(admin)
    above = None
    chain = []
    for code in ("a", "b", "c"):
        above = create_case_type(by=admin, code=code, parent=above, label_fr=code, label_en=code)
        chain.append(above)
    other = create_case_type(by=admin, code="x", label_fr="x", label_en="x")
    below = create_case_type(by=admin, code="y", parent=other, label_fr="y", label_en="y")
    with pytest.raises(Refusal, match="E-001-TYPE-TREE"):
        update_case_type(chain[0], by=admin, version=chain[0].version, parent=below)
    assert set(CaseType.objects.filter(code="c").values_list("path", flat=True)) == {"a/b/c"}
    update_case_type(chain[0], by=admin, version=chain[0].version, parent=other)
    assert set(CaseType.objects.filter(code="c").values_list("path", flat=True)) == {"x/a/b/c"}


def test_sent_twice_a_reminder_a_type_and_a_document_are_one(agent, admin, case, signed_in):
    web = signed_in(agent)
    page = {"organization": agent.organization.slug, "number": case.number}
    for _each in range(2):
        values = {"on": "2199-01-01", "text": "Rappeler", "user": agent.user_id, "idempotency_key": "k1"}
        assert web.post(reverse("cases:reminder_create", kwargs=page), values).status_code == 303
        file = SimpleUploadedFile("note.txt", b"bonjour", content_type="text/plain")
        sent = {"files": file, "idempotency_key": "k2"}
        assert web.post(reverse("cases:document_create", kwargs=page), sent).status_code == 303
    enter(agent)
    assert case.reminders.count() == 1
    assert case.documents.count() == 1
    enter(admin)
    for _each in range(2):
        create_case_type(by=admin, label_fr="Sinistre", label_en="Claim", idempotency_key="k3")
    assert CaseType.objects.filter(label_fr="Sinistre").count() == 1


def test_a_newer_version_stands_over_the_earlier_ones(agent, case, signed_in):
    web = signed_in(agent)
    at = f"/{agent.organization.slug}/dossiers/{case.number}"

    def sent(text: str, *names: str, **more):
        files = [SimpleUploadedFile(name, f"{text} {name}".encode(), content_type="text/plain") for name in names]
        return web.post(f"{at}/documents/", {"files": files, **more})

    sent("un", "contrat.txt")
    enter(agent)
    first = case.documents.get()
    assert (
        f'<option value="{first.pk}">Nouvelle version de : contrat.txt</option>' in web.get(f"{at}/").content.decode()
    )
    assert sent("deux", "contrat-signe.txt", version_of=first.pk).status_code == 303
    assert (
        "Une nouvelle version est un seul fichier." in sent("x", "a.txt", "b.txt", version_of=first.pk).content.decode()
    )
    enter(agent)
    second = case.documents.exclude(pk=first.pk).get()
    assert second.version_of_id == first.pk
    sent("trois", "contrat-enregistre.txt", version_of=second.pk)
    drawn = web.get(f"{at}/elements/", headers={"HX-Request": "true"}).content.decode()
    assert drawn.count(f"{at}/documents/{first.pk}/") == 1
    assert "version 3" in drawn
    assert drawn.index("contrat-enregistre.txt") < drawn.index("version 2<") < drawn.index("version 1<")
    assert sent("x", "a.txt", version_of=999_999).status_code == 404


def test_a_document_is_taken_off_and_put_back(agent, case, signed_in):
    web = signed_in(agent)
    at = f"/{agent.organization.slug}/dossiers/{case.number}"
    web.post(f"{at}/documents/", {"files": SimpleUploadedFile("note.txt", b"bonjour", content_type="text/plain")})
    enter(agent)
    kept = case.documents.get()
    assert f"{at}/documents/{kept.pk}/retrait/" in web.get(f"{at}/").content.decode()
    gone = web.post(f"{at}/documents/{kept.pk}/retrait/", follow=True).content.decode()
    assert f"{at}/documents/{kept.pk}/remise/" in gone
    assert web.get(f"{at}/documents/{kept.pk}/").status_code == 404
    enter(agent)
    assert not case.documents.exists()
    assert actions.keep_case_document(case, by=agent, file=kept.file).pk == kept.pk
    actions.remove_case_document(kept, by=agent)
    web.post(f"{at}/documents/{kept.pk}/remise/")
    enter(agent)
    assert case.documents.get().pk == kept.pk
    actions.remove_case_document(kept, by=agent)
    actions.close_case(case, by=agent, reason="Réglé")
    assert web.post(f"{at}/documents/{kept.pk}/remise/").status_code == 409


def test_a_contact_carries_reminders(agent, contact, signed_in):
    web = signed_in(agent)
    at = f"/{agent.organization.slug}/interactions/{contact.number}"
    posted = web.post(f"{at}/rappels/", {"on": "2199-01-01", "text": "Rappeler Mme Roy", "user": agent.user_id})
    assert posted.status_code == 303
    assert web.post(f"{at}/rappels/", {"on": "2001-01-01"}).status_code == 422
    assert "Rappeler Mme Roy" in web.get(f"{at}/dossiers/").content.decode()
    enter(agent)
    web.post(f"{at}/rappels/{contact.reminders.get().pk}/fait/")
    assert "Rappeler Mme Roy" not in web.get(f"{at}/dossiers/").content.decode()


def test_a_parent_is_set_on_the_case_that_was_seen(agent, client_north, complaint, case, signed_in):
    other = actions.open_case(by=agent, client=client_north, case_type=complaint, title="Autre")
    url = reverse("cases:link_create", kwargs={"organization": agent.organization.slug, "number": case.number})
    web = signed_in(agent)
    values = {"other": str(other.number), "how": "parent", "version": str(case.version + 1)}
    assert web.post(url, values).status_code == 409
    enter(agent)
    assert Case.objects.get(pk=case.pk).parent_id is None
    assert web.post(url, values | {"version": str(case.version)}).status_code == 303
