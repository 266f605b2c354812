"""The ready-made processes, each from its launch to its end, its forms answered, in both languages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from entregent.cases.actions import open_case
from entregent.cases.models import Case, CaseDocument, CaseType
from entregent.documents.files import opened
from entregent.documents.models import DocumentTemplate
from entregent.organizations.models import Team
from entregent.outbox.models import Message
from entregent.processes import actions
from entregent.processes.definitions import known_at, read
from entregent.processes.fields import fields_of
from entregent.processes.models import ProcessDefinition, ProcessJob, ProcessRun, ProcessStep
from entregent.processes.simulation import sample, simulate
from entregent.processes.tests.test_definitions import PRESETS
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.fixture
def prepared(org, admin, client_north):
    """What a new organization has, and a client who can be written to."""
    from entregent.documents.template_actions import seed_templates

    enter(admin)
    seed_templates(org)
    for code in ("clientele", "exploitation", "facturation"):
        Team.objects.get_or_create(organization=org, code=code, defaults={"label_fr": code, "label_en": code})
    client_north.emails = ["client@example.org"]
    client_north.save(update_fields=["emails"])
    return client_north


def case_types(org, paths) -> list[CaseType]:
    made = []
    for path in paths or ["autre"]:
        parent = None
        for depth in range(1, len(path.split("/")) + 1):
            part = "/".join(path.split("/")[:depth])
            parent, _created = CaseType.objects.get_or_create(
                organization=org, path=part,
                defaults={"code": part.split("/")[-1], "label_fr": part, "label_en": part, "parent": parent},
            )  # fmt: skip
        made.append(parent)
    return made


def answered(form, *, says: bool, language: str):
    """An answer to every field; `says` to every question that is answered by yes or no."""
    today = timezone.now().date()
    return {
        one.key: says if one.type == "boolean" else (one.choices[0 if says else -1][0] if one.type == "choice" else
                                                     sample(one, today))
        for one in fields_of(form)
    }  # fmt: skip


def speaks(text: str, language: str) -> bool:
    """Whether a subject or a name begins as that of a template does in this language, and not as in the other."""
    templates = list(DocumentTemplate.objects.all())

    def begun(name: str) -> str:
        return name.split("{")[0].split(":")[0].strip()

    begins = {
        code: {begun(getattr(one, f"{field}_{code}")) for one in templates for field in ("subject", "name")} - {""}
        for code in ("fr", "en")
    }
    other = "en" if language == "fr" else "fr"
    only = begins[language] - begins[other]
    return any(text.startswith(one) for one in only)


def run_to_the_end(run, admin, *, says: bool, language: str) -> None:
    for _round in range(100):
        run.refresh_from_db()
        if run.state == "done":
            return
        assert run.state == "running", [(one.key, one.data.get("error")) for one in run.steps.filter(state="failed")]
        body = actions.body_of(run.process_version)
        ready = list(run.steps.filter(state=ProcessStep.State.READY, kind=ProcessStep.Kind.FORM))
        for step in ready:
            spec = next(one for one in body["steps"] if one["key"] == step.key)
            data = answered(spec["form"], says=says, language=language)
            try:
                actions.complete_step(step, by=admin, data=data)
            except Refusal as refused:
                # What the law forbids in winter is not done in winter.
                if refused.code != "E-001-WINTER-CUT" or spec["act"] != "cut_supply":
                    raise
                actions.skip_step(step, by=admin, reason="Trêve hivernale")
        ProcessJob.objects.filter(run=run, state="waiting", kind__in=["action", "wait"]).update(
            run_at=timezone.now() - timedelta(seconds=1)
        )
        actions.run_due(run.organization_id)
        enter(admin)
    raise AssertionError([(one.key, one.state) for one in run.steps.all()])


@pytest.mark.parametrize(("language", "says"), [("fr", True), ("en", False)])
@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_runs_from_launch_to_close(path, language, says, prepared, org, admin):
    body = read(path.read_text())
    # The house speaks the other language: what goes out to the client is in the client's all the same.
    prepared.language, org.language = language, "en" if language == "fr" else "fr"
    org.save(update_fields=["language"])
    prepared.save(update_fields=["language"])
    (case_type, *_others) = case_types(org, body["case_types"])
    with translation.override(org.language):
        version = actions.install(org, path.read_text(), by=admin)
        assert version is not None
        assert version.state == "live"
        definition = ProcessDefinition.objects.select_related("live").get(pk=version.definition_id)
        case = open_case(by=admin, client=prepared, case_type=case_type, title="Essai")
        started = ProcessRun.objects.filter(case=case, definition=definition).first()
        facts = answered(body["facts"], says=says, language=language)
        run = started or actions.launch(definition=definition, case=case, by=admin, answers=facts)
        run_to_the_end(run, admin, says=says, language=language)
    made = [name for step in run.steps.all() for one in step.data.get("made", []) for name in [one["action"]]]
    assert CaseDocument.objects.filter(case=case, kind="letter").count() == made.count("generate_document")
    # What is late at once, because the day that was entered is near, is mailed besides.
    late = ProcessJob.objects.filter(run=run, kind="late", state="done").count()
    mails = list(Message.objects.filter(client_id=prepared.pk, nature="letter"))
    assert made.count("send_mail") <= len(mails) <= made.count("send_mail") + late
    for mail in mails:
        assert mail.language == language
        assert speaks(mail.subject, language), mail.subject
    for document in CaseDocument.objects.filter(case=case, kind="letter").select_related("file"):
        with opened(document.file) as content:
            assert re.search(rb"/Lang ?\(([a-z]{2})", content.read())[1].decode() == language
        assert speaks(document.file.name, language), document.file.name
    if "close_case" in made:
        assert Case.objects.get(pk=case.pk).is_closed
    assert set(run.steps.values_list("state", flat=True)) <= {"done", "skipped"}
    told = simulate(body, facts, {})
    assert told[-1].what == "ended"
    assert known_at(body, body["steps"][0]["key"])
