from procrastinate.contrib.django import app

from entregent.transfers import actions


@app.periodic(cron="*/10 * * * *")
@app.task(name="entregent.transfers.expire", queue="default", queueing_lock="expire-transfers")
def expire(timestamp: int) -> None:
    """Every ten minutes: what is out of time. Nobody reads it from the minute on."""
    actions.expire_due()


@app.periodic(cron="17 * * * *")
@app.task(name="entregent.transfers.warn", queue="default", queueing_lock="warn-transfers")
def warn(timestamp: int) -> None:
    """Each hour: what ends in a few days."""
    actions.warn_due()
