"""Keeps the parts of an instance running: database, web and worker as children of one process.

A part that ends on its own is started again, with growing pauses. All end with the supervisor, however that ends.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from entregent.config.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, signalled_when_parent_dies
from entregent.config.terminal import spoken

READY_SECONDS = 150.0
STOP_SECONDS = 15.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A part that ran this long was well: its next pause is the first one again.
WELL_SECONDS = 60.0
# So many ends before the first green light mean that it will never come.
HOPELESS_ENDS = 3


class SupervisorError(Exception):
    """A part cannot run; the message is the sentence to show."""


@dataclass
class Part:
    """One child process: what it is called on the terminal, and how it is started."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    ends: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            env=os.environ | self.environment,
            start_new_session=True,  # Ctrl-C reaches us alone; we end the parts in order, each with its children.
            preexec_fn=signalled_when_parent_dies(signal.SIGTERM),
        )
        self.started_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_all(self, number: signal.Signals) -> None:
        """To the process and the children that it made: it leads a group of its own."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """Runs until a signal asks for the end. `database` is the embedded server, where there is one."""

    def __init__(
        self,
        parts: list[Part],
        *,
        database: EmbeddedPostgres | None = None,
        tell: Callable[[str], None] = lambda sentence: print(sentence, file=sys.stderr, flush=True),
    ) -> None:
        self.parts = parts
        self.database = database
        self.tell = tell
        self.is_ending = False

    def end_on_signals(self) -> None:
        """Ctrl-C, `kill` and a closed terminal end the run in order, also where a shell had them ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_for_end)

    def start(self) -> None:
        for part in self.parts:
            part.start()

    def wait_until_ready(self, is_ready: Callable[[], bool]) -> bool:
        """Whether the parts became ready; False when a signal asked for the end meanwhile."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ending:
            self.look_after()
            if is_ready():
                return True
            for part in self.parts:
                if part.ends >= HOPELESS_ENDS:
                    raise SupervisorError(
                        spoken(
                            f"La partie « {part.name} » ne démarre pas ; ses derniers mots sont ci-dessus.",
                            f"The part “{part.name}” does not start; its last words are above.",
                        )
                    )
            if time.monotonic() > deadline:
                raise SupervisorError(
                    spoken(
                        f"L'application n'est pas prête après {READY_SECONDS:.0f} secondes.",
                        f"The application is not ready after {READY_SECONDS:.0f} seconds.",
                    )
                )
            time.sleep(0.1)
        return False

    def run(self) -> None:
        """Look after the parts until a signal asks for the end."""
        while not self.is_ending:
            self.look_after()
            time.sleep(0.2)

    def look_after(self) -> None:
        """Start again what has ended on its own."""
        if self.database is not None and not self.database.is_alive and not self.is_ending:
            self.tell(spoken("PostgreSQL s'est arrêté ; il redémarre.", "PostgreSQL has ended; it starts again."))
            with contextlib.suppress(EmbeddedPostgresError):
                self.database.restart()
        now = time.monotonic()
        for part in self.parts:
            if self.is_ending or part.is_alive:
                continue
            if part.start_again_at:
                if now >= part.start_again_at:
                    part.start_again_at = 0.0
                    part.start()
                continue
            part.ends = 1 if now - part.started_at > WELL_SECONDS else part.ends + 1
            pause = min(FIRST_PAUSE * 2 ** (part.ends - 1), LONGEST_PAUSE)
            code = part.process.returncode if part.process else "?"
            part.signal_all(signal.SIGKILL)  # Children that outlived it would keep its port.
            self.tell(
                spoken(
                    f"La partie « {part.name} » s'est arrêtée (code {code}) ; elle redémarre dans {pause:g} s.",
                    f"The part “{part.name}” has ended (code {code}); it starts again in {pause:g} s.",
                )
            )
            part.start_again_at = now + pause

    def stop(self) -> None:
        """End the parts, then the database that they use."""
        self.is_ending = True
        for part in self.parts:
            if part.is_alive and part.process is not None:
                part.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for part in self.parts:
            if part.process is None:
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                part.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            part.signal_all(signal.SIGKILL)
            part.process.wait()
        if self.database is not None:
            self.database.stop()

    def _ask_for_end(self, number: int, frame: FrameType | None) -> None:
        self.is_ending = True


def answers(port: int, path: str, *, host: str = "127.0.0.1", named: str = "127.0.0.1", seconds: float = 5) -> bool:
    """Whether the web server on this machine answers 200 there, asked under the public host name."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": named})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_port_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
