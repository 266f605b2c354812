"""What areas tell, and whom by nature it concerns."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entregent.access.rights import Right
from entregent.toolbox.extension_points import ExtensionPoint


class About(StrEnum):
    """What an event is about: this decides which choices a person has."""

    CLIENT = "client"  # of clients of mine, of all clients that I reach, or of none
    ONESELF = "oneself"  # a job that I started, a follow-up of mine
    ORGANIZATION = "organization"  # a mailbox in trouble: for whoever wants to know


class Mail(StrEnum):
    """How an event reaches a person by mail."""

    NONE = "none"
    NOW = "now"
    DAILY = "daily"


def _nothing(words: dict) -> list[str]:
    return []


@dataclass(frozen=True)
class Event:
    """Something that people can be told.

    `label` names it in the preferences; `sentence(words)` tells one case of it in the reader's language, from the
    plain data that `notify` was given; `details(words)` are further paragraphs of its mail. Whoever has lost `right`
    is told nothing. `in_app` and `mail` hold until a person chooses otherwise. `by_settings`: the organization says
    on a page whether and whom it tells besides (R004-30).
    """

    code: str
    label: Any
    sentence: Callable[[dict], str]
    about: About = About.CLIENT
    right: Right | None = None
    icon: str = "bell"
    in_app: bool = True
    mail: Mail = Mail.NONE
    details: Callable[[dict], list[str]] = _nothing
    by_settings: bool = False
    module: str = ""

    def is_for(self, member) -> bool:
        """Whether the member can be told of it, with the rights and modules of now."""
        if self.module and not member.organization.has_module(self.module):
            return False
        return self.right is None or member.can(self.right)


# Contributions: events() -> list[Event].
events = ExtensionPoint("notifications.events", doc="What people are told, how it is said, and how it reaches them.")
# Contributions: users(client_id) -> list of user ids. Filled by `clients`: the agent in charge.
responsible_finders = ExtensionPoint(
    "notifications.responsible_finders", doc="Whom news of a client concerns by nature."
)


def all_events() -> dict[str, Event]:
    """Every event by its code, in the order of the preferences."""
    return {event.code: event for contribution in events for event in contribution()}


def event_named(code: str) -> Event:
    try:
        return all_events()[code]
    except KeyError:
        raise LookupError(f"no event {code!r} is declared") from None
