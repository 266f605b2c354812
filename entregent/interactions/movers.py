"""What of this area moves with a client that is merged into another (see clients/movers.py)."""

from django.utils.translation import ngettext

from entregent.clients.movers import Mover

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
)
PARTICIPANTS = Mover(
    table="interactions_interactionparticipant",
    words=lambda n: ngettext("%(n)d participation", "%(n)d participations", n) % {"n": n},
    name="(SELECT concat_ws(' ', 'n° ' || i.number, i.subject) FROM interactions_interaction i"
    " WHERE i.id = r.interaction_id)",
    clashes="EXISTS (SELECT 1 FROM interactions_interactionparticipant w WHERE w.client_id = %(to)s"
    " AND w.interaction_id = r.interaction_id)",
)
