from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.cases import due_days, reminders, sla
from entregent.cases.actions.bulk import JOB, change_one, chosen
from entregent.cases.actions.promises import KIND, follow_chunk
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
    """Each quarter of an hour, where it is morning: reminders whose day has come, cases whose due day comes near."""
    reminders.remind()
    due_days.tell_due_soon()


@app.periodic(cron="* * * * *")
@app.task(name="entregent.cases.tell_promises", queue="default", queueing_lock="cases-promises")
def tell_promises(timestamp: int) -> None:
    """Each minute: promises that are soon due or have been missed."""
    sla.tell_due()


@job_kind(KIND, right=Right.CASE_TYPES)
def follow_promises(work: Work) -> None:
    """The clocks of open cases follow what is promised now, some hundred cases in a transaction."""
    while True:
        with work.chunk() as chunk:
            last = follow_chunk(chunk.member.organization_id, after=chunk.cursor.get("after", 0))
            if not last:
                return
            chunk.advance(1, after=last)
