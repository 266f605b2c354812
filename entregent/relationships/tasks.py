from procrastinate.contrib.django import app

from entregent.relationships import mails
from entregent.relationships.actions import expire_due, forget_old_uses, joining, warn_due


@app.periodic(cron="3-59/15 * * * *")
@app.task(name="entregent.relationships.expire", queue="default", queueing_lock="relationships-expire")
def expire(timestamp: int) -> None:
    """Every quarter of an hour, since midnight comes at another time in each zone."""
    expire_due()


@app.periodic(cron="23 * * * *")
@app.task(name="entregent.relationships.warn", queue="default", queueing_lock="relationships-warn")
def warn(timestamp: int) -> None:
    """Each hour: what ends in a few days."""
    warn_due()


@app.periodic(cron="41 3 * * *")
@app.task(name="entregent.relationships.forget", queue="default", queueing_lock="relationships-forget")
def forget(timestamp: int) -> None:
    """Each night."""
    forget_old_uses()


@app.task(name="entregent.relationships.write_of_request", queue="default")
def write_of_request(organization_id: int, request_id: int, is_reminder: bool) -> None:
    mails.write_of_request(organization_id=organization_id, request_id=request_id, is_reminder=is_reminder)


@app.task(name="entregent.relationships.write_of_joining", queue="default")
def write_of_joining(join_id: int) -> None:
    joining.write_of_joining(join_id=join_id)
