"""Dunning in the demo story: the water service duns what is due, and leaves alone who contests or cannot pay."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.clients.actions import sync_business_object
from entregent.clients.models import Client
from entregent.dunning.actions import create_plan, dun_chunk, set_hold
from entregent.dunning.models import DunningPlan, DunningRun
from entregent.organizations.models import Membership, Organization
from entregent.processes.actions import run_due
from entregent.processes.models import ProcessDefinition, ProcessJob
from entregent.toolbox.dates import today_in

# Number of the client, of the invoice, amount, days since it was due.
INVOICES = [
    ("100640", "F-2410-08011", "212.40", 15),
    ("100561", "F-2410-08044", "96.20", 12),
    ("100702", "F-2410-08102", "9.80", 10),
    ("100640", "F-2410-08120", "87.30", 6),
    ("100640", "F-2410-08155", "64.15", 2),
]
TWICE = "F-2410-08011"


def tell_dunning() -> None:
    """Called once processes and templates stand."""
    organization = Organization.objects.get(slug="eaux-du-val")
    with in_organization(organization.pk):
        nadia = Membership.objects.get(organization=organization, user__email="nadia@eaux-du-val.example")
        clients = {one.number: one for one in Client.objects.filter(organization=organization)}
        today = today_in(organization.time_zone)
        for number, key, amount, days in INVOICES:
            due = today - timedelta(days=days)
            sync_business_object(
                by=nadia, client=clients[number], type_code="invoice", key=key, state="overdue", due_on=due,
                dated_on=due - timedelta(days=14), amount=Decimal(amount), currency="EUR", source_system="facturation",
            )  # fmt: skip
        set_hold(clients["100482"], by=nadia, reason="dispute", note="Jusqu'au résultat de la contestation")
        set_hold(clients["100602"], by=nadia, reason="dispute", note="Facture F-2409-05240 en réclamation")
        set_hold(
            clients["100561"], by=nadia, reason="hardship", until=today + timedelta(days=60),
            note="Dossier déposé au FSL",
        )  # fmt: skip
        process = ProcessDefinition.objects.select_related("live").get(organization=organization, code="relance_eau")
        plan = create_plan(
            by=nadia, name_fr="Relance eau", name_en="Water dunning", service="water", definition=process, minimum="15",
            is_daily=True,
        )  # fmt: skip
        # The newest one is left for whoever looks at the preview: today's run is through.
        dun_chunk(plan, by=None, size=2)
        DunningPlan.objects.filter(pk=plan.pk).update(ran_on=today)
        _go_on(organization)
        # One of them did not pay after the first letter either.
        run = DunningRun.objects.get(plan=plan, invoice__key=TWICE)
        ProcessJob.objects.filter(run_id=run.run_id, state="waiting").update(run_at=timezone.now())
        _go_on(organization)


def _go_on(organization: Organization) -> None:
    """The letters that are due, as the worker writes them."""
    for run_id in list(DunningRun.objects.filter(plan__organization=organization).values_list("run_id", flat=True)):
        run_due(organization.pk, run_id=run_id)
