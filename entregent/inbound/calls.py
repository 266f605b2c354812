"""Telephone calls that a telephone system tells of (screen pop), and what a member sees of them."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.inbound import senders
from entregent.inbound.models import PhoneCall, PhoneLine
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import Refusal, required
from entregent.toolbox.phones import PhoneInvalid, to_e164
from entregent.toolbox.text import as_id, one_line

# A call that nobody took is shown no longer than that.
SHOWN_FOR = timedelta(minutes=2)
_ORDER = {PhoneCall.State.RINGING: 0, PhoneCall.State.ANSWERED: 1, PhoneCall.State.ENDED: 2}


@transaction.atomic
def note_call(
    *,
    by: Membership,
    call_id: str,
    event: str,
    caller: str = "",
    called: str = "",
    agent: str = "",
    recording_url: str = "",
) -> PhoneCall:
    """An event of a call: `ringing`, `answered` or `ended`. The same event again, or an earlier one later, changes
    nothing. `agent` is a member's e-mail address; else `called` is looked up among the extensions of members."""
    call_id, called = one_line(call_id)[:120], one_line(called)[:60]
    if not call_id:
        raise required("call_id", "call_id")
    if event not in PhoneCall.State.values:
        raise Refusal("E-CHOICE", _("Cette valeur n’est pas admise."), field="event")
    if recording_url and not recording_url.startswith(("https://", "http://")):
        raise Refusal("E-CHOICE", _("Cette valeur n’est pas admise."), field="recording_url")
    number = _number(caller, by.organization.country)
    user_id = _user_of(by, agent, called)
    client, person = _behind(number)
    rows_of(
        """
        INSERT INTO inbound_phonecall
            (organization_id, call_id, state, caller, called, user_id, client_id, person_id, recording_url)
        VALUES (%s, %s, 'ringing', %s, %s, %s, %s, %s, '')
        ON CONFLICT (organization_id, call_id) DO NOTHING RETURNING id
        """,
        [
            by.organization_id, call_id, number, called, user_id,
            client.pk if client is not None else None, person.pk if person is not None else None,
        ],
    )  # fmt: skip
    call = PhoneCall.objects.select_for_update().get(organization_id=by.organization_id, call_id=call_id)
    now = timezone.now()
    if _ORDER[PhoneCall.State(event)] > _ORDER[PhoneCall.State(call.state)]:
        call.state = event
    if event == PhoneCall.State.ANSWERED:
        call.answered_at = call.answered_at or now
    elif event == PhoneCall.State.ENDED:
        call.ended_at = call.ended_at or now
    # Who took it is known once it is answered; until then it rang at whoever was told first.
    if user_id is not None and (call.user_id is None or event == PhoneCall.State.ANSWERED):
        call.user_id = user_id
    call.caller = call.caller or number
    call.called = call.called or called
    call.recording_url = recording_url[:500] or call.recording_url
    call.save()
    return call


def _number(caller: str, country: str) -> str:
    caller = one_line(caller)[:40]
    try:
        return to_e164(caller, region=country) if caller else ""
    except PhoneInvalid:
        return caller


def _user_of(by: Membership, agent: str, called: str) -> int | None:
    if agent:
        members = senders.members_at(by.organization_id, one_line(agent))
        if len(members) != 1:
            raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field="agent")
        return members[0].user_id
    line = PhoneLine.objects.filter(organization_id=by.organization_id, extension=called).first() if called else None
    return line.user_id if line is not None else None


def _behind(number: str) -> tuple[Client | None, Person | None]:
    if not number.startswith("+"):
        return None, None
    return senders.at_phone(number).only() or (None, None)


@transaction.atomic
def set_phone_line(*, by: Membership, user: User, extension: str) -> PhoneLine | None:
    """On which extension a member is called; "" takes it away, and with it the showing of calls."""
    extension = one_line(extension)[:40]
    record("set_phone_line", by=by, extension=extension)
    lines = PhoneLine.objects.filter(organization_id=by.organization_id)
    if not extension:
        lines.filter(user=user).delete()
        return None
    if lines.filter(extension=extension).exclude(user=user).exists():
        raise Refusal("E-INBOUND-LINE", _("Un autre membre a ce poste."), field="extension", status=409)
    line, _is_new = lines.update_or_create(
        organization_id=by.organization_id, user=user, defaults={"extension": extension}
    )
    return line


def open_call(member: Membership) -> PhoneCall | None:
    """The call to show to a member now: the latest one of theirs that they have not closed."""
    return (
        PhoneCall.objects.select_related("client", "person")
        .filter(
            organization_id=member.organization_id,
            user_id=member.user_id,
            closed_at__isnull=True,
            began_at__gt=timezone.now() - SHOWN_FOR,
        )
        .order_by("-began_at", "-pk")
        .first()
    )


# How the composer's address names the call that a contact is begun from.
_MARK = "appel-"


def mark_of(call: PhoneCall) -> str:
    return f"{_MARK}{call.pk}"


def tie_call(mark: str, interaction: Interaction, *, by: Membership) -> None:
    """The contact that was begun from a call of the member's own stands behind it, and the call is shown no longer."""
    key = as_id(mark.removeprefix(_MARK)) if mark.startswith(_MARK) else None
    if key is None:
        return
    PhoneCall.objects.filter(pk=key, user_id=by.user_id, organization_id=by.organization_id).update(
        interaction=interaction, closed_at=Coalesce("closed_at", Now())
    )


def calls_behind(interaction: Interaction) -> list[PhoneCall]:
    """The calls of an interaction that the member was found to see."""
    return list(PhoneCall.objects.filter(interaction=interaction).select_related("user")[:20])


def interactions_of(member: Membership, found: list[PhoneCall]) -> dict[int, Interaction]:
    """The contacts that were made of these calls, by call, as far as the member sees them."""
    wanted = {call.interaction_id: call.pk for call in found if call.interaction_id is not None}
    seen = Interaction.objects.visible_to(member).filter(pk__in=wanted)
    return {wanted[interaction.pk]: interaction for interaction in seen}


@transaction.atomic
def close_call(call: PhoneCall, *, by: Membership) -> None:
    """The member has seen it. Without journal: nothing that others see changes."""
    PhoneCall.objects.filter(pk=call.pk, user_id=by.user_id, organization_id=by.organization_id).update(
        closed_at=timezone.now()
    )


def who_calls(member: Membership, call: PhoneCall) -> tuple[Client | None, str]:
    """(the client, if the member reaches it; what to call the caller)."""
    client = None
    if call.client_id is not None:
        client = Client.objects.visible_to(member, Right.CLIENT_VIEW).filter(pk=call.client_id).first()
    person = None
    if call.person_id is not None:
        person = Person.objects.visible_to(member, Right.CLIENT_VIEW).filter(pk=call.person_id).first()
    names = [one for one in (person.full_name if person else "", client.display_name if client else "") if one]
    return client, " · ".join(names)
