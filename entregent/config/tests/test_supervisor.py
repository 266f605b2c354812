"""The supervisor with small real processes: starts, restarts, ends them with their children."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from entregent.config import supervisor as module
from entregent.config.supervisor import Part, Supervisor, SupervisorError, answers, is_port_free

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
FAIL = [sys.executable, "-c", "import sys; sys.exit(3)"]
# A parent that leaves a child behind, and says its number.
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(module, "STOP_SECONDS", 2.0)


@pytest.fixture
def told():
    return []


@pytest.fixture
def run(told):
    made = []

    def make(*parts):
        supervisor = Supervisor(list(parts), tell=told.append)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop()


def wait_until(question):
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_part_that_is_killed_is_started_again_and_that_is_told(run, told):
    part = Part("web", SLEEP)
    supervisor = run(part)
    first = part.process.pid
    os.kill(first, signal.SIGKILL)

    def is_back():
        supervisor.look_after()
        return part.is_alive and part.process.pid != first

    wait_until(is_back)
    assert len(told) == 1
    assert "web" in told[0]


def test_pauses_grow_with_each_end_and_a_long_life_makes_them_short_again(run):
    part = Part("web", FAIL)
    supervisor = run(part)

    def has_ended(times):
        supervisor.look_after()
        return part.ends >= times

    wait_until(lambda: has_ended(3))
    assert part.start_again_at - time.monotonic() > 0.02
    part.started_at -= 2 * module.WELL_SECONDS
    part.start_again_at = 0.0
    supervisor.look_after()
    assert part.ends == 1


def test_a_part_that_never_starts_is_given_up_with_a_sentence(run):
    supervisor = run(Part("web", FAIL))
    with pytest.raises(SupervisorError, match="web"):
        supervisor.wait_until_ready(lambda: False)


def test_it_is_ready_when_the_question_is_answered(run):
    assert run(Part("web", SLEEP)).wait_until_ready(lambda: True)


def test_a_signal_ends_the_waiting(run):
    supervisor = run(Part("web", SLEEP))
    supervisor.is_ending = True
    assert not supervisor.wait_until_ready(lambda: False)
    supervisor.run()


def test_the_end_takes_the_children_of_parts_with_it(run, tmp_path):
    note = tmp_path / "pid"
    part = Part("web", [sys.executable, "-c", WITH_CHILD, str(note)])
    supervisor = run(part)
    wait_until(lambda: note.exists() and note.read_text())
    supervisor.stop()
    assert not part.is_alive
    wait_until(lambda: is_gone(int(note.read_text())))


def test_a_part_that_ignores_the_polite_signal_is_killed(run, tmp_path):
    note = tmp_path / "deaf"
    code = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
    )
    part = Part("web", [sys.executable, "-c", code, str(note)])
    supervisor = run(part)
    wait_until(note.exists)
    supervisor.stop()
    assert part.process.returncode == -signal.SIGKILL


def test_parts_end_with_a_supervisor_that_is_killed(tmp_path):
    note = tmp_path / "pid"
    code = (
        "import sys, time; from entregent.config.supervisor import Part;"
        "part = Part('web', [sys.executable, '-c', 'import time; time.sleep(60)']); part.start();"
        "open(sys.argv[1], 'w').write(str(part.process.pid)); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(note)], cwd=Path(__file__).parents[3])
    wait_until(lambda: note.exists() and note.read_text())
    pid = int(note.read_text())
    parent.kill()
    parent.wait()
    if sys.platform.startswith("linux"):
        wait_until(lambda: is_gone(pid))
    else:
        os.kill(pid, signal.SIGKILL)


def test_a_taken_port_is_seen():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_port_free(port)
    assert not answers(port, "/healthz")


def test_an_answer_counts_only_with_200_and_is_asked_under_the_public_name():
    hosts = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            hosts.append(self.headers["Host"])
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            assert answers(server.server_port, "/healthz", named="grc.exemple.fr")
            assert not answers(server.server_port, "/readyz", named="grc.exemple.fr")
        finally:
            server.shutdown()
    assert hosts == ["grc.exemple.fr"] * 2
