"""What became of each record of a change of many: the page that areas with such jobs draw."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.http import urlencode

from entregent.access.rights import Right
from entregent.jobs.models import Job, JobRow
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render

PAGE = 100


def own_job(member, job_id: int, kind: str) -> Job:
    """One's own job of a kind; an administrator sees everybody's."""
    jobs = Job.objects.filter(organization_id=member.organization_id, kind=kind)
    if not member.can(Right.SETTINGS):
        jobs = jobs.filter(initiator_id=member.user_id)
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def rows_page(
    request, job: Job, *, address: str, cancel: str, back: tuple[str, str],
    names: Callable[[list[int]], Mapping[int, tuple[str, str]]],
) -> HttpResponse:  # fmt: skip
    """How far the job is and each record with its verdict. `names(ids)` gives label and address of those that the
    reader sees, `back` is the (label, address) of the list."""
    verdict = request.GET.get("resultat", "")
    verdict = verdict if verdict in JobRow.Verdict.values else ""
    rows = job.rows.order_by("pk")
    if verdict:
        rows = rows.filter(verdict=verdict)
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found: list[dict[str, Any]] = [
        dict(row) for row in rows.values("id", "subject_id", "verdict", "reason")[: PAGE + 1]
    ]
    seen = names([int(row["subject_id"]) for row in found])
    for row in found:
        row["label"], row["url"] = seen.get(int(row["subject_id"]), ("", ""))
    following = urlencode({"resultat": verdict, "apres": found[PAGE - 1]["id"]}) if len(found) > PAGE else ""
    context = {
        "job": job,
        "rows": found[:PAGE],
        "verdict": verdict,
        "verdicts": dict(JobRow.Verdict.choices),
        "counts": {name: job.result.get(name, 0) for name in ("changed", "unchanged", "refused")},
        "rows_url": address,
        "cancel_url": cancel,
        "back": back,
        "next_url": f"{address}?{following}" if following else "",
    }
    fragment = "rows" if after is not None else "progress"
    return render(request, "jobs/job_rows.html", context, fragment=fragment)
