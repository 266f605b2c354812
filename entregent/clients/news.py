"""What is announced of clients."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.actions import notify, subscribers
from entregent.notifications.extension_points import Event

CREDIT_HOLD_SET = "client.credit_hold_set"


def client_events() -> list[Event]:
    return [
        Event(
            code=CREDIT_HOLD_SET,
            label=gettext_lazy("Un client est mis en blocage de crédit"),
            sentence=lambda words: _("%(client)s est en blocage de crédit.") % {"client": words["client"]},
            right=Right.CLIENT_VIEW,
            icon="alert-triangle",
        )
    ]


def tell_credit_hold(client, *, by) -> None:
    """To the agent in charge and whoever follows all clients. The reason stays on the file, for those who open it."""
    organization = by.organization
    notify(
        organization=organization,
        event=CREDIT_HOLD_SET,
        users=subscribers(organization, CREDIT_HOLD_SET, client.pk),
        client_id=client.pk,
        subject_record=client,
        url=reverse("workspace:client", kwargs={"organization": organization.slug, "number": client.number}),
        words={"client": client.display_name},
        by=by,
    )
