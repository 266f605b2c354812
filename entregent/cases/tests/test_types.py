"""Types of cases: a tree with sub-statuses and delays, kept by administrators."""

import pytest

from entregent.cases import actions
from entregent.cases.actions.types import create_case_type, seed_case_types, update_case_type
from entregent.cases.models import CaseType
from entregent.interactions.template_models import RecordTemplate
from entregent.toolbox.errors import Refusal, Refusals, Stale
from testing.cast import enter

pytestmark = pytest.mark.django_db


def made(by, label="Réclamation", **values):
    enter(by)
    return create_case_type(by=by, **{"label_fr": label, "label_en": label} | values)


def test_a_type_gets_its_code_and_place(admin):
    top = made(admin)
    below = made(admin, "Facture", parent=top)
    again = made(admin, "Facture", parent=top)
    assert (top.path, below.path, again.path) == ("reclamation", "reclamation/facture", "reclamation/facture-2")
    with pytest.raises(Refusal, match="E-001-TYPE-CODE"):
        made(admin, "Autre", code="facture", parent=top)
    with pytest.raises(Refusal, match="E-001-TYPE-CODE"):
        made(admin, "Autre", code="É !")


def test_a_type_that_moves_takes_along_what_is_below(admin):
    top, other = made(admin), made(admin, "Autre")
    below = made(admin, "Facture", parent=top)
    update_case_type(top, by=admin, version=1, parent=other)
    below.refresh_from_db()
    assert below.path == "autre/reclamation/facture"
    with pytest.raises(Refusal, match="E-001-TYPE-TREE"):
        update_case_type(other, by=admin, version=1, parent=below)


def test_the_tree_has_four_levels(admin):
    parent = None
    for level in range(4):
        parent = made(admin, f"Niveau {level}", parent=parent)
    with pytest.raises(Refusal, match="E-001-TYPE-TREE"):
        made(admin, "Trop bas", parent=parent)


def test_what_means_nothing_is_refused_with_its_place(admin):
    with pytest.raises(Refusals) as found:
        made(
            admin, label_en="", due_rule="bientôt", warn_days=999,
            sub_statuses=[{"state": "nowhere", "fr": "À voir"}, {"state": "new", "fr": "x" * 61}],
        )  # fmt: skip
    assert {one.field for one in found.value.refusals} == {"label_en", "due_rule", "warn_days", "sub_statuses"}
    template = RecordTemplate.objects.create(
        organization=admin.organization, code="c", name_fr="C", name_en="C", kind="contact"
    )
    with pytest.raises(Refusal, match="E-001-TYPE-TEMPLATE"):
        made(admin, template=template)


def test_a_sub_status_in_which_cases_stand_stays(admin, client_north):
    kind = made(admin, sub_statuses=[{"state": "new", "fr": "À valider", "en": ""}])
    assert kind.sub_statuses == [{"code": "a-valider", "state": "new", "fr": "À valider", "en": "À valider"}]
    case = actions.open_case(by=admin, client=client_north, case_type=kind)
    assert case.sub_status == "a-valider"
    with pytest.raises(Refusal, match="E-001-SUB-STATUS"):
        update_case_type(kind, by=admin, version=1, sub_statuses=[])
    kept = [{"code": "a-valider", "state": "new", "fr": "À vérifier", "en": "To check"}]
    assert update_case_type(kind, by=admin, version=1, sub_statuses=kept).sub_statuses == kept
    with pytest.raises(Stale):
        update_case_type(kind, by=admin, version=1, label_fr="Trop tard")


def test_every_trade_starts_with_types_and_twice_changes_nothing(admin, org):
    for trade in ("water", "mortgage", "customs", "manufacturer", "accounting", "other"):
        org.trade = trade
        seed_case_types(org)
        count = CaseType.objects.count()
        seed_case_types(org)
        assert CaseType.objects.count() == count
    assert CaseType.objects.get(path="reclamation/qualite").parent.path == "reclamation"


def sent(**more):
    return {
        "label_fr": "Litige", "label_en": "Dispute", "parent": "", "due_rule": "5 working days", "warn_days": "2",
        "template": "", "status-code": ["", ""], "status-state": ["new", "done"], "status-fr": ["À lire", ""],
        "status-en": ["To read", ""], "is_active": "on",
    } | more  # fmt: skip


def test_a_contact_is_proposed_the_type_that_its_topic_leads_to(admin, agent, contact, topic, signed_in):
    kind, _other = made(admin), made(admin, "Autre")
    template = RecordTemplate.objects.create(
        organization=admin.organization, code="c", name_fr="Modèle facture", name_en="C", kind="case"
    )
    url = f"/eaux/dossiers/nouveau/?contact={contact.number}"
    chosen = f'value="{kind.pk}" selected'
    assert chosen not in signed_in(agent).get(url).content.decode()
    page = f"/eaux/administration/types-de-dossier/{kind.pk}/"
    assert "Rubriques qui y mènent" in signed_in(admin).get(page).content.decode()
    values = sent(version=1, template=template.pk, topics=["renseignement"])
    assert signed_in(admin).post(page, values).status_code == 303
    enter(admin)
    kind.refresh_from_db()
    assert kind.topics == ["renseignement"]
    proposed = signed_in(agent).get(url).content.decode()
    assert chosen in proposed
    assert "Modèle facture" in proposed
    assert signed_in(admin).post(page, sent(version=2, topics=["inconnue"])).status_code == 422
    enter(admin)
    update_case_type(kind, by=admin, version=2, is_active=False)
    assert chosen not in signed_in(agent).get(url).content.decode()


def test_a_type_is_made_and_changed_on_screen(admin, manager, client_north, signed_in):
    http = signed_in(admin)
    assert http.get("/eaux/administration/types-de-dossier/nouveau/").status_code == 200
    assert http.post("/eaux/administration/types-de-dossier/nouveau/", sent()).status_code == 303
    enter(admin)
    kind = CaseType.objects.get()
    assert (kind.path, kind.due_rule, kind.sub_statuses[0]["code"]) == ("litige", "5 working days", "a-lire")
    actions.open_case(by=admin, client=client_north, case_type=kind)
    page = http.get("/eaux/administration/types-de-dossier/").content.decode()
    assert "Litige" in page
    assert "5 jours ouvrés" in page
    url = f"/eaux/administration/types-de-dossier/{kind.pk}/"
    assert "1 dossier ouvert est de ce type" in http.get(url).content.decode()
    wrong = http.post(url, sent(version=1, label_fr=""))
    assert wrong.status_code == 422
    assert http.post(url, sent(version=1, more="1")).status_code == 200
    kept = {"status-code": ["a-lire"], "status-state": ["new"], "status-fr": ["À lire"], "status-en": ["To read"]}
    assert http.post(url, sent(version=1, label_fr="Différend", **kept)).status_code == 303
    late = http.post(url, sent(version=1, label_fr="Trop tard", **kept))
    assert late.status_code == 409
    assert "Trop tard" in late.content.decode()
    assert http.get("/eaux/administration/types-de-dossier/999999/").status_code == 404
    assert signed_in(manager).get("/eaux/administration/types-de-dossier/").status_code == 403
