"""The one contract that every kind of connector keeps: try the connection, push a batch, say what was answered.

A carrier talks to the other system and to nothing else: no table, no transaction. It gives back one `Done` for each
item that was taken, and raises where it was not. Everything may be pushed again after a crash: a carrier makes sure
that the other side then holds one record all the same (the same key, an external id, a field that holds our number).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

SECONDS = 20
TRIAL_SECONDS = 8
KEPT = 4000


@dataclass(frozen=True)
class Wiring:
    """What a carrier needs of its connector: no row of the database."""

    address: str
    settings: Mapping[str, Any]
    secret: str
    organization: str
    may_loop: bool = False


@dataclass(frozen=True)
class Item:
    """One exchange. `creating` is what an earlier first push carried of whose outcome nobody knows."""

    key: str
    sequence: int
    operation: str
    number: str
    record: dict
    external_id: str = ""
    creating: dict | None = None

    @property
    def is_withdrawal(self) -> bool:
        return self.operation == "withdraw"


@dataclass(frozen=True)
class Done:
    """The other side has taken it. Not `is_final`: it lies where the other side fetches it, who will acknowledge it."""

    key: str
    external_id: str = ""
    status: int | None = None
    answer: str = ""
    is_final: bool = True


@dataclass(frozen=True)
class Acknowledgement:
    """What the other side says later of something that was dropped for it; `error`: it could not take it."""

    key: str
    external_id: str = ""
    error: str = ""


class Trouble(Exception):
    """What went wrong with a push, in words that whoever runs the connector understands."""

    def __init__(self, said: str, *, status: int | None = None, answer: str = ""):
        super().__init__(said)
        self.said, self.status, self.answer = said[:500], status, answer[:KEPT]
        # Under which the other side has made a record before it came to this.
        self.external_id = ""


class Refused(Trouble):
    """The other side does not take this one, and would not the next time."""


class TryLater(Trouble):
    """The other side had trouble with this one: it is tried again, later and later."""


class Away(Trouble):
    """The other side does not answer, or asks to wait: the connector rests, nothing is held against what it carries."""

    def __init__(self, said: str, *, wait: timedelta | None = None, **more):
        super().__init__(said, **more)
        self.wait = wait


class Gone(Trouble):
    """The other side wants nothing more from us: the connector is turned off."""


@dataclass
class Carrier:
    """Of one kind. `batch` is how many items go at once."""

    wiring: Wiring
    batch: int = field(default=1, init=False)
    # A first push is repeated as it was until its outcome is known (`Copy.creating`).
    repeats_creation: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Each kind sets what differs."""

    def test(self) -> str:
        """« Tester la connexion »: changes nothing over there; what was found, in a sentence. Raises a `Trouble`."""
        raise AssertionError("each kind has its own")

    def push(self, items: Sequence[Item]) -> list[Done]:
        """At most `batch` of them, in order, no two about one client."""
        raise AssertionError("each kind has its own")

    def acknowledged(self) -> list[Acknowledgement]:
        """What has been said since of what was dropped."""
        return []

    def forget(self, acknowledgements: Sequence[Acknowledgement]) -> None:
        """They are kept: the other side need not say them again."""
