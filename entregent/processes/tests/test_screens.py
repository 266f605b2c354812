"""The screens of plans: timeline, work, picture, designer, ready-made processes."""

from urllib.parse import urlencode

import lxml.html
import pytest
from django.http import QueryDict
from django.utils import translation

from entregent.clients.models import CreditHold
from entregent.organizations.models import Team
from entregent.organizations.team_actions import seed_teams
from entregent.processes import actions, ready_made
from entregent.processes.definitions import normalised, problems, read
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessVersion
from entregent.processes.schema import picture, wrapped
from entregent.processes.tests.conftest import form, process, step
from entregent.processes.web import designing
from testing.cast import enter


@pytest.fixture
def two_steps(live):
    asked = {"type": "date", "title": {"fr": "Date de résiliation", "en": "Termination date"}, "required": True}
    return live(process("depart", step("demande", form=form(jour=asked)), step("suite", who="clientele")))


@pytest.fixture
def run(case, team, two_steps, manager):
    enter(manager)
    return actions.launch(by=manager, case=case, definition=two_steps)


def plan_page(page, run):
    return page.get(f"/{run.organization.slug}/plans-d-action/{run.pk}/").content.decode()


def of_step(run, key, verb):
    return f"/{run.organization.slug}/plans-d-action/etapes/{run.steps.get(key=key).pk}/{verb}/"


def test_a_plan_is_launched_filled_in_and_completed(case, team, two_steps, manager, signed_in):
    page = signed_in(manager)
    panel = f"/{case.organization.slug}/plans-d-action/dossiers/{case.number}/"
    assert "Plan depart" in page.get(panel).content.decode()
    assert page.post(f"{panel}lancer/", {"processus": "depart"}).status_code == 303
    enter(manager)
    run = ProcessRun.objects.get(case=case)
    first = run.steps.get(key="demande")
    assert "Date de résiliation" in plan_page(page, run)
    done = f"/{case.organization.slug}/plans-d-action/etapes/{first.pk}/terminer/"
    refused = page.post(done, {"version": first.version, f"s{first.pk}-jour": ""})
    assert refused.status_code == 422
    assert "Date de résiliation obligatoire" in refused.content.decode()
    assert page.post(done, {"version": first.version, f"s{first.pk}-jour": "2027-01-31"}).status_code == 303
    shown = plan_page(page, run)
    assert "31 janvier 2027" in shown
    assert page.post(done, {"version": first.version, f"s{first.pk}-jour": "2027-01-31"}).status_code == 409


def test_a_waiting_step_says_what_it_waits_for_and_until_when(live, case, manager, signed_in):
    body = process(
        "attente", step("paiement", wait={"event": "invoice.paid", "at_most": "15 days"}),
        step("delai", wait={"for": "10 days"}, after=[]), step("reponse", wait={"event": "client.answered"}, after=[]),
    )  # fmt: skip
    enter(manager)
    run = actions.launch(by=manager, case=case, definition=live(body))
    page = signed_in(manager)
    told = [
        line.text_content().replace("\xa0", " ")
        for line in lxml.html.fromstring(plan_page(page, run)).find_class("g-plan-waits")
    ]
    assert len(told) == 3
    assert told[0].startswith("Attend : Facture payée · au plus tard :")
    assert told[1].startswith("Fin de l’attente :")
    assert told[2] == "Attend : Réponse du client sur le portail"
    enter(manager)
    actions.pause_run(run, by=manager, version=ProcessRun.objects.get(pk=run.pk).version)
    assert "au plus tard" not in plan_page(page, run)


def test_an_answer_says_where_it_leads(live, case, manager, signed_in):
    place = {"type": "choice", "title": {"fr": "Relève", "en": "Reading"}, "required": True}
    place["enum"] = [
        {"value": "sur_place", "fr": "Sur place", "en": "On site"},
        {"value": "photo", "fr": "Photo", "en": "Photo"},
    ]
    ok = {"type": "boolean", "title": {"fr": "Recevable", "en": "Admissible"}, "required": True}
    body = process(
        "branches",
        step("qualifier", form=form(lieu=place, recevable=ok)),
        {**step("visite"), "if": ["qualifier.lieu", "=", "sur_place"]},
        {**step("rejet"), "if": {"not": ["qualifier.recevable", "=", True]}, "after": ["qualifier"]},
        # Of two questions at once no answer alone decides.
        {
            **step("suite"),
            "after": ["qualifier"],
            "if": {"all": [["qualifier.recevable", "=", True], ["qualifier.lieu", "=", "photo"]]},
        },
    )
    run = actions.launch(by=enter(manager), case=case, definition=live(body))
    shown = plan_page(signed_in(manager), run)
    assert "Sur place → Étape visite" in shown
    assert "Non → Étape rejet" in shown
    assert "Oui →" not in shown
    assert "Photo →" not in shown


def test_the_page_of_a_plan_tells_the_credit_of_its_client(run, case, manager, signed_in):
    page = signed_in(manager)
    assert "Crédit en règle" in plan_page(page, run)
    enter(manager)
    CreditHold.objects.create(organization=case.organization, client=case.client, reason="overdue")
    assert "Blocage de crédit" in plan_page(page, run)


def test_what_one_does_with_steps(run, agent, manager, signed_in):
    page = signed_in(manager)
    assert page.post(of_step(run, "demande", "commenter"), {"texte": "Vu avec le client"}).status_code == 303
    assert page.post(of_step(run, "demande", "reaffecter"), {"a_qui": f"u{agent.user_id}"}).status_code == 303
    assert page.post(of_step(run, "demande", "reporter"), {"jour": "demain"}).status_code == 422
    assert page.post(of_step(run, "demande", "reporter"), {"jour": "2127-01-01"}).status_code == 303
    shown = plan_page(page, run)
    assert "Vu avec le client" in shown
    assert agent.name in shown
    assert page.post(of_step(run, "demande", "passer"), {"motif": ""}).status_code == 422
    assert page.post(of_step(run, "demande", "passer"), {"motif": "Sans objet ici"}).status_code == 303
    assert "Sans objet ici" in plan_page(page, run)
    assert page.post(of_step(run, "demande", "renvoyer"), {"motif": "Il faut la date"}).status_code == 303
    enter(manager)
    assert run.steps.filter(key="demande").count() == 2


def test_what_one_does_with_a_plan(run, manager, signed_in):
    page = signed_in(manager)
    here = f"/{run.organization.slug}/plans-d-action/{run.pk}/"
    assert page.post(f"{here}etapes/", {"nom": "Appeler la mairie"}).status_code == 303
    assert page.post(f"{here}attendre/", {"motif": "pièces"}).status_code == 303
    assert "attend le client" in plan_page(page, run)
    assert page.post(f"{here}reprendre/").status_code == 303
    assert "Appeler la mairie" in plan_page(page, run)
    assert page.post(f"{here}abandonner/", {"motif": ""}).status_code == 422
    assert page.post(f"{here}abandonner/", {"motif": "Client parti"}).status_code == 303
    assert "Client parti" in plan_page(page, run)


def test_an_editor_does_not_lead(run, colleague, signed_in):
    page = signed_in(colleague)
    assert page.post(of_step(run, "demande", "passer"), {"motif": "x"}).status_code == 403
    assert page.post(of_step(run, "demande", "renvoyer"), {"motif": "x"}).status_code == 403


def test_work_stands_with_its_team_until_somebody_takes_it(run, agent, manager, signed_in, django_assert_num_queries):
    enter(manager)
    actions.complete_step(run.steps.get(key="demande"), by=manager, data={"jour": "2027-01-31"})
    page = signed_in(agent)
    mine, team = f"/{run.organization.slug}/plans-d-action/", f"/{run.organization.slug}/plans-d-action/equipe/"
    assert "Étape suite" not in page.get(mine).content.decode()
    assert "Étape suite" in page.get(team).content.decode()
    assert page.get(f"{team}?equipe=autre").status_code == 404
    assert page.post(of_step(run, "suite", "prendre"), {"retour": "equipe"}).headers["Location"] == team
    listed = page.get(mine).content.decode()
    assert "Étape suite" in listed
    assert "1 étape<" in listed.replace("\xa0", " ")
    assert "Étape suite" not in page.get(f"{team}?libres=1").content.decode()
    with django_assert_num_queries(10):
        page.get(mine)


def test_the_picture_tells_every_step_and_its_state(run, manager, signed_in):
    page = signed_in(manager)
    here = f"/{run.organization.slug}/plans-d-action/{run.pk}/"
    drawn = page.get(f"{here}schema.svg")
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert b"Saisie \xc2\xb7 \xc3\xa0 faire" in drawn.content
    assert "Le schéma en liste" in page.get(f"{here}schema/").content.decode()


@pytest.mark.parametrize("code", [one.code for one in ready_made.presets()])
def test_a_preset_has_both_languages_and_a_picture_in_which_no_step_covers_another(code):
    body = read(ready_made.text_of(code))
    for words in _words_of(body):
        assert words["fr"]
        assert words["en"]
    for language in ("fr", "en"):
        with translation.override(language):
            assert problems(body) == []
            nodes = picture(body, title="x").nodes
    assert len(nodes) == len(body["steps"])
    for one in nodes:
        for other in nodes:
            apart = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert one is other or apart or one.y + one.height <= other.y or other.y + other.height <= one.y


def _words_of(body):
    yield body["name"]
    for one in body["steps"]:
        yield one["name"]
        for spec in (one.get("form") or {"properties": {}})["properties"].values():
            yield spec["title"]
            yield from spec.get("enum") or []


def test_labels_wrap_and_are_never_lost():
    assert wrapped("Demander une relève de contrôle", 20) == ["Demander une relève", "de contrôle"]
    assert wrapped("a" * 50, 20, 2) == ["a" * 20, "a" * 19 + "…"]
    assert wrapped("") == ["—"]


def test_presets_are_installed_live_with_their_classifications(org, admin):
    enter(admin)
    seed_teams(org)
    made = [ready_made.install(org, one.code, by=admin) for one in ready_made.presets()]
    assert all(one is not None for one in made)
    assert ready_made.install(org, "resiliation", by=admin) is None
    assert Team.objects.filter(organization=org).count() == 3
    bodies = {one.definition.code: problems(one.body, org) for one in made}
    unknown = [found.sentence for wrong in bodies.values() for found in wrong if "Modèle" not in found.sentence]
    assert [sentence for sentence in unknown if "n’existe pas" in sentence and "courri" not in sentence] == []


# ——— The designer ———


def sent(body, **more):
    """What the browser sends of the form as the designer draws it."""
    pairs = [("name_fr", body["name"]["fr"]), ("name_en", body["name"]["en"]), ("raw", '{"process": "depart"}')]
    pairs += [("subjects", one) for one in body["subjects"]]
    for i, one in enumerate(body["steps"]):
        at = f"s{i}"
        pairs += [("order", i), (f"{at}-key", one["key"]), (f"{at}-name_fr", one["name"]["fr"]), (f"{at}-kind", "form")]
        pairs += [(f"{at}-after", key) for key in one["after"]]
        for j, (key, spec) in enumerate(one["form"]["properties"].items()):
            pairs += [(f"{at}-fields", j), (f"{at}-f{j}-key", key), (f"{at}-f{j}-type", spec["type"])]
            pairs += [(f"{at}-f{j}-title_fr", spec["title"]["fr"])]
    return QueryDict(urlencode([*pairs, *more.items()]))


def test_the_form_of_the_designer_is_read_as_it_was_drawn():
    asked = {"type": "boolean", "title": {"fr": "Recevable", "en": ""}}
    body = process("depart", step("a", form=form(recevable=asked)), step("b"))
    read_back = designing.body_of_form(sent(body))
    assert [one["key"] for one in read_back["steps"]] == ["a", "b"]
    assert read_back["steps"][0]["form"]["properties"]["recevable"]["type"] == "boolean"
    more = {
        "s1-g": "all", "s1-t0": "c", "s1-c0-path": "a.recevable", "s1-c0-operator": "=",
        "s1-c0-value": "true", "s1-due_n": "2", "s1-due_unit": "working day",
    }  # fmt: skip
    changed = designing.body_of_form(sent(body, **more))["steps"][1]
    assert changed["if"] == ["a.recevable", "=", True]
    assert changed["due"] == {"offset": "2 working days", "from": ""}


def sent_by(answer) -> list[tuple[str, str]]:
    """What a browser would send of the designer's form in an answer."""
    return lxml.html.fromstring(answer.content.decode()).get_element_by_id("designer-form").form_values()


NESTED = {"any": [["a.recevable", "=", True], {"all": [["a.montant", ">", 50], {"not": ["a.ton", "=", "vif"]}]}]}
ASKED = form(
    recevable={"type": "boolean", "title": {"fr": "Recevable", "en": ""}},
    montant={"type": "number", "title": {"fr": "Montant", "en": ""}},
    ton={"type": "string", "title": {"fr": "Ton", "en": ""}},
)


def test_a_nested_condition_is_read_as_it_was_drawn(org, admin, signed_in):
    body = process("depart", step("a", form=ASKED), {**step("b"), "if": NESTED})
    enter(admin)
    actions.create_process(by=admin, body=body)
    page = signed_in(admin)
    here = f"/{org.slug}/administration/plans-d-action/depart/concevoir/"
    pairs = sent_by(page.get(here))
    assert {"s1-g", "s1-g1", "s1-g1.1", "s1-c0-path", "s1-c1.1.0-operator"} <= {name for name, _value in pairs}
    read_back = designing.body_of_form(QueryDict(urlencode(pairs)))
    assert read_back["steps"][1]["if"] == NESTED
    assert problems(read_back, org) == []


def test_groups_are_added_filled_in_and_taken_away_by_buttons(org, admin, signed_in):
    body = process("depart", step("a", form=ASKED), step("b"))
    enter(admin)
    actions.create_process(by=admin, body=body)
    page = signed_in(admin)
    here = f"/{org.slug}/administration/plans-d-action/depart/concevoir/"

    def press(drawn, op, **typed):
        data = {}
        for name, value in sent_by(drawn):
            data.setdefault(name, []).append(value)
        return page.post(here, data | typed | {"op": op})

    drawn = press(page.get(here), "condition:1:")
    drawn = press(drawn, "group:1:", **{"s1-c0-path": "a.recevable", "s1-c0-value": "true"})
    # Not filled in yet, it stays while others are added.
    drawn = press(drawn, "condition:1:1")
    names = {name for name, _value in sent_by(drawn)}
    assert {"s1-c1.0-path", "s1-c1.1-path"} <= names
    filled = {"s1-c1.0-path": "a.montant", "s1-c1.0-operator": ">", "s1-c1.0-value": "50", "s1-c1.1-path": "a.ton",
              "s1-c1.1-value": "vif"}  # fmt: skip
    drawn = press(drawn, "refresh", **filled)
    assert press(drawn, "save", **{"s1-g": "any"}).status_code == 303
    enter(admin)
    draft = ProcessVersion.objects.get(definition__code="depart")
    inner = {"any": [["a.montant", ">", 50], ["a.ton", "=", "vif"]]}
    assert draft.body["steps"][1]["if"] == {"any": [["a.recevable", "=", True], inner]}
    drawn = press(page.get(here), "-condition:1:1")
    assert press(drawn, "save").status_code == 303
    enter(admin)
    draft.refresh_from_db()
    assert draft.body["steps"][1]["if"] == ["a.recevable", "=", True]


def test_steps_are_added_moved_and_taken_away_and_their_order_stays_possible():
    body = normalised({"process": "p", "name": "P", "steps": [step("a"), step("b"), step("c")]})
    assert designing.apply(body, "add:1", "Appeler le client") == "appeler_le_client"
    assert [one["key"] for one in body["steps"]] == ["a", "appeler_le_client", "b", "c"]
    assert body["steps"][2]["after"] == ["appeler_le_client"]
    designing.apply(body, "up:3")
    assert problems(body) == []
    designing.apply(body, "delete:0")
    assert problems(body) == []
    assert body["steps"][0]["after"] == []
    for operation in ("field:0", "condition:1", "action:1", "remind:0", "late:0", "-late:0:0", "-remind:0:9", "x:y:z"):
        designing.apply(body, operation)


def test_a_process_is_designed_tried_published_changed_and_migrated(org, admin, case, team, signed_in):
    page = signed_in(admin)
    home = f"/{org.slug}/administration/plans-d-action/"
    made = page.post(f"{home}nouveau/", {"name_fr": "Visite annuelle", "name_en": "Yearly visit"})
    assert made.headers["Location"] == f"{home}visite_annuelle/concevoir/"
    here = f"{home}visite_annuelle/"
    assert "Première étape" in page.get(f"{here}concevoir/").content.decode()
    body = process("visite_annuelle", step("debut"))
    changed = page.post(f"{here}concevoir/", _plain(sent(body, op="add:1", new_name="Rendez-vous")))
    assert "Rendez-vous" in changed.content.decode()
    body = process("visite_annuelle", step("debut"), step("rendez_vous"))
    saved = page.post(f"{here}concevoir/", _plain(sent(body, op="save", version="1")))
    assert saved.status_code == 303
    assert page.post(f"{here}concevoir/", _plain(sent(body, op="save", version="1"))).status_code == 409
    assert "est faite" in page.get(f"{here}essayer/").content.decode()
    assert page.post(f"{here}publier/", {"version": 2}).status_code == 303
    enter(admin)
    definition = ProcessDefinition.objects.get(organization=org, code="visite_annuelle")
    actions.launch(by=admin, case=case, definition=definition)
    body = process("visite_annuelle", step("debut"), step("rendez_vous"), step("compte_rendu"))
    assert page.post(f"{here}concevoir/", _plain(sent(body, op="save", version="0"))).status_code == 303
    assert "étape ajoutée" in page.get(f"{here}publier/").content.decode()
    assert page.post(f"{here}publier/", {"version": 1}).headers["Location"] == f"{here}migrer/"
    assert "Migrer 1 plan" in page.get(f"{here}migrer/").content.decode()
    assert page.post(f"{here}migrer/").status_code == 303
    assert "process: visite_annuelle" in page.get(f"{here}export.yaml").content.decode()


def _plain(data):
    return {key: data.getlist(key) for key in data}


def test_a_draft_with_faults_is_kept_and_not_published(org, admin, team, signed_in):
    page = signed_in(admin)
    home = f"/{org.slug}/administration/plans-d-action/"
    text = "process: essai\nname: Essai\nsteps:\n- {key: a, name: A, who: personne_ici, form: {}}\n"
    assert page.post(f"{home}importer/", {"texte": text}).status_code == 303
    assert "personne_ici" in page.get(f"{home}essai/concevoir/").content.decode()
    assert page.post(f"{home}essai/publier/", {}).status_code == 422
    assert page.get(f"{home}essai/essayer/").status_code == 200
    assert page.post(f"{home}importer/", {"texte": "- rien"}).status_code == 422
    enter(admin)
    assert ProcessVersion.objects.get(definition__code="essai").state == "draft"
    assert page.post(f"{home}essai/abandonner/").headers["Location"] == home


def test_designing_and_publishing_are_rights_of_their_own(org, agent, manager, signed_in):
    home = f"/{org.slug}/administration/plans-d-action/"
    assert signed_in(agent).get(home).status_code == 403
    page = signed_in(manager)
    assert page.get(home).status_code == 200
    assert page.post(f"{home}modeles/", {"modele": "resiliation"}).status_code == 403


@pytest.mark.parametrize("kept", ['{"wait": []}', '{"do": 5, "wait": 5}', '{"remind": 1, "x": [1]}', "[]", "5"])
def test_what_a_form_brings_back_of_another_kind_breaks_nothing(kept):
    sent = QueryDict(mutable=True)
    sent.update({"order": "1", "s1-key": "a", "s1-raw": kept, "s1-kind": "wait", "s1-wait": "event"})
    sent.update({"s1-wait_event": "invoice.paid", "s1-reminds": "1", "s1-remind1-raw": '{"do": 5}'})
    assert designing.body_of_form(sent)["steps"][0]["key"] == "a"
    sent.update({"s1-kind": "form", "s1-fields": "1", "s1-f1-type": "choice", "s1-f1-raw": '{"enum": 5}'})
    sent["s1-kind"], sent["s1-f1-choices"] = "form", "Un\nDeux"
    assert designing.body_of_form(sent)["steps"][0]["key"] == "a"


def test_the_steps_of_its_plans_stand_among_the_elements_of_a_case(case, team, two_steps, manager, signed_in):
    page = signed_in(manager)
    address = f"/eaux/dossiers/{case.number}/elements/"
    assert "aucune étape" in page.get(address).content.decode()
    run = actions.launch(definition=two_steps, case=case, by=enter(manager))
    first, second = run.steps.order_by("position")
    enter(manager)
    case.refresh_from_db()
    for asked in ("", "?elements=temps&tout=1"):
        shown = page.get(address + asked).content.decode()
        assert f"/plans-d-action/{run.pk}/#etape-{first.pk}" in shown
        assert "À faire" in shown
        # What is to come stands in the plan itself.
        assert f"#etape-{second.pk}" not in shown
