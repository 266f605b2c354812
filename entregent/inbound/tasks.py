from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.inbound import filing
from entregent.inbound.actions import ask_for_reading
from entregent.inbound.models import RawMail
from entregent.organizations.models import Organization

# At once, so that one organization's flood holds up neither the queue nor the others.
_AT_ONCE = 200


@app.task(name="entregent.inbound.file_received", queue="default", retry=20)
def file_received(organization_id: int) -> None:
    """Reads the mails that were kept: asked for with each of them."""
    if filing.file_received(organization_id, most=_AT_ONCE) == _AT_ONCE:
        with in_organization(organization_id):
            ask_for_reading(organization_id)


@app.periodic(cron="* * * * *")
@app.task(name="entregent.inbound.file_left", queue="default", queueing_lock="inbound-left")
def file_left(timestamp: int) -> None:
    """Each minute: what a killed worker left unread."""
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        with in_organization(organization_id):
            if RawMail.objects.filter(organization_id=organization_id, state=RawMail.State.RECEIVED).exists():
                ask_for_reading(organization_id)
