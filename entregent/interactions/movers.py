"""What of this area moves with a client, or a person, that is merged into another (see clients/movers.py)."""

from dataclasses import replace

from django.db.models import Q, QuerySet
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.movers import Mover
from entregent.interactions.models import Interaction, InteractionEntry, InteractionParticipant
from entregent.organizations.models import Membership


def _interactions_seen(member: Membership) -> QuerySet | None:
    """Those that were deleted since as well, which whoever saw them may know of."""
    if member.reach.is_whole(Right.INTERACTION_VIEW):
        return None
    records = Interaction.objects
    seen = [found.values("pk") for found in (records.visible_to(member), records.deleted_in_reach(member))]
    return records.filter(Q(pk__in=seen[0]) | Q(pk__in=seen[1]))


def _participants_seen(member: Membership) -> QuerySet | None:
    interactions = _interactions_seen(member)
    if interactions is None:
        return None
    return InteractionParticipant.objects.filter(interaction__in=interactions.values("pk"))


def _entries_seen(member: Membership) -> QuerySet | None:
    interactions = _interactions_seen(member)
    if interactions is None:
        return None
    return InteractionEntry.objects.filter(interaction__in=interactions.values("pk"))


INTERACTIONS = Mover(
    table="interactions_interaction",
    words=lambda n: ngettext("%(n)d interaction", "%(n)d interactions", n) % {"n": n},
    name="concat_ws(' ', 'n° ' || r.number, to_char(r.occurred_at, 'YYYY-MM-DD'), r.subject)",
    # The entries of the conversation and what it is tied to belong to it.
    digest="(SELECT md5(string_agg(part, ',' ORDER BY part)) FROM ("
    "SELECT concat_ws('|', 'e', e.id, e.entry_name, e.internal, e.incoming, e.notes, e.published_at)"
    " FROM interactions_interactionentry e WHERE e.interaction_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'a', a.id, a.user_id, a.role)"
    " FROM interactions_interactionagent a WHERE a.interaction_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'o', o.id, o.object_id)"
    " FROM interactions_interactionobject o WHERE o.interaction_id = r.id) parts (part))",
    soft="r.deleted_at IS NOT NULL",
    seen=_interactions_seen,
)
PARTICIPANTS = Mover(
    table="interactions_interactionparticipant",
    words=lambda n: ngettext("%(n)d participation", "%(n)d participations", n) % {"n": n},
    name="(SELECT concat_ws(' ', 'n° ' || i.number, i.subject) FROM interactions_interaction i"
    " WHERE i.id = r.interaction_id)",
    clashes="EXISTS (SELECT 1 FROM interactions_interactionparticipant w WHERE w.client_id = %(to)s"
    " AND w.interaction_id = r.interaction_id)",
    seen=_participants_seen,
)
PORTAL_ACCESSES = Mover(
    table="interactions_portalaccess",
    words=lambda n: ngettext("%(n)d accès au portail", "%(n)d accès au portail", n) % {"n": n},
    name="r.email",
    where="r.state <> 'closed'",
    clashes="EXISTS (SELECT 1 FROM interactions_portalaccess w WHERE w.client_id = %(to)s"
    " AND w.person_id = r.person_id AND w.state <> 'closed')",
    ignored=("subscriptions", "language"),
)

# Of people.
_SALES_CONTACT = "sales_contact_id"
OF_PEOPLE = {
    "interactions": replace(INTERACTIONS, column="person_id", ignored=(_SALES_CONTACT,)),
    "sales_contacts": Mover(
        table="interactions_interaction",
        column=_SALES_CONTACT,
        key="interactions_interaction.sales_contact",
        words=lambda n: ngettext("%(n)d mention comme contact commercial", "%(n)d mentions comme contact commercial", n)
        % {"n": n},
        name=INTERACTIONS.name,
        ignored=("person_id",),
        soft=INTERACTIONS.soft,
        seen=_interactions_seen,
    ),
    "participants": replace(
        PARTICIPANTS,
        column="person_id",
        clashes=PARTICIPANTS.clashes.replace("w.client_id = %(to)s", "w.person_id = %(to)s"),
    ),
    "messages": Mover(
        table="interactions_interactionentry",
        column="author_person_id",
        words=lambda n: ngettext("%(n)d message écrit", "%(n)d messages écrits", n) % {"n": n},
        name="(SELECT concat_ws(' ', 'n° ' || i.number, i.subject) FROM interactions_interaction i"
        " WHERE i.id = r.interaction_id)",
        seen=_entries_seen,
    ),
    # An access that clashes is closed with the person (`close_of_person`).
    "portal_accesses": replace(
        PORTAL_ACCESSES,
        column="person_id",
        clashes="EXISTS (SELECT 1 FROM interactions_portalaccess w WHERE w.person_id = %(to)s"
        " AND w.client_id IS NOT DISTINCT FROM r.client_id AND w.state <> 'closed')",
    ),
}
