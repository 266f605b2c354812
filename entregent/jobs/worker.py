"""The worker: does what is in the queue, and takes over what a killed worker left.

procrastinate does not rescue the jobs of a killed worker by itself: `_rescue` does, beside the work and not as a job,
so that it needs no free place. Mails and other short work have a worker of their own that bulk work cannot hold up.
"""

import asyncio
import logging
import os
import signal
import threading
from typing import Any

logger = logging.getLogger(__name__)

# procrastinate's own figures: a sign of life each 10 seconds, taken for dead after 30.
HEARTBEAT_SECONDS = 10.0
STALLED_SECONDS = 30.0
# Asked to end, a worker finishes the chunk at hand. With its database gone it would wait for ever: it goes all the
# same, since a job that is cut short goes on with the next worker.
GRACEFUL_SECONDS = 15
LAST_SECONDS = 20


def on_app_ready(app):
    """Called by procrastinate once Django is ready; tasks are found in each area's `tasks` module."""


def run_worker(
    *, concurrency: int = 2, heartbeat: float = HEARTBEAT_SECONDS, stalled: float = STALLED_SECONDS, wait: bool = True
) -> None:
    """Works until a signal asks for the end (`wait=False`: until the queue is empty).

    `concurrency` bulk jobs at a time, and as much short work beside them. The queue too is read under the role that
    owns nothing. Jobs at work stop after the chunk at hand and go on with the next worker.
    """
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params
    from procrastinate.psycopg_connector import PsycopgConnector

    from entregent.access.wall import APP_ROLE
    from entregent.jobs import work

    parameters: dict[str, Any] = connector_params()
    parameters["options"] = f"{parameters.get('options', '')} -c role={APP_ROLE}".strip()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        with app.replace_connector(PsycopgConnector(kwargs=parameters)) as served:
            async with served.open_async():
                options: dict[str, Any] = {
                    "wait": wait,
                    "install_signal_handlers": False,
                    "update_heartbeat_interval": heartbeat,
                    "stalled_worker_timeout": stalled,
                    "shutdown_graceful_timeout": GRACEFUL_SECONDS,
                    "delete_jobs": "successful",
                }
                await _rescue_once(served, stalled)
                workers = [
                    asyncio.create_task(served.run_worker_async(queues=["bulk"], concurrency=concurrency, **options)),
                    asyncio.create_task(served.run_worker_async(queues=["default"], concurrency=2, **options)),
                ]
                rescue = asyncio.create_task(_rescue(served, heartbeat, stalled))

                def end_on_signal() -> None:
                    last_resort.start()
                    for number in (signal.SIGTERM, signal.SIGINT):
                        loop.remove_signal_handler(number)
                    end()

                def end() -> None:
                    work.ending.set()
                    for worker in workers:
                        worker.cancel()

                if wait:
                    for number in (signal.SIGTERM, signal.SIGINT):
                        loop.add_signal_handler(number, end_on_signal)
                try:
                    # A worker that fails (the database is gone for good) ends the others: the supervisor starts anew.
                    await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION if wait else asyncio.ALL_COMPLETED)
                    end()
                    ended = await asyncio.gather(*workers, return_exceptions=True)
                finally:
                    rescue.cancel()
                for result in ended:
                    if isinstance(result, Exception):
                        raise result

    last_resort = threading.Timer(LAST_SECONDS, os._exit, (1,))
    last_resort.daemon = True
    work.ending.clear()
    try:
        asyncio.run(run())
    finally:
        last_resort.cancel()


async def _rescue(app: Any, heartbeat: float, stalled: float) -> None:
    while True:
        await asyncio.sleep(heartbeat)
        try:
            await _rescue_once(app, stalled)
        except Exception:  # The database may be away for a moment; the next round tries again.
            logger.warning("stalled jobs could not be looked for", exc_info=True)


async def _rescue_once(app: Any, stalled: float) -> None:
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
        logger.warning("job %s of a worker that is gone goes on", job.id)
        await app.job_manager.retry_job(job)
