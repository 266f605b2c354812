"""What machines ask an instance: whether it lives, whether it can serve, and its figures. No person, no cookie."""

import hmac
import ipaddress
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.db.utils import InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import get_resolver
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric

from entregent.access.guard import public
from entregent.config.environment import environment

log = logging.getLogger(__name__)

# Three heartbeats of a worker (procrastinate: one each 10 s) and a little.
HEARTBEAT_SECONDS = 35


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is looked at: a database that is down is no reason to restart the web."""
    return JsonResponse({"status": "alive"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, worker and storage work; else 503 with the reasons. The reasons name no host and no path."""
    reasons: dict[str, str] = {}
    for name, check in CHECKS.items():
        reason = check()
        if reason:
            reasons[name] = reason
    return JsonResponse(
        {
            "status": "unready" if reasons else "ready",
            "checks": {name: "failed" if name in reasons else "ok" for name in CHECKS},
            "reasons": reasons,
        },
        status=503 if reasons else 200,
    )


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, for this machine itself or who brings ENTREGENT_METRICS_TOKEN."""
    if not _may_read_figures(request):
        return HttpResponse("Forbidden\n", status=403, content_type="text/plain")
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    else:
        registry = REGISTRY
    figures = CollectorRegistry()
    figures.register(_Figures())
    return HttpResponse(generate_latest(registry) + generate_latest(figures), content_type=CONTENT_TYPE_LATEST)


def answer_machines_first(get_response):
    """Machines are answered before any address is looked up: what breaks the pages must not hide behind a 500."""
    answers: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}

    def middleware(request):
        return answers.get(request.path_info, get_response)(request)

    return middleware


def pages_reason() -> str | None:
    """Why no page can be served, or None: a module of an area that does not load takes all addresses with it."""
    try:
        get_resolver().url_patterns  # noqa: B018  loads them
    except Exception:
        log.exception("the addresses cannot be loaded")
        return "The pages cannot be loaded."
    return None


def database_reason() -> str | None:
    """Why the database cannot be worked with, or None."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return "The database does not answer."
    return None


def worker_reason() -> str | None:
    """Why no job would be done now, or None."""
    try:
        age = worker_age()
    except (DatabaseError, InterfaceError):
        return "The job queue cannot be read."
    if age is None:
        return "No worker is running."
    if age > HEARTBEAT_SECONDS:
        return f"The last sign of life of a worker is {age:.0f} seconds old."
    return None


def storage_reason() -> str | None:
    """Why files cannot be written, or None."""
    try:
        os.makedirs(settings.MEDIA_ROOT, mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT) as file:
            file.write(b"1")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"Files cannot be written ({os.strerror(error.errno or 0)})."
    if environment.keeps_files_in_s3:
        try:
            storages["documents"].exists("health")
        except (BotoCoreError, ClientError):
            return "The bucket of the files does not answer."
    return None


def worker_age() -> float | None:
    """Seconds since the last heartbeat of any worker, or None where none is known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat))::float FROM procrastinate_workers")
        return cursor.fetchone()[0]


CHECKS: dict[str, Callable[[], str | None]] = {
    "pages": pages_reason,
    "database": database_reason,
    "worker": worker_reason,
    "storage": storage_reason,
}


class _Figures:
    """What only the database knows: the queue, and when a worker was last heard of."""

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("entregent_ready", "1 where the check passes.", labels=["check"])
        for name, check in CHECKS.items():
            ready.add_metric([name], 0 if check() else 1)
        yield ready
        try:
            yield from self._of_the_queue()
        except (DatabaseError, InterfaceError):
            return  # entregent_ready says so.

    def _of_the_queue(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("entregent_queue_jobs", "Jobs of the queue by state.", labels=["state"])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT status::text, count(*) FROM procrastinate_jobs"
                " WHERE status IN ('todo', 'doing', 'failed') GROUP BY status"
            )
            counts = {"todo": 0, "doing": 0, "failed": 0} | dict(cursor.fetchall())
        for state, count in counts.items():
            jobs.add_metric([state], count)
        age = worker_age()
        heartbeat = GaugeMetricFamily("entregent_worker_heartbeat_age_seconds", "Since a worker was last heard of.")
        if age is not None:
            heartbeat.add_metric([], age)
        return [jobs, heartbeat]


def _may_read_figures(request: HttpRequest) -> bool:
    token = environment.metrics_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), token.encode())
    # Behind a proxy on this machine everybody comes from loopback: a forwarded request is a stranger's.
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
