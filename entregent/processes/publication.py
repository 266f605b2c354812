"""What a client may see of the plans of their cases: the stages named for them, and what is awaited of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from entregent.processes.models import PublishedPause, PublishedStep


@dataclass
class Progress:
    """Where a case stands for its client: stages in order, what of them is awaited, since when it stands still."""

    stages: list[PublishedStep] = field(default_factory=list)
    paused_at: datetime | None = None

    @property
    def awaited(self) -> list[PublishedStep]:
        return [stage for stage in self.stages if stage.is_awaited]

    @property
    def is_awaited(self) -> bool:
        return self.paused_at is not None or bool(self.awaited)

    @property
    def due_at(self) -> datetime | None:
        return min((stage.due_at for stage in self.awaited if stage.due_at is not None), default=None)


def progress_of(case_ids: Iterable[int]) -> dict[int, Progress]:
    """Of each of these cases; the ids are those of published cases."""
    found = {case_id: Progress() for case_id in case_ids}
    for stage in PublishedStep.objects.filter(case_id__in=found):
        found[stage.case_id].stages.append(stage)
    for pause in PublishedPause.objects.filter(case_id__in=found):
        found[pause.case_id].paused_at = pause.paused_at
    return found


def awaited_cases(case_ids) -> set[int]:
    """Which of these cases (ids, or a query for them) wait for their client."""
    steps = PublishedStep.objects.filter(case_id__in=case_ids, is_awaited=True).order_by()
    return set(steps.values_list("case_id", flat=True)) | set(
        PublishedPause.objects.filter(case_id__in=case_ids).values_list("case_id", flat=True)
    )
