"""What loan applications mean for the clients that they brought."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.clients.movers import Mover
from entregent.clients.state_changes import Change
from entregent.enrollment.actions.applications import sum_up
from entregent.enrollment.actions.loading import locked_applications, one_at_a_time
from entregent.enrollment.models import Applicant, EnrollmentState, LoanApplication, Transmission
from entregent.organizations.models import Membership, Module, Organization


def open_transmissions(client: Client) -> list[str]:
    """A client is not deleted while something about them waits at head office."""
    waits = Transmission.objects.open().filter(client=client).exists()
    return [_("une transmission en attente au siège social")] if waits else []


def corresponding_agent(client: Client) -> int | None:
    """Who is proposed as responsible for a dossier of an enrolled client: their agent (X1)."""
    if not client.organization.has_module(Module.MORTGAGE) or client.responsible_id is None:
        return None
    return client.responsible_id if Applicant.objects.filter(client=client).exists() else None


def states_changed(organization: Organization, changes: Sequence[Change]) -> None:
    """Clients who were removed, or taken back, by another door than head office: their applicants stand so too."""
    removed = Client.Status.REMOVED
    concerned = {one.client_id for one in changes if one.object_id is None and removed in (one.before, one.after)}
    people = Applicant.objects.filter(organization_id=organization.pk, client__in=concerned)
    if not concerned or not people.exists():
        return
    one_at_a_time(organization.pk)
    are_gone = people.filter(client__status=removed, enrollment_state=EnrollmentState.ENROLLED)
    are_back = people.exclude(client__status=removed).filter(enrollment_state=EnrollmentState.REMOVED)
    keys = {key for some in (are_gone, are_back) for key in some.values_list("application_id", flat=True)}
    for application in locked_applications(keys):
        are_gone.filter(application=application).update(enrollment_state=EnrollmentState.REMOVED)
        are_back.filter(application=application).update(enrollment_state=EnrollmentState.ENROLLED)
        sum_up(application)


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
