from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.cases import reminders
from entregent.cases.actions.bulk import JOB, change_one, chosen
from entregent.jobs.registry import job_kind
from entregent.jobs.rows import change_rows
from entregent.jobs.work import Work


@job_kind(JOB, right=Right.CASE_EDIT)
def change_many(work: Work) -> None:
    """The cases of a selection, one after the other."""
    change_rows(work, chosen, change_one)


@app.periodic(cron="*/15 * * * *")
@app.task(name="entregent.cases.remind", queue="default", queueing_lock="cases-remind")
def remind(timestamp: int) -> None:
    """Each quarter of an hour: reminders of cases and contacts whose day has come, where it is morning."""
    reminders.remind()
