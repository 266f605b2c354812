from procrastinate.contrib.django import app

from entregent.notifications import digest


@app.periodic(cron="*/10 * * * *")
@app.task(name="entregent.notifications.send_digests", queue="default", queueing_lock="notifications-digests")
def send_digests(timestamp: int) -> None:
    """Every ten minutes: the digests of the organizations where seven o'clock has come."""
    digest.send_due()


@app.periodic(cron="41 2 * * *")
@app.task(name="entregent.notifications.forget_old", queue="default", queueing_lock="notifications-forget")
def forget_old(timestamp: int) -> None:
    """Each night: what was told half a year ago."""
    digest.forget_old()
