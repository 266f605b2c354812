from procrastinate.contrib.django import app

from entregent.outbox import delivery, posting


@app.task(name="entregent.outbox.deliver_due", queue="default")
def deliver_due() -> None:
    """Sends what is due now: deferred with each mail."""
    delivery.deliver_due()


@app.periodic(cron="* * * * *")
@app.task(name="entregent.outbox.deliver_again", queue="default", queueing_lock="outbox-again")
def deliver_again(timestamp: int) -> None:
    """Each minute: the second and later tries, and what a killed sender left."""
    delivery.deliver_due()


@app.task(name="entregent.outbox.post_due", queue="default")
def post_due() -> None:
    """Sends the HTTP messages that are due: deferred with each."""
    posting.post_due()


@app.periodic(cron="* * * * *")
@app.task(name="entregent.outbox.post_again", queue="default", queueing_lock="outbox-post-again")
def post_again(timestamp: int) -> None:
    """Each minute: later tries, and what a killed sender left."""
    posting.post_due()
