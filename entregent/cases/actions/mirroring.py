"""« Affaire »: every case is mirrored to the organization's existing information system (R001-28).

What happens to a case writes a message to that system in the same transaction (`outbox.endpoints`); it leaves after the
commit, and whatever becomes of it, the case is not held up. The number that the system answers is the affaire.

Of a confidential case the system is told its number, its type, its state and that it is confidential: no title, no
client, no contract. Whoever works there is not known to us, so they get what ties the affaire and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from entregent.audit.actions import record
from entregent.cases.actions.rules import page_of
from entregent.cases.extension_points import OPENED, STATE_CHANGED, of_many
from entregent.cases.models import Case, CaseObject
from entregent.outbox.endpoints import Writing, endpoint_of, mark_posts_about, posts_about, retry_posts, write_posts
from entregent.outbox.models import Post
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import one_line

PURPOSE = "cases"
CHANGED, DELETED, RESTORED = "case.changed", "case.deleted", "case.restored"
CASE_CLOSED = "case.closed"
LONGEST_NUMBER = 80
MOST_OBJECTS = 100


def cases_happened(event: str, cases: Sequence[Case], by) -> None:
    """Of many at once: most organizations mirror none, which is asked once."""
    endpoint = endpoint_of(cases[0].organization_id, PURPOSE) if cases else None
    if endpoint is not None and endpoint.is_on:
        for case in cases:
            case_happened(event, case, by)


@of_many(cases_happened)
def _many_happened(event: str, cases: Sequence[Case], by) -> None:
    if event == OPENED and cases:
        _mirror(cases, OPENED)
        return
    for case in cases:
        case_happened(event, case, by)


@of_many(_many_happened)
def case_happened(event: str, case: Case, by) -> None:
    """What cases tell (`cases.case_events`)."""
    if event == OPENED:
        mirror(case, OPENED)
    elif event == STATE_CHANGED:
        mirror(case, CASE_CLOSED if case.is_closed else STATE_CHANGED)


def mirror(case: Case, event: str) -> None:
    """Writes the message, where the organization mirrors its cases; within the transaction of what happened."""
    _mirror([case], event)


def _mirror(cases: Sequence[Case], event: str) -> None:
    endpoint = endpoint_of(cases[0].organization_id, PURPOSE)
    if endpoint is None or not endpoint.is_on:
        return
    objects = _objects_of(cases)
    write_posts(
        endpoint,
        event,
        [
            Writing(
                data=told(case, objects.get(case.pk, [])),
                subject_record=case,
                label=f"n° {case.number}",
                client_id=None if case.is_confidential else case.client_id,
                is_confidential=case.is_confidential,
            )
            for case in cases
        ],
    )
    state = Case.ExternalState.TO_SEND
    for case in cases:
        case.external_state = state
    Case.objects.filter(pk__in=[one.pk for one in cases]).exclude(external_state=state).update(external_state=state)


def told(case: Case, objects: Sequence[str]) -> dict[str, Any]:
    """What the existing system is told of a case and of the objects that it is about."""
    least: dict[str, Any] = {
        "organization": case.organization.slug,
        "number": case.number,
        "external_number": case.external_ref or None,
        "type": case.case_type.path,
        "state": str(case.state),
        "is_confidential": case.is_confidential,
    }
    if case.is_confidential:
        return least
    return least | {
        "sub_status": case.sub_status,
        "title": case.title,
        "type_label": case.case_type.label_fr,
        "priority": str(case.priority),
        "origin": str(case.origin),
        "opened_at": case.opened_at.isoformat(),
        "due_on": case.due_on.isoformat() if case.due_on else None,
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "closing_reason": case.closing_reason,
        "is_deleted": case.deleted_at is not None,
        "client": {"number": case.client.number, "name": case.client.display_name},
        "contract": case.contract.key if case.contract is not None else None,
        "objects": list(objects),
        "url": f"{settings.PUBLIC_URL}{page_of(case)}",
    }


def settled(post: Post, answer: dict | None) -> None:
    """What became of a message (`outbox.post_outcomes`)."""
    if post.subject_type != Case._meta.label_lower or post.subject_id is None:
        return
    case = Case.objects.select_for_update().filter(pk=post.subject_id, organization_id=post.organization_id).first()
    if case is None:
        return
    before = (case.external_ref, case.external_state)
    if answer is None:
        case.external_state = Case.ExternalState.FAILED
    else:
        case.external_ref = _number(answer) or case.external_ref
        if posts_about(case).exclude(pk=post.pk).exclude(state=Post.State.SENT).exists():
            case.external_state = Case.ExternalState.TO_SEND
        else:
            states = Case.ExternalState
            case.external_state = states.CONFIRMED if case.external_ref else states.SENT
    if before == (case.external_ref, case.external_state):
        return
    if case.external_ref != before[0]:
        record(
            "confirm_affair",
            organization_id=case.organization_id,
            subject=case,
            client_id=None if case.is_confidential else case.client_id,
            number=case.number,
            other=case.external_ref,
        )
    # Nobody's form has become stale by it: the version stays.
    Case.objects.filter(pk=case.pk).update(external_ref=case.external_ref, external_state=case.external_state)


@transaction.atomic
def transmit_again(case: Case, *, by) -> Case:
    """Sends again what has not left of a case; where nothing waits, how it stands now."""
    current = (
        Case.objects.select_for_update(of=("self",))
        .select_related("organization", "client", "case_type", "contract")
        .filter(pk=case.pk, organization_id=by.organization_id, deleted_at__isnull=True)
        .first()
    )
    if current is None:
        raise NotFound
    record(
        "transmit_case_again",
        by=by,
        subject=current,
        client_id=None if current.is_confidential else current.client_id,
        number=current.number,
    )
    if retry_posts(posts_about(current), by=by):
        current.external_state = Case.ExternalState.TO_SEND
        Case.objects.filter(pk=current.pk).update(external_state=current.external_state)
    else:
        mirror(current, CHANGED)
    return current


def tell_confidence(case: Case) -> None:
    """After the case became confidential, or ceased to be so: who reads its messages, and what those that wait say."""
    client_id = None if case.is_confidential else case.client_id
    mark_posts_about(
        case,
        is_confidential=case.is_confidential,
        client_id=client_id,
        data=told(case, _objects_of([case]).get(case.pk, [])),
    )


def trouble_of(case: Case) -> Post | None:
    """The message of a case that has not left, the oldest: why, and when it is tried again."""
    if case.external_state not in (Case.ExternalState.FAILED, Case.ExternalState.TO_SEND):
        return None
    return posts_about(case).exclude(state=Post.State.SENT).order_by("pk").first()


def _objects_of(cases: Sequence[Case]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    linked = CaseObject.objects.filter(case__in=[one.pk for one in cases]).order_by("pk")
    for case_id, key in linked.values_list("case_id", "object__key"):
        keys = found.setdefault(case_id, [])
        if len(keys) < MOST_OBJECTS:
            keys.append(key)
    return found


def _number(answer: dict) -> str:
    number = answer.get("number")
    if isinstance(number, bool) or not isinstance(number, str | int):
        return ""
    return one_line(str(number)).replace("\0", "").strip()[:LONGEST_NUMBER]
