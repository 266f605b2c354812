"""Makes messages of events: each webhook that listens gets one, in the order of the events."""

from django.db import connection

from entregent.access.wall import in_organization
from entregent.outbox.endpoints import Writing, write_posts
from entregent.webhooks.models import Event, Webhook
from entregent.webhooks.records import BY_CODE, Told

BATCH = 500


def turn_events(organization_id: int, *, most: int = BATCH) -> int:
    """Turns the oldest events into messages, in one transaction; says how many. One at a time for an organization, or
    events of one record could change places."""
    with in_organization(organization_id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('webhooks', %s))", [organization_id])
        events = list(Event.objects.filter(organization_id=organization_id).order_by("pk")[:most])
        if not events:
            return 0
        told = _told(events)
        listening = Webhook.objects.filter(organization_id=organization_id)
        for webhook in listening.select_related("endpoint").order_by("pk"):
            heard = [event for event in events if _is_heard(event, webhook)]
            write_posts(webhook.endpoint, "", [_writing(event, told) for event in heard])
        Event.objects.filter(pk__in=[event.pk for event in events]).delete()
    return len(events)


def _is_heard(event: Event, webhook: Webhook) -> bool:
    """What happened while a webhook was on is told, though it was switched off since: it leaves once it is on again."""
    if event.name not in webhook.events:
        return False
    return webhook.endpoint.is_on or (webhook.stopped_at is not None and event.at <= webhook.stopped_at)


def _told(events: list[Event]) -> dict[tuple[str, int], Told]:
    wanted: dict[str, set[int]] = {}
    for event in events:
        wanted.setdefault(event.kind, set()).add(event.record_id)
    return {
        (code, pk): told
        for code, ids in wanted.items()
        if code in BY_CODE
        for pk, told in BY_CODE[code].tell(sorted(ids)).items()
    }


def _writing(event: Event, told: dict[tuple[str, int], Told]) -> Writing:
    """`sequence` grows with every event of the organization: a receiver knows by it which of two is newer."""
    kind = BY_CODE[event.kind]
    subject = (kind.model._meta.label_lower, event.record_id)
    one = told.get((event.kind, event.record_id))
    if one is None:  # It was erased meanwhile.
        gone = {"id": event.record_id, "number": event.label or None, "sequence": event.pk}
        return Writing(gone, subject, event.label, event=event.name, at=event.at)
    return Writing(
        one.data | {"sequence": event.pk}, subject, one.label, one.client_id, one.is_confidential, event.name, event.at
    )
