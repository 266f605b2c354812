from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.organizations.models import Organization
from entregent.outbox.models import WEBHOOK, Post
from entregent.toolbox.queue import ask
from entregent.webhooks import actions, turning
from entregent.webhooks.models import Event, Webhook

# At once, so that one organization's import holds up no other.
BATCHES = 20
KEPT_FOR = timedelta(days=90)


@app.task(name="entregent.webhooks.turn", queue="default")
def turn(organization_id: int) -> None:
    """Makes messages of events: asked for by the triggers, once in a transaction."""
    for _again in range(BATCHES):
        if turning.turn_events(organization_id) < turning.BATCH:
            return
    with in_organization(organization_id):
        ask("entregent.webhooks.turn", organization_id=organization_id)


@app.periodic(cron="* * * * *")
@app.task(name="entregent.webhooks.turn_left", queue="default", queueing_lock="webhooks-left")
def turn_left(timestamp: int) -> None:
    """Each minute: what a killed worker left."""
    for organization_id in _organizations():
        with in_organization(organization_id):
            if Event.objects.filter(organization_id=organization_id).exists():
                ask("entregent.webhooks.turn", organization_id=organization_id)


@app.periodic(cron="17 * * * *")
@app.task(name="entregent.webhooks.watch", queue="default", queueing_lock="webhooks-watch")
def watch(timestamp: int) -> None:
    """Each hour: webhooks that have answered nothing for days are switched off, messages that left long ago removed."""
    for organization_id in _organizations():
        with in_organization(organization_id):
            if not Webhook.objects.filter(organization_id=organization_id).exists():
                continue
            actions.stop_failing(organization_id)
            Post.objects.filter(
                organization_id=organization_id, endpoint__purpose__startswith=WEBHOOK, state=Post.State.SENT,
                created_at__lt=timezone.now() - KEPT_FOR,
            ).delete()  # fmt: skip


def _organizations() -> list[int]:
    return list(Organization.objects.order_by("pk").values_list("pk", flat=True))
