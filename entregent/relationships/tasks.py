from procrastinate.contrib.django import app

from entregent.relationships.actions import expire_due


@app.periodic(cron="3-59/15 * * * *")
@app.task(name="entregent.relationships.expire", queue="default", queueing_lock="relationships-expire")
def expire(timestamp: int) -> None:
    """Every quarter of an hour, since midnight comes at another time in each zone."""
    expire_due()
