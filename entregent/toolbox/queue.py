"""Asking the worker for something."""

from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task


def ask(task: str, *, queue: str = "default", lock: str | None = None, **arguments) -> None:
    """Puts a task into the queue in the caller's transaction: it is there with what it is about, or not at all.

    Within the worker procrastinate's own way would write it on another connection: another worker would look for what
    is not committed yet, and a rollback would leave the task behind.
    """
    deferrer = configure_task(name=task, job_manager=JobManager(DjangoConnector()), queue=queue, lock=lock)
    deferrer.defer(**arguments)
