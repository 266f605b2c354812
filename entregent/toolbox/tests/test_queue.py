"""What is asked of the worker, by the web and by the worker itself."""

import contextlib

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.testing import InMemoryConnector

from entregent.toolbox.queue import ask


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'essai' AND lock = 'l' AND args = %s",
                       ['{"number": 4}'])  # fmt: skip
        return cursor.fetchone()[0]


def test_a_task_stands_and_falls_with_the_callers_transaction(db):
    ask("essai", lock="l", number=4)
    assert waiting() == 1
    with contextlib.suppress(KeyError), transaction.atomic():
        ask("essai", lock="l", number=4)
        raise KeyError
    assert waiting() == 1


def test_within_the_worker_too(db):
    elsewhere = InMemoryConnector()
    with app.replace_connector(elsewhere):
        ask("essai", lock="l", number=4)
    assert waiting() == 1
    assert not elsewhere.jobs
