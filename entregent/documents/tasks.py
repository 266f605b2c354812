from procrastinate.contrib.django import app

from entregent.documents import sweeping


@app.periodic(cron="41 3 * * *")
@app.task(name="entregent.documents.sweep", queue="default", queueing_lock="sweep-files")
def sweep(timestamp: int) -> None:
    """Each night: contents without a row, uploads that were given up."""
    sweeping.sweep()
