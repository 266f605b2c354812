"""What of this area moves with a client that is merged into another (see clients/movers.py)."""

from django.db.models import QuerySet
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.movers import Mover
from entregent.documents.models import Letter
from entregent.organizations.models import Membership


def _letters_seen(member: Membership) -> QuerySet | None:
    if member.reach.is_whole(Right.CASE_VIEW) and member.reach.is_whole(Right.CASE_CONFIDENTIAL):
        return None
    return Letter.objects.visible_to(member)


LETTERS = Mover(
    table="documents_letter",
    words=lambda n: ngettext("%(n)d courrier", "%(n)d courriers", n) % {"n": n},
    name="r.title",
    # Printing changes nothing of what it says.
    ignored=("batch_id", "part"),
    seen=_letters_seen,
)
