"""Which function does which kind of job, and which right it takes."""

from collections.abc import Callable
from dataclasses import dataclass

from entregent.access.rights import Right


@dataclass(frozen=True)
class JobKind:
    """`run(work)` does the whole of a job in chunks (`jobs.work`); it may be stopped anywhere and called again."""

    name: str
    right: Right
    run: Callable


kinds: dict[str, JobKind] = {}


def job_kind(name: str, *, right: Right) -> Callable:
    """Registers `run(work)` for jobs named `name`. `right` is checked again before each chunk."""

    def decorate(run: Callable) -> Callable:
        kinds[name] = JobKind(name, right, run)
        return run

    return decorate
