"""Two organizations with every kind of record, in every variety, each marked so that a leak is seen."""

import json
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from entregent.audit.actions import record
from entregent.cases.models import (
    Case,
    CaseAgent,
    CaseDocument,
    CaseInteraction,
    CaseLogEntry,
    CaseMerge,
    CaseObject,
    CaseParticipant,
    CaseReminder,
    CaseTask,
    CaseType,
)
from entregent.cases.sla_models import SlaRule
from entregent.clients.duplicate_models import ClientAlias, DuplicatePair, Merge, PersonMerge
from entregent.clients.models import (
    Address,
    BusinessObject,
    BusinessObjectType,
    Client,
    ClientPerson,
    CreditHold,
    Person,
)
from entregent.connectors.models import Connector, ConnectorState, Copy, Exchange
from entregent.documents.actions import keep_file
from entregent.documents.models import DocumentTemplate, Letter, PrintBatch, PrintPart, StoredFile, Upload
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.enrollment.models import Applicant, LoanApplication, Transmission
from entregent.exchange.models import Departure, Import
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.inbound.models import Mailbox, MailboxState, PhoneCall, RawMail
from entregent.interactions.models import (
    EntryAttachment,
    Interaction,
    InteractionAgent,
    InteractionEntry,
    InteractionObject,
    InteractionParticipant,
    Topic,
)
from entregent.interactions.portal_models import PortalAccess
from entregent.interactions.template_models import RecordTemplate
from entregent.jobs.models import Job
from entregent.listing.custom_fields import definitions_changed
from entregent.listing.models import CustomField, View
from entregent.notifications.models import Notification
from entregent.organizations.models import ApiToken, Grant, Organization, Sector, Substitution, Team, User
from entregent.outbox.endpoints import PURPOSE, new_secret
from entregent.outbox.models import Endpoint, EndpointState, Message, Post
from entregent.processes.definitions import normalised
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep, ProcessVersion
from entregent.relationships.models import (
    AccessRequest,
    BusinessAccount,
    ProgramAccount,
    Relationship,
    RelationshipProgram,
)
from entregent.toolbox.sealing import seal
from entregent.transfers.models import FileTransfer, Signature, TransferFile
from entregent.webhooks.models import Webhook
from testing.cast import enter_organization, make_client, make_member

SOUTH, DELETED, FOREIGN = "ZMARQUESUD", "ZMARQUESUPPRIME", "ZMARQUEAILLEURS"
# Of the organization itself, for its administrators: never for another organization.
HOUSE = "ZMARQUEMAISON"


@dataclass
class World:
    """`records[kind][variety]` is what stands in an address for that record."""

    records: dict[str, dict[str, object]] = field(default_factory=dict)
    # Who is let into the portal, by the variety of their client.
    people: dict[str, User] = field(default_factory=dict)

    def put(self, kind, variety, value):
        self.records.setdefault(kind, {})[variety] = value


def build(org, other_org, north, south, people) -> World:
    """`people`: the members of the cast, by name."""
    world = World()
    now = timezone.now()
    for organization, author, mark in [(org, people["manager"], HOUSE), (other_org, people["stranger"], FOREIGN)]:
        enter_organization(organization)
        organization.provider_kind = "customs_broker"
        organization.save(update_fields=["provider_kind"])
        variety = "own" if organization == org else "foreign"
        sector = north if organization == org else Sector.objects.create(
            organization=organization, code=FOREIGN, name=f"Secteur {FOREIGN}"
        )  # fmt: skip
        world.put("sector", variety, sector.pk)
        topic = Topic.objects.create(
            organization=organization, code=mark.lower(), label_fr=f"Rubrique {mark}", label_en=f"Topic {mark}",
            applies_to=["client", "prospect", "person"],
        )  # fmt: skip
        world.put("topic_code", variety, topic.code)
        template = RecordTemplate.objects.create(
            organization=organization, code=f"modele-{variety}", name_fr=f"Modèle {mark}", name_en=f"Template {mark}"
        )
        world.put("template_code", variety, template.code)
        kind = BusinessObjectType.objects.create(
            organization=organization, code=f"type-{mark.lower()}", label_fr=f"Type {mark}", label_en=f"Type {mark}",
            plural_fr=f"Types {mark}", plural_en=f"Types {mark}",
        )  # fmt: skip
        world.put("object_type_code", variety, kind.code)
        world.put("action", variety, record("probe", by=author, reason=mark))
        helper = make_member(organization, f"aide@{organization.slug}.example", f"Aide {mark}", "editor")
        enter_organization(organization)
        world.put("member", variety, helper.pk)
        world.put("grant", variety, Grant.objects.create(
            organization=organization, membership=helper, scope_type="sector", scope_id=sector.pk).pk)  # fmt: skip
        world.put("substitution", variety, Substitution.objects.create(
            organization=organization, absent=helper, substitute=author, starts_on=now.date() + timedelta(days=300),
            ends_on=now.date() + timedelta(days=301)).pk)  # fmt: skip
        team = Team.objects.create(
            organization=organization, code=mark.lower(), label_fr=f"Équipe {mark}", label_en=f"Team {mark}"
        )
        world.put("team_code", variety, team.code)
        world.put("token", variety, ApiToken.objects.create(
            organization=organization, membership=helper, name=f"Jeton {mark}", digest=mark,
            hint=mark[:12]).pk)  # fmt: skip
        world.put("job", variety, Job.objects.create(
            organization_id=organization.pk, kind="probe", label=f"Travail {mark}", initiator_id=author.user_id,
            state="done").pk)  # fmt: skip
        world.put("custom_field", variety, CustomField.objects.create(
            organization=organization, subject="client", code="maison", type="text", label_fr=f"Champ {mark}",
            label_en=f"Field {mark}").pk)  # fmt: skip
        world.put("deleted_field", variety, CustomField.objects.create(
            organization=organization, subject="client", code="ancien", type="text", label_fr=f"Ancien {mark}",
            label_en=f"Old {mark}", deleted_at=now).pk)  # fmt: skip
        definitions_changed(author)
        # A service provider, so that its account managers open what others are refused.
        Organization.objects.filter(pk=organization.pk).update(provider_kind="customs_broker")
        group = ClientGroup.objects.create(
            organization=organization, name=f"Groupe {mark}", name_key=f"groupe {mark.lower()}"
        )
        world.put("group", variety, group.pk)
        world.put("processing_request", variety, ProcessingRequest.objects.create(
            organization=organization, number=9001 if variety == "own" else 9002, operation="create",
            group=group, group_name=group.name, initiated_by_name=f"Initiateur {mark}", state="done",
            ended_at=now).number)  # fmt: skip
        world.put("view", variety, View.objects.create(
            organization=organization, owner=author.user, list_code="clients", name=f"Vue {mark}",
            is_shared=True).pk)  # fmt: skip
        world.put("bulk_job", variety, Job.objects.create(
            organization_id=organization.pk, kind="clients.bulk", label=f"Lot {mark}", initiator_id=author.user_id,
            state="done").pk)  # fmt: skip
        for name, job_kind in (("case_job", "cases.bulk"), ("step_job", "processes.bulk")):
            world.put(name, variety, Job.objects.create(
                organization_id=organization.pk, kind=job_kind, label=f"Lot {mark}", initiator_id=author.user_id,
                state="done").pk)  # fmt: skip
        world.put("mass_job", variety, Job.objects.create(
            organization_id=organization.pk, kind="processes.launch_mass", label=f"Lancement {mark}",
            initiator_id=author.user_id, state="done", result={"begun": 0}).pk)  # fmt: skip
        world.put("import", variety, Import.objects.create(
            organization=organization, kind="clients", filename=f"{mark}.csv", state="done",
            created_by=author.user).pk)  # fmt: skip
        world.put("document_template_code", variety, DocumentTemplate.objects.create(
            organization=organization, code=mark.lower(), name_fr=f"Lettre {mark}", name_en=f"Letter {mark}",
            body_fr=f"Dit : {mark}").code)  # fmt: skip
        batch = PrintBatch.objects.create(organization=organization, created_by=author.user, count=1)
        PrintPart.objects.create(
            organization=organization, batch=batch, number=1, count=1,
            file=keep_file(organization=organization, name="lettres.pdf", content=f"%PDF-1.7 {mark}".encode()),
        )  # fmt: skip
        world.put("print_batch", variety, batch.pk)
        mailbox = Mailbox.objects.create(
            organization=organization, name=f"Boîte {mark}", address=f"{mark.lower()}@boite.example", kind="lmtp",
        )  # fmt: skip
        MailboxState.objects.create(organization=organization, mailbox=mailbox)
        world.put("mailbox", variety, mailbox.pk)
        world.put("call", variety, PhoneCall.objects.create(
            organization=organization, call_id=mark, caller=mark, user=author.user).pk)  # fmt: skip
        world.put("mail", variety, Message.objects.create(
            organization_id=organization.pk, sender="a@b.example", recipients=[f"{mark.lower()}@b.example"],
            subject=f"Courriel {mark}", text=mark, message_id=f"<{mark}@b.example>", state="failed").pk)  # fmt: skip
        world.put("sla_rule", variety, SlaRule.objects.create(
            organization=organization, category=f"Catégorie {mark}", first_answer="4 working hours").pk)  # fmt: skip
        endpoint = Endpoint.objects.create(
            organization_id=organization.pk, purpose="cases", url=f"https://{mark.lower()}.example/", is_on=False
        )
        EndpointState.objects.create(
            organization_id=organization.pk, endpoint=endpoint, secret=seal(new_secret(), purpose=PURPOSE)
        )
        listening = Endpoint.objects.create(
            organization_id=organization.pk, purpose=f"webhook:{mark}", url=f"https://{mark.lower()}.example/",
            is_on=False,
        )  # fmt: skip
        EndpointState.objects.create(
            organization_id=organization.pk, endpoint=listening, secret=seal(new_secret(), purpose=PURPOSE)
        )
        world.put("departure", variety, Departure.objects.create(
            organization=organization, key=f"leave/{mark}", made_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=1)).pk)  # fmt: skip
        world.put("webhook", variety, Webhook.objects.create(
            organization=organization, endpoint=listening, name=mark, events=["client.created"]).pk)  # fmt: skip
        world.put("post", variety, Post.objects.create(
            organization_id=organization.pk, endpoint=endpoint, webhook_id=f"msg_{mark}", event="case.opened",
            label=mark, body=json.dumps({"data": {"title": mark}}), state="failed").pk)  # fmt: skip
        for name, client_sector, marker, deleted in (
            [("own", north, "", False), ("south", south, SOUTH, False), ("deleted", north, DELETED, True)]
            if organization == org
            else [("foreign", sector, FOREIGN, False)]
        ):
            _client_with_everything(world, organization, name, client_sector, marker, deleted, topic, kind, author)
            told = author if organization != org else people["agent"]
            at = Client.objects.get(number=world.records["client"][name])
            world.put("client_key", name, at.pk)
            _relationships(world, organization, name, at, marker, author)
            Message.objects.create(
                organization_id=organization.pk, sender="a@b.example", recipients=["c@b.example"], client_id=at.pk,
                subject=f"Lettre {marker}", text=marker, message_id=f"<{name}@{organization.pk}>")  # fmt: skip
            world.put("notification", name, Notification.objects.create(
                organization=organization, user=told.user, event="client.credit_hold_set", client_id=at.pk,
                url=f"/{organization.slug}/", words={"client": marker}).pk)  # fmt: skip
    # A pair of which one is out of reach for some.
    enter_organization(org)
    pair = Client.objects.filter(number__in=["OWN1", "SOUTH1"]).order_by("pk")
    DuplicatePair.objects.create(organization=org, first=pair[0], second=pair[1], score=80, reasons=["name", "phone"])
    for kind in world.records:
        texts = kind.endswith("_code") or kind in ("client", "object_key", "upload", "loan_application")
        world.put(kind, "random", "rien" if texts else 987_654_321)
    return world


def _client_with_everything(world, organization, variety, sector, marker, deleted, topic, kind, author):
    now = timezone.now()
    gone = {"deleted_at": now} if deleted else {}
    number = {"own": "OWN1", "south": "SOUTH1", "deleted": "GONE1", "foreign": "FOREIGN1"}[variety]
    client = make_client(
        organization, number, f"Maison {marker or 'Visible'}", sector=sector, category=f"C{marker}",
        emails=[f"{marker.lower() or 'visible'}@client.example"],
        phones=[{"label": marker, "number": "+33261910099"}], **gone,
    )  # fmt: skip
    world.put("client", variety, client.number)
    part = make_client(
        organization, f"PART{number}", f"Fondue {marker}", sector=sector, status="removed", deleted_at=now,
        merged_into=client,
    )  # fmt: skip
    ClientAlias.objects.create(organization=organization, number=part.number, client=client)
    merge = Merge.objects.create(
        organization=organization, winner=client, loser=part, loser_before={"status": "client", "deleted_at": None}
    )
    world.put("merge", variety, merge.pk)
    address = Address.objects.create(
        organization=organization, client=client, street=f"1, rue {marker}", city=f"Ville {marker}"
    )
    world.put("address", variety, address.pk)
    full_name = f"Personne {marker or 'visible'}"
    person = Person.objects.create(
        organization=organization, file_as=full_name, last_name=full_name, sort_key=full_name.lower(), title=marker,
        **gone,
    )  # fmt: skip
    link = ClientPerson.objects.create(organization=organization, client=client, person=person)
    world.put("person", variety, person.pk)
    former = Person.objects.create(
        organization=organization, file_as=f"Ancien {marker}", sort_key=f"ancien {marker}".lower(), deleted_at=now,
        merged_into=person,
    )  # fmt: skip
    person_merge = PersonMerge.objects.create(
        organization=organization, winner=person, loser=former, loser_before={"external_key": ""}
    )
    world.put("person_merge", variety, person_merge.pk)
    world.put("link", variety, link.pk)
    CreditHold.objects.create(organization=organization, client=client, reason="other", note=marker)
    thing = BusinessObject.objects.create(
        organization=organization, client=client, type=kind, key=f"C-{marker or 'visible'}", label=marker, **gone
    )
    world.put("object", variety, thing.pk)
    world.put("object_key", variety, thing.key)
    interaction = Interaction.objects.create(
        organization=organization, number=1000 + len(world.records["client"]) + (500 if variety == "foreign" else 0),
        client=client, person=person, topic=topic, channel="phone_call", subject=marker, occurred_at=now,
        contact_name=marker, reference=marker, created_by=author.user, follow_up_on=now.date(),
        follow_up_owner=author.user, **gone,
    )  # fmt: skip
    world.put("interaction", variety, interaction.number)
    entry = InteractionEntry.objects.create(
        organization=organization, interaction=interaction, author=author.user, entry_name=f"N{marker}",
        notes=f"Dit : {marker}",
    )  # fmt: skip
    world.put("entry", variety, 1)
    file = keep_file(organization=organization, name=f"{marker or 'visible'}.txt", content=f"Dit : {marker}".encode())
    world.put("attachment", variety, EntryAttachment.objects.create(
        organization=organization, entry=entry, file=file
    ).pk)  # fmt: skip
    took_part = InteractionParticipant.objects.create(organization=organization, interaction=interaction, client=client)
    world.put("participant", variety, took_part.pk)
    agent = InteractionAgent.objects.create(
        organization=organization, interaction=interaction, user=author.user, role="originator"
    )
    world.put("agent", variety, agent.pk)
    about = InteractionObject.objects.create(organization=organization, interaction=interaction, object=thing)
    world.put("object_link", variety, about.pk)
    transfer = FileTransfer.objects.create(
        organization=organization, number=interaction.number, direction="send", state="ready", sender=author.user,
        person=person, client=client, email=f"{marker.lower() or 'visible'}@client.example",
        subject=f"Envoi {marker}", message=marker, with_signature=True, created_by=author.user,
        expires_at=now + timedelta(days=30), **gone,
    )  # fmt: skip
    world.put("transfer", variety, transfer.number)
    file = keep_file(organization=organization, name=f"{marker or 'visible'}.txt", content=f"Lu : {marker}".encode())
    item = TransferFile.objects.create(organization=organization, transfer=transfer, file=file, state="ready")
    Signature.objects.create(organization=organization, file=item, evidence=file)
    world.put("transfer_file", variety, item.pk)
    upload = Upload.objects.create(
        organization=organization, token=f"{marker}{variety}", owner=f"user:{author.user_id}", purpose="transfers",
        name=marker, size=10,
    )  # fmt: skip
    world.put("upload", variety, upload.token)
    _case_with_everything(world, organization, variety, client, thing, interaction, marker, gone, author)
    _loan(world, organization, variety, client, marker, author)
    world.put("raw_mail", variety, _mail(organization, client, marker, variety).pk)
    _seen_by_the_client(world, organization, variety, client, person, interaction, marker)


def _plan(world, organization, variety, case, marker):
    """A plan of the case: its process is the organization's own, what stands in its step is the client's."""
    # Codes are an organization's own: where they are the same, an address leads to one's own.
    code = "ailleurs" if variety == "foreign" else "visite"
    definition, is_new = ProcessDefinition.objects.get_or_create(
        organization=organization, code=code, defaults={"name_fr": "Visite", "name_en": "Visit"}
    )
    if is_new:
        body = normalised({"process": code, "name": "Visite", "steps": [{"key": "a", "name": "A", "form": {}}]})
        definition.live = ProcessVersion.objects.create(
            organization=organization, definition=definition, number=1, body=body, state="live", sha256="0"
        )
        definition.save()
    world.put("process_code", "own" if variety != "foreign" else "foreign", definition.code)
    run = ProcessRun.objects.create(
        organization=organization, definition=definition, process_version=definition.live, case=case,
        client=case.client,
    )  # fmt: skip
    world.put("run", variety, run.pk)
    step = ProcessStep.objects.create(
        organization=organization, run=run, client=case.client, key="a", position=100, kind="form", state="ready",
        name_fr=f"Étape {marker}", data={"a": marker}, ready_at=timezone.now(),
    )  # fmt: skip
    world.put("step", variety, step.pk)


def _dunning(world, organization, variety, case, invoice, client, marker):
    """An invoice that is dunned by a plan of the organization, and a client whom nobody duns any more."""
    definition = ProcessDefinition.objects.get(organization=organization, code=world.records["process_code"][
        "own" if variety != "foreign" else "foreign"])  # fmt: skip
    plan, _is_new = DunningPlan.objects.get_or_create(
        organization=organization, definition=definition, defaults={"name_fr": "Relance"}
    )
    world.put("dunning_plan", "own" if variety != "foreign" else "foreign", plan.pk)
    DunningRun.objects.create(organization=organization, plan=plan, invoice=invoice, case=case, amount=1)
    DunningHold.objects.create(organization=organization, client=client, reason="other", note=marker)


def _relationships(world, organization, variety, client, marker, author):
    """A business that lets the organization act for it, and one that has not answered."""
    number = {"own": "100000001", "south": "100000002", "deleted": "100000003", "foreign": "100000004"}[variety]
    account = BusinessAccount.objects.create(number=number, name=f"Compte {marker or 'visible'}")
    program = ProgramAccount.objects.create(account=account, number=f"{number}RM0001", label=f"Programme {marker}")
    own: dict = {"organization": organization, "asked_by": author.user, "asked_by_name": f"Agent {marker}"}
    request = AccessRequest.objects.create(
        **own, account_number=number, client_id=client.pk, comments=f"Demande : {marker}", state="approved",
        expires_on=timezone.now().date(),
    )  # fmt: skip
    relationship = Relationship.objects.create(
        organization=organization, account=account, request=request, level="program",
        starts_on=timezone.now().date(), ends_on=timezone.now().date() + timedelta(days=5),
        approved_by_name=f"Gérant {marker}",
    )  # fmt: skip
    RelationshipProgram.objects.create(organization=organization, relationship=relationship, program=program)
    world.put("relationship", variety, relationship.pk)
    waiting = AccessRequest.objects.create(
        **own, account_number=number, client_id=client.pk, comments=f"Encore : {marker}",
        expires_on=timezone.now().date() + timedelta(days=9),
    )  # fmt: skip
    world.put("access_request", variety, waiting.pk)
    Client.objects.filter(pk=client.pk).update(business_account=account)


def _loan(world, organization, variety, client, marker, author):
    """A loan application that brought the client, and what was sent of it. It outlives a client that is deleted."""
    marker = "" if variety == "deleted" else marker
    loan = LoanApplication.objects.create(
        organization=organization, number=f"P{client.number}", street=f"1, rue {marker}", branch=f"Agence {marker}",
        agent=author.user,
    )  # fmt: skip
    world.put("loan_application", variety, loan.number)
    person = Applicant.objects.create(
        organization=organization, application=loan, is_primary=True, last_name=f"Demandeur {marker}",
        sort_key=f"demandeur {marker}".lower(), client=client,
    )  # fmt: skip
    sent = Transmission.objects.create(
        organization=organization, number=client.pk, application=loan, applicant=person, operation="add",
        address_source="applicant", corresponding_agent=author.user, entered_by=author.user, client=client, digest="-",
        payload={"last_name": f"Demandeur {marker}", "first_name": "", "email": "", "phone": "", "birth_date": "",
                 "address": {}},
    )  # fmt: skip
    world.put("transmission", variety, sent.number)
    _connector(world, organization, variety, client, marker)


def _connector(world, organization, variety, client, marker):
    """Another system that has the client, and what was exchanged about them."""
    kind = "own" if variety != "foreign" else "foreign"
    connector, _made = Connector.objects.get_or_create(
        organization=organization, name=f"Système {kind}", kind="webhook", address="https://aval.example/",
        audience="clients",
    )  # fmt: skip
    ConnectorState.objects.get_or_create(organization=organization, connector=connector)
    Copy.objects.create(
        organization=organization, connector=connector, client_id=client.pk, external_id=f"K-{marker}", state="held"
    )
    exchange = Exchange.objects.create(
        organization=organization, connector=connector, client_id=client.pk, number=client.number, operation="push",
        state="accepted", record={"name": marker},
    )  # fmt: skip
    world.put("connector", kind, connector.pk)
    world.put("exchange", variety, exchange.pk)


def _case_with_everything(world, organization, variety, client, thing, interaction, marker, gone, author):
    kind, _is_new = CaseType.objects.get_or_create(
        organization=organization, path="divers",
        defaults={"code": "divers", "label_fr": "Divers", "label_en": "Miscellaneous", "on_portal": True},
    )  # fmt: skip
    own = {"organization": organization}
    case = Case.objects.create(
        **own, number=interaction.number, client=client, case_type=kind, title=f"Dossier {marker or 'visible'}",
        responsible=author.user, created_by=author.user, contract=thing, **gone,
    )  # fmt: skip
    part = Case.objects.create(
        **own, number=interaction.number + 5000, client=client, case_type=kind, title=f"Partie {marker or 'visible'}",
        state="cancelled", closed_at=timezone.now(), merged_into=case, **gone,
    )  # fmt: skip
    merge = CaseMerge.objects.create(
        **own, winner=case, loser=part,
        moved={"before": {"state": "new", "sub_status": "", "closed_at": None, "closing_reason": ""}},
    )  # fmt: skip
    _plan(world, organization, variety, case, marker)
    _dunning(world, organization, variety, case, thing, client, marker)
    own["case"] = case
    CaseAgent.objects.create(**own, user=author.user, role="originator")
    CaseInteraction.objects.create(**own, interaction=interaction, added={})
    CaseLogEntry.objects.create(**own, text=f"Noté : {marker}", author=author.user)
    file = keep_file(organization=organization, name=f"{marker or 'visible'}.txt", content=f"Vu : {marker}".encode())
    letter = keep_file(organization=organization, name="lettre.pdf", content=f"%PDF-1.7 {marker}".encode())
    world.put("letter", variety, Letter.objects.create(
        organization=organization, file=letter, client=client, title=f"Lettre {marker}", created_by=author.user,
    ).pk)  # fmt: skip
    helper = User.objects.create(email=f"dossier-{variety}@aide.example", name=f"Aide {marker or 'visible'}")
    for name, made in {
        "case": case,
        "case_type": kind,
        "case_merge": merge,
        "case_participant": CaseParticipant.objects.create(**own, client=client),
        "case_agent": CaseAgent.objects.create(**own, user=helper, role="participant"),
        "case_object": CaseObject.objects.create(**own, object=thing),
        "case_task": CaseTask.objects.create(**own, text=f"Tâche {marker}"),
        "case_reminder": CaseReminder.objects.create(**own, on=timezone.now().date(), user=author.user, text=marker),
        "case_document": CaseDocument.objects.create(**own, file=file, title=f"Pièce {marker}"),
        "contact_reminder": CaseReminder.objects.create(
            organization=organization, interaction=interaction, on=timezone.now().date(), user=author.user, text=marker
        ),
    }.items():
        world.put(name, variety, made.number if name == "case" else made.pk)


def _mail(organization, client, marker, variety):
    """A mail that waits, guessed to be this client's."""
    told = marker or "visible"
    content = f"From: {told.lower()}@x.example\r\nSubject: {told}\r\nMessage-ID: <{variety}@x>\r\n\r\nDit : {told}"
    return RawMail.objects.create(
        organization=organization, file=keep_file(organization=organization, name="a.eml", content=content.encode()),
        digest=f"{variety:0>64}", sender=f"{told.lower()}@x.example", subject=told, preview=told, state="to_attach",
        guesses=[client.pk],
    )  # fmt: skip


def _seen_by_the_client(world, organization, variety, client, person, interaction, marker):
    """Somebody at the client with access to the portal, and an entry with a file that was published to them."""
    user = User.objects.create(email=f"portail-{variety}@client.example", name=f"Portail {marker or 'visible'}")
    access = PortalAccess.objects.create(
        organization=organization, person=person, client=client, user=user, state="active", email=user.email,
        activated_at=timezone.now(), consent_at=timezone.now(),
    )  # fmt: skip
    world.put("portal_access", variety, access.pk)
    world.people[variety] = user
    entry = InteractionEntry.objects.create(
        organization=organization, interaction=interaction, seq=2, entry_name=f"N{marker}",
        notes=f"Publié : {marker or 'visible'}", published_at=timezone.now(),
    )  # fmt: skip
    world.put("published", variety, interaction.number)
    file = StoredFile.objects.create(
        organization=organization, key=f"documents/{variety}", name=f"plan-{marker or 'visible'}.txt",
        media_type="text/plain", size=1, sha256="0" * 64,
    )  # fmt: skip
    world.put("published_file", variety, EntryAttachment.objects.create(
        organization=organization, entry=entry, file=file).pk)  # fmt: skip
