"""What dunning means for the client whom it is about."""

from django.utils.translation import ngettext

from entregent.clients.movers import Mover

HOLDS = Mover(
    table="dunning_dunninghold",
    words=lambda n: ngettext("%(n)d suspension des relances", "%(n)d suspensions des relances", n) % {"n": n},
    name="to_char(r.set_at, 'YYYY-MM-DD') || ' ' || r.note",
    clashes="r.lifted_at IS NULL AND EXISTS (SELECT 1 FROM dunning_dunninghold w WHERE w.client_id = %(to)s"
    " AND w.lifted_at IS NULL)",
)
