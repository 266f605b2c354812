"""Where other areas add to plans of action."""

from dataclasses import dataclass
from typing import Any

from entregent.processes.fields import Field
from entregent.toolbox.extension_points import ExtensionPoint


@dataclass(frozen=True)
class EventKind:
    """Something that starts plans and wakes those that wait for it. `fields`: what it brings besides its record."""

    code: str
    label: Any
    fields: tuple[Field, ...] = ()
    subjects: tuple[str, ...] = ("interaction", "case")


# Contributions: kinds() -> list[EventKind]. Whoever declares one calls `processes.actions.happened` when it happens.
further_events = ExtensionPoint("processes.events", doc="Events that start plans of action or that they wait for.")
# Contributions: ends(run) -> bool, in the transaction of the job, under the lock of the plan. True: it was ended.
run_guards = ExtensionPoint("processes.run_guards", doc="What ends a plan just before it would go on by itself.")
