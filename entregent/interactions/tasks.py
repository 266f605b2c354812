from procrastinate.contrib.django import app

from entregent.interactions import reminders


@app.periodic(cron="*/15 * * * *")
@app.task(name="entregent.interactions.remind", queue="default", queueing_lock="interactions-remind")
def remind(timestamp: int) -> None:
    """Each quarter of an hour: follow-ups that are due, where the morning has come; once a day for each owner."""
    reminders.remind()
