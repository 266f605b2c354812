from procrastinate.contrib.django import app

from entregent.cases import reminders


@app.periodic(cron="*/15 * * * *")
@app.task(name="entregent.cases.remind", queue="default", queueing_lock="cases-remind")
def remind(timestamp: int) -> None:
    """Each quarter of an hour: reminders of cases and contacts whose day has come, where it is morning."""
    reminders.remind()
