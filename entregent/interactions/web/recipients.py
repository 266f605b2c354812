"""Who will see an entry and who will be mailed, said before it is saved and after."""

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client, Person
from entregent.interactions.audience import Audience, audience_of, mailed_text, warning_text
from entregent.interactions.models import Interaction
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render


@requires(Right.INTERACTION_LOG)
def recipients(request):
    """The sentence under a form, asked again when « Interne », « Entrant » or « Avertir » changes."""
    member, asked = request.member, request.GET
    client_id, person_id = _whom(member, asked)
    visibility = asked.get("visibility", "")
    chosen = [key for key in map(as_id, asked.getlist("mail_to")) if key is not None][:50]
    audience = audience_of(
        member,
        client_id=client_id,
        person_id=person_id,
        internal=visibility == "internal" or bool(asked.get("internal")),
        incoming=visibility == "incoming" or bool(asked.get("incoming")),
        notify=bool(asked.get("notify")) or not asked.get("notify_asked"),
        mail_to=list(Person.objects.visible_to(member).filter(pk__in=chosen)) if chosen else (),
    )
    context = {"audience": audience}
    return render(request, "interactions/recipients.html", context, fragment="sentences")


def _whom(member, asked) -> tuple[int | None, int | None]:
    """The client and the person of an interaction that is there, or of one that is being written."""
    number, person = as_id(asked.get("n", "")), as_id(asked.get("personne", ""))
    client = asked.get("client", "").strip()
    if number is not None:
        found = Interaction.objects.get_visible(member, Right.INTERACTION_LOG, number=number)
        return found.client_id, found.person_id
    client_id = person_id = None
    if client:
        client_id = Client.objects.get_visible(member, Right.INTERACTION_LOG, number=client).pk
    if person is not None:
        person_id = Person.objects.get_visible(member, Right.INTERACTION_LOG, pk=person).pk
    if client_id is None and person_id is None:
        raise NotFound
    return client_id, person_id


def told_of(audience: Audience | None) -> list[str]:
    """What is said after saving: whom a mail leaves for, or why none does."""
    if audience is None:
        return []
    if audience.warning == "W-003-NOSUB" and not audience.readers:
        return []  # Nobody of this client has access yet: that is no surprise.
    if audience.warning:
        return [warning_text(audience.warning)]
    return [mailed_text(audience.mailed)] if audience.mailed else []
