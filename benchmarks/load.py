"""A small load client: so many users, each on one kept connection, asking as fast as they are answered."""

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil


@dataclass
class Request:
    path: str
    body: str | None = None
    accept: str = "text/html"
    expected: tuple[int, ...] = (200,)


@dataclass
class Sample:
    """`latencies` in milliseconds; `cpu` in seconds, of server and database, while this ran."""

    latencies: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, other: "Sample") -> None:
        self.latencies += other.latencies
        self.wrong += other.wrong
        self.seconds += other.seconds
        self.cpu += other.cpu

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    @property
    def cpu_per_request(self) -> float:
        """Milliseconds."""
        return self.cpu * 1000 / max(1, len(self.latencies))


CSRF = "b" * 32


def ask(
    port: int, session: str, make: Callable[[int], Request], *, users: int, seconds: float = 0, count: int = 0,
    numbers: Iterator[int], watched: Callable[[], float],
) -> Sample:  # fmt: skip
    """Ends after `seconds`, or after `count` answers a user."""
    sample = Sample()
    lock = threading.Lock()
    headers = {
        "Cookie": f"entregent_session={session}; entregent_csrf={CSRF}",
        "X-CSRFToken": CSRF,
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": f"127.0.0.1:{port}",
        "Accept-Language": "fr",
    }

    def user() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        latencies, wrong = [], []
        deadline = time.perf_counter() + seconds if seconds else None
        try:
            for turn in itertools.count():
                if (count and turn >= count) or (deadline and time.perf_counter() >= deadline):
                    break
                request = make(next(numbers))
                began = time.perf_counter()
                connection.request(
                    "POST" if request.body is not None else "GET", request.path, request.body,
                    headers | {"Accept": request.accept},
                )  # fmt: skip
                response = connection.getresponse()
                body = response.read()
                latencies.append((time.perf_counter() - began) * 1000)
                if response.status not in request.expected:
                    wrong.append(f"{response.status} {request.path} {body[:200]!r}")
        finally:
            connection.close()
        with lock:
            sample.latencies += latencies
            sample.wrong += wrong

    before, began = watched(), time.perf_counter()
    threads = [threading.Thread(target=user) for _ in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sample.seconds = time.perf_counter() - began
    sample.cpu = watched() - before
    return sample


def cpu_of(pids: list[int]) -> float:
    """Seconds of processor that these processes and their children have had, those that have ended included."""
    total = 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            for one in [process, *process.children(recursive=True)]:
                times = one.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:
            continue
    return total


def memory_of(pid: int) -> list[int]:
    """Resident megabytes of each of its children."""
    return [round(one.memory_info().rss / 1024 / 1024) for one in psutil.Process(pid).children(recursive=True)]
