"""Where upper areas add to cases: plans of action, letters, dunning, what mirrors a case elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from entregent.toolbox.extension_points import ExtensionPoint

OPENED, STATE_CHANGED, CLOSED = "case.opened", "case.state_changed", "case.closed"
CONTACT_ATTACHED = "case.contact_attached"

# Contributions: happened(event, case, by), in the transaction. `by` is a Membership, or None for the product itself.
case_events = ExtensionPoint("cases.case_events", doc="What else happens when a case is opened, changed or closed.")
# Contributions: work(case) -> list of (label, url): what still runs on the case and must end before it closes.
open_work = ExtensionPoint("cases.open_work", doc="What still runs on a case that somebody closes.")
# Contributions: end(case, by=…, reason=…), in the transaction: abandons what still runs.
work_enders = ExtensionPoint("cases.work_enders", doc="Abandons what still runs on a case that is closed.")
# Contributions: waits(case) -> bool: whether something holds the case until the client has answered.
waiting = ExtensionPoint("cases.waiting", doc="Whether a case waits for its client: a plan that is paused.")
# Contributions: elements(case, member) -> list of ElementGroup, shown after those of this area.
elements = ExtensionPoint("cases.elements", doc="Further elements of a case, by type: steps of plans.")

# Contributions: user(client) -> the id of who is proposed as responsible for a new case of the client, or None.
responsible_proposals = ExtensionPoint(
    "cases.responsible_proposals", doc="Who is proposed as responsible for a new case of a client."
)

# Contributions: moved(organization, before, after), in the transaction: the path of a type, and of all below it.
type_moves = ExtensionPoint("cases.type_moves", doc="What else names a type of case that has moved in the tree.")


@dataclass(frozen=True)
class Element:
    """One line of « Éléments du dossier »."""

    label: str
    url: str = ""
    detail: str = ""
    at: datetime | None = None
    icon: str = ""
    # Where it is taken off the case, by a POST.
    remove_url: str = ""
    # Where it is sent by mail.
    send_url: str = ""
    # Of a document: what a form names it by, and its earlier versions, newest first, by label and address.
    key: int = 0
    earlier: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class ElementGroup:
    """The elements of one type; `empty` is the sentence where there is none, `total` all of them."""

    code: str
    title: str
    icon: str
    rows: Sequence[Element]
    empty: str
    total: int = 0


def tell(event: str, case, by) -> None:
    """Tells whoever listens what has happened, in the transaction of the action."""
    for contribution in case_events:
        contribution(event, case, by)


def tell_all(event: str, cases: Sequence, by) -> None:
    """The same for many cases at once. A listener that says so (`of_many`) is asked once for all of them."""
    for contribution in case_events:
        at_once = getattr(contribution, "of_many", None)
        if at_once is not None:
            at_once(event, cases, by)
            continue
        for case in cases:
            contribution(event, case, by)


def of_many(at_once: Callable[[str, Sequence, Any], None]) -> Callable[[Callable], Callable]:
    """Says of a listener what it does when something happens to many cases in one go: `at_once(event, cases, by)`."""

    def decorate(listener: Callable) -> Callable:
        listener.of_many = at_once  # type: ignore[attr-defined]
        return listener

    return decorate
