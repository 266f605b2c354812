"""What loan applications mean for the clients that they brought."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.clients.movers import Mover
from entregent.enrollment.models import Applicant, LoanApplication, Transmission
from entregent.organizations.models import Membership, Module


def open_transmissions(client: Client) -> list[str]:
    """A client is not deleted while something about them waits at head office."""
    waits = Transmission.objects.open().filter(client=client).exists()
    return [_("une transmission en attente au siège social")] if waits else []


def corresponding_agent(client: Client) -> int | None:
    """Who is proposed as responsible for a dossier of an enrolled client: their agent (X1)."""
    if not client.organization.has_module(Module.MORTGAGE) or client.responsible_id is None:
        return None
    return client.responsible_id if Applicant.objects.filter(client=client).exists() else None


def _seen(member: Membership):
    if member.reach.is_whole(Right.LOAN_VIEW):
        return None
    return Applicant.objects.filter(application__in=LoanApplication.objects.visible_to(member).values("id"))


def _seen_transmissions(member: Membership):
    if member.reach.is_whole(Right.LOAN_VIEW):
        return None
    return Transmission.objects.visible_to(member)


APPLICANTS = Mover(
    table="enrollment_applicant",
    words=lambda n: ngettext("%(n)d demande de prêt", "%(n)d demandes de prêt", n) % {"n": n},
    name="concat_ws(' ', r.first_name, r.last_name)",
    seen=_seen,
)
TRANSMISSIONS = Mover(
    table="enrollment_transmission",
    words=lambda n: ngettext("%(n)d transmission", "%(n)d transmissions", n) % {"n": n},
    name="'n° ' || r.number",
    seen=_seen_transmissions,
)
