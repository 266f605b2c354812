"""What runs by itself: due jobs at once and each minute, migrations of running plans."""

from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.jobs.registry import job_kind
from entregent.jobs.rows import change_rows
from entregent.jobs.work import Work
from entregent.processes import actions
from entregent.processes.actions import mass, scheduling
from entregent.processes.actions.bulk import JOB, change_one, chosen
from entregent.processes.actions.migrating import KIND, migrate_chunk


@app.task(name="entregent.processes.run_due", queue="default")
def run_due(organization_id: int, run_id: int | None = None) -> None:
    """What is due now in an organization, or for one plan: deferred with whatever made it due."""
    actions.run_due(organization_id, run_id=run_id)


@app.periodic(cron="* * * * *")
@app.task(name="entregent.processes.run_all_due", queue="default", lock="plans", queueing_lock="processes-due")
def run_all_due(timestamp: int) -> None:
    """Each minute: what time has made due, and what a killed worker left."""
    for organization_id in actions.organizations_with_plans():
        actions.run_due(organization_id)


@job_kind(JOB, right=Right.PROCESS_RUN)
def change_many(work: Work) -> None:
    """Steps that were ticked in a list of work, one after the other."""
    change_rows(work, chosen, change_one)


@app.periodic(cron="10 * * * *")
@app.task(name="entregent.processes.run_schedules", queue="bulk", lock="plans-schedules", queueing_lock="schedules")
def run_schedules(timestamp: int) -> None:
    """Each hour: what processes start on their days, where the morning has come."""
    for organization_id in actions.organizations_with_plans():
        scheduling.run_schedules(organization_id)


@job_kind(mass.KIND, right=Right.PROCESS_LEAD)
def launch_mass(work: Work) -> None:
    """The clients are written down first; then some hundred plans in a transaction."""
    is_left = True
    while is_left:
        with work.chunk() as chunk:
            if "after" not in chunk.cursor:
                chunk.job.total = mass.write_down(chunk.job, chunk.member)
                chunk.job.result = {"begun": 0}
                chunk.advance(0, after=0)
                continue
            last, begun = mass.mass_chunk(chunk.job, by=chunk.member, after=chunk.cursor["after"])
            chunk.job.result = {"begun": chunk.job.result.get("begun", 0) + begun}
            is_left = last > 0
            chunk.advance(begun, after=last)


@job_kind(KIND, right=Right.PROCESS_LEAD)
def migrate(work: Work) -> None:
    """Plans go over to the live version, some hundred in a transaction."""
    is_left = True
    while is_left:
        with work.chunk() as chunk:
            data = chunk.job.data
            last, went, stayed = migrate_chunk(
                data["definition"], data["to"], by=chunk.member, after=chunk.cursor.get("after", 0)
            )
            chunk.job.result = {
                "went": chunk.job.result.get("went", 0) + went,
                "stayed": chunk.job.result.get("stayed", 0) + stayed,
            }
            is_left = last > 0
            if is_left:
                chunk.advance(went + stayed, after=last)
