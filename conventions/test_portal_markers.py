"""Nothing that stays inside ever reaches a client.

A marker is planted in every field that is the organization's own: internal entries, their names and files, custom
fields, the credit hold, the contact of one record, the members' addresses, the journal, what other people and other
clients were told, what was withdrawn and deleted. Then the whole portal is crawled as several people, link by link,
files included, and every mail that left for a client is read.
"""

import io
import re
import zipfile

import pytest

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.cases.actions import (
    add_log_entry,
    add_tasks,
    attach_interaction,
    change_state,
    edit_case,
    keep_case_document,
    open_case,
)
from entregent.cases.models import Case, CaseType
from entregent.clients.actions import people, set_credit_hold
from entregent.clients.models import Client, Person
from entregent.documents.actions import keep_file
from entregent.inbound.actions import add_mail
from entregent.interactions.actions import (
    add_entry,
    delete_interaction,
    log_interaction,
    record_by_system,
    update_entry,
)
from entregent.interactions.models import Interaction, InteractionAgent, InteractionEntry, Topic
from entregent.interactions.portal_access import set_colleagues
from entregent.interactions.template_models import RecordTemplate
from entregent.organizations.models import Team, User
from entregent.outbox.models import Message
from entregent.portal.tests.conftest import door, give_access
from entregent.processes.actions import launch, pause_run
from entregent.processes.definitions import normalised
from entregent.processes.models import ProcessDefinition, ProcessStep, ProcessVersion
from testing.cast import enter, make_client
from testing.mails import make_mail

MARK = "zinterne"
PAGES_AT_MOST = 400


def mark(where: str) -> str:
    return f"{MARK}-{where}"


@pytest.fixture
def cast_of_portal(agent, manager, org, client_north, client_south):
    """Léa and Max at one client, who see what is theirs; Ines, who sees all; Jean at another client."""
    lea = give_access(agent, client_north)
    max_access = give_access(agent, client_north, email="max@client.example", first_name="Max", last_name="Petit")
    ines = give_access(agent, client_north, email="ines@client.example", first_name="Inès", last_name="Grand")
    set_colleagues(ines, by=agent, sees_colleagues=True)
    jean = give_access(manager, client_south, email="jean@sud.example", first_name="Jean", last_name="Sud")
    return {"lea": lea, "max": max_access, "ines": ines, "jean": jean}


@pytest.fixture
def planted(agent, manager, org, client_north, client_south, other_org, stranger, cast_of_portal):
    lea, jean = cast_of_portal["lea"], cast_of_portal["jean"]
    User.objects.filter(pk=agent.user_id).update(email=f"{mark('agent')}@eaux.example")
    User.objects.filter(pk=manager.user_id).update(email=f"{mark('gestionnaire')}@eaux.example")
    enter(agent)
    agent.user.refresh_from_db()
    topic = Topic.objects.create(organization=org, code="t", label_fr="Rubrique", label_en="Topic")
    hidden = Topic.objects.create(organization=org, code="h", label_fr=mark("rubrique"), label_en=mark("topic"))
    Client.objects.filter(pk=client_north.pk).update(
        custom={"note": mark("champ-client")}, category=mark("categorie"), tags=[mark("etiquette")],
        emails=[f"{mark('courriel')}@client.example"],
    )  # fmt: skip
    Person.objects.filter(pk__in=[one.person_id for one in cast_of_portal.values()]).update(
        custom={"note": mark("champ-personne")}, external_key="", company=mark("societe")
    )
    silent = people.create_person(
        by=agent, first_name=mark("muette"), last_name="Ombre", emails=[f"{mark('ombre')}@c.example"],
        client=client_north,
    )  # fmt: skip
    set_credit_hold(client_north, by=agent, reason="limit", note=mark("credit"))
    file = keep_file(organization=org, name=f"{mark('fichier')}.txt", content=mark("contenu").encode(), by=agent)
    shown = keep_file(organization=org, name="visible.txt", content=b"pour le client", by=agent)
    common = {
        "contact_name": mark("contact"), "contact_phone": "", "reference": mark("reference"),
    }  # fmt: skip

    both = log_interaction(
        by=agent, client=client_north, topic=topic, channel="phone_call", subject="Visible", notes="Dit au client",
        files=[shown], **common,
    )  # fmt: skip
    Interaction.objects.filter(pk=both.pk).update(
        salesperson=agent.user, sales_contact=silent, custom={"note": mark("champ-interaction")}
    )
    InteractionAgent.objects.filter(interaction=both).update(user=agent.user)
    add_entry(both, by=agent, notes=mark("note"), entry_name=mark("nom-entree"), internal=True, files=[file])
    withdrawn = add_entry(both, by=agent, notes=mark("retiree"), notify=False)
    both.refresh_from_db()
    update_entry(
        InteractionEntry.objects.get(pk=withdrawn.pk), by=agent, version=both.version, notes=mark("retiree"),
        internal=True, incoming=False,
    )  # fmt: skip
    dropped = make_mail(
        sender=f"{mark('expediteur')} <fournisseur@ailleurs.example>", subject=mark("objet-depose"),
        text=mark("depose"), files=[(f"{mark('joint')}.txt", "text/plain", mark("joint").encode())],
    )  # fmt: skip
    add_mail(dropped, by=agent, interaction=both)
    first_internal = log_interaction(
        by=agent, client=client_north, topic=topic, channel="note", subject=mark("objet"), notes=mark("premiere"),
        internal=True,
    )  # fmt: skip
    add_entry(first_internal, by=agent, notes="La suite est pour le client")
    log_interaction(
        by=agent, client=client_north, topic=hidden, channel="note", notes=mark("tout-interne"), internal=True, **common
    )
    Topic.objects.filter(pk=hidden.pk).update(is_active=False)
    gone = log_interaction(
        by=agent, client=client_north, topic=topic, channel="phone_call", subject=mark("supprimee"), notify=False,
        notes=mark("supprimee"),
    )  # fmt: skip
    delete_interaction(Interaction.objects.get(pk=gone.pk), by=agent)
    record_by_system(
        organization=org, client=client_north, person=lea.person, subject=mark("systeme"), text=mark("systeme"),
        external_key="k",
    )  # fmt: skip
    record("noted", by=agent, client_id=client_north.pk, reason=mark("journal"))
    enter(manager)
    log_interaction(
        by=manager, client=client_south, topic=topic, channel="phone_call", subject=f"{mark('autre-client')}",
        notes=mark("autre-client"), person=jean.person, notify=False,
    )  # fmt: skip
    _plant_cases(org, agent, client_north, both, hidden, file)
    with in_organization(other_org.pk):
        make_client(other_org, "X1", mark("autre-organisation"))
    enter(agent)
    return both


def _plant_cases(org, agent, client, contact, hidden, file):
    """A case that the client follows, with a plan; one that is confidential; one of a type that they do not see."""
    enter(agent)
    team = Team.objects.create(organization=org, code="t", label_fr=mark("equipe"), label_en=mark("team"))
    template = RecordTemplate.objects.create(
        organization=org, code="m", kind="case", name_fr=mark("modele"), name_en=mark("template"),
        text_fr=mark("texte-modele"), text_en=mark("text-template"),
    )  # fmt: skip
    states = [{"code": "s", "state": "in_progress", "fr": mark("sous-statut"), "en": mark("sub-status")}]
    kinds = [
        CaseType.objects.create(
            organization=org, code=mark(code), path=mark(code), label_fr=label, label_en=label, on_portal=on_portal,
            sub_statuses=states, template=template,
        )
        for code, label, on_portal in (("suivi", "Dossier suivi", True), ("tu", mark("type"), False))
    ]  # fmt: skip
    shown, confidential, silent = (
        open_case(by=agent, client=client, case_type=kind, title=mark("intitule"), team=team, note=mark("note-dossier"))
        for kind in (kinds[0], kinds[0], kinds[1])
    )
    edit_case(confidential, by=agent, is_confidential=True, public_title=mark("confidentiel"))
    edit_case(silent, by=agent, public_title=mark("type-tu"))
    for case in (shown, silent):
        attach_interaction(case, contact, by=agent)
        change_state(case, by=agent, state="in_progress", sub_status="s")
        add_log_entry(case, by=agent, text=mark("journal-dossier"))
        add_tasks(case, by=agent, texts=[mark("tache")])
        keep_case_document(case, by=agent, file=file, kind="attachment", title=mark("piece"))
    Case.objects.update(external_ref=mark("affaire"), closing_reason=mark("cloture"), automatic_key="")
    body = {"process": "p", "name": {"fr": mark("processus")}, "steps": [
        {"key": "a", "name": {"fr": mark("etape")}, "public": {"fr": "Étape dite", "en": "Step told"}, "form": {}},
        {"key": "b", "name": {"fr": mark("etape-tue")}, "form": {}},
    ]}  # fmt: skip
    definition = ProcessDefinition.objects.create(organization=org, code="p", name_fr=mark("processus"))
    definition.live = ProcessVersion.objects.create(
        organization=org, definition=definition, number=1, body=normalised(body), state="live", sha256=mark("sha")
    )
    definition.save()
    for case in (shown, confidential, silent):
        run = launch(definition=definition, case=case, by=agent, is_strict=False)
        ProcessStep.objects.filter(run=run).update(data={"x": mark("saisie")}, why_skipped=mark("passee"))
        if case is shown:
            pause_run(run, by=agent, reason=mark("pause"))


def crawl(http) -> dict[str, str]:
    """Every page that somebody can reach by links, with its headers: address → what was answered."""
    seen: dict[str, str] = {}
    waiting = ["/portail/", "/portail/eaux/", "/portail/eaux/echanges/nouveau/", "/portail/compte/securite/"]
    while waiting and len(seen) < PAGES_AT_MOST:
        url = waiting.pop()
        if url in seen or "deconnexion" in url:
            continue
        answer = http.get(url)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        body = unpacked(content).decode(errors="replace")
        seen[url] = f"{answer.headers}\n{body}"
        waiting += [found.split("#")[0] for found in re.findall(r'(?:href|action)="(/portail/[^"]*)"', body)]
        waiting += [answer.headers["Location"]] if "Location" in answer.headers else []
    return seen


def unpacked(content: bytes) -> bytes:
    """What stands in an archive, with the names of what stands there: squeezed, no marker would be seen."""
    if not content.startswith(b"PK\x03\x04"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"\n".join(part for name in archive.namelist() for part in (name.encode(), archive.read(name)))


def leaks(text: str) -> set[str]:
    return set(re.findall(rf"{MARK}-[\w-]*", text.lower()))


@pytest.mark.parametrize("who", ["lea", "max", "ines"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_of_the_portal_shows_what_stays_inside(who, language, planted, cast_of_portal, agent, org):
    User.objects.filter(pk=cast_of_portal[who].user_id).update(language=language)
    pages = crawl(door(cast_of_portal[who].user))
    assert {url: leaks(text) for url, text in pages.items() if leaks(text)} == {}
    # The crawl has been where it matters: the conversation, its file, the other one whose beginning is internal.
    everything = "\n".join(pages.values())
    assert "Dit au client" in everything
    assert "pour le client" in everything
    assert "La suite est pour le client" in everything
    taken = pages["/portail/eaux/echanges/telecharger/"]
    assert "Dit au client" in taken
    assert "pour le client" in taken
    assert "Dossier suivi" in everything
    assert ("Étape dite" if language == "fr" else "Step told") in everything
    # Numbers and files guessed one after the other lead no further.
    http = door(cast_of_portal[who].user)
    for number in range(1, 40):
        for path in ("echanges", "dossiers", "documents", "transferts"):
            answer = http.get(f"/portail/eaux/{path}/{number}/")
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert leaks(f"{answer.headers}{content.decode(errors='replace')}") == set(), f"{path} {number}"


def test_no_mail_to_a_client_says_what_stays_inside(planted, cast_of_portal, agent, manager):
    enter(agent)
    staff = {agent.user.email, manager.user.email}
    mails = [mail for mail in Message.objects.all() if not set(mail.recipients) & staff]
    assert len(mails) >= 4
    # Where an organization has no address for replies, they go to who wrote, whose address is in Reply-To alone.
    parts = ("subject", "text", "html", "sender", "references")
    told = {mail.subject: leaks("\n".join(getattr(mail, part) for part in parts)) for mail in mails}
    assert {subject: found for subject, found in told.items() if found} == {}
    assert any("Dit au client" in mail.text for mail in mails)
