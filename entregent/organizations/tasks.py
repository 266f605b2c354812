from procrastinate.contrib.django import app

from entregent.organizations import idempotency


@app.periodic(cron="23 3 * * *")
@app.task(name="entregent.organizations.forget_old_keys", queue="default", queueing_lock="forget-old-keys")
def forget_old_keys(timestamp: int) -> None:
    """Each night: idempotency keys that no retry will bring again."""
    idempotency.forget_old_keys()
