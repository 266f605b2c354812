"""The demo as a person starts it: one command, ready, kept data, a clean end. Real processes on a port of their own."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from entregent.config.environment import CHECKOUT
from entregent.config.supervisor import answers
from testing.postgres import make_throw_away_dir


@pytest.fixture(scope="module")
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def data_dir():
    return make_throw_away_dir()


@pytest.fixture
def start(port, data_dir, tmp_path):
    """Starts `entregent demo`; what it says goes to a file."""
    started = []

    def demo(number=port):
        variables = {name: value for name, value in os.environ.items() if not name.startswith("ENTREGENT_")}
        variables |= {"ENTREGENT_DATA_DIR": str(data_dir), "ENTREGENT_WORKERS": "1", "LC_ALL": "fr_FR.UTF-8"}
        if "ENTREGENT_PG_BIN_DIR" in os.environ:
            variables["ENTREGENT_PG_BIN_DIR"] = os.environ["ENTREGENT_PG_BIN_DIR"]
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "entregent.config.cli", "demo", "--port", str(number)],
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env=variables,
            )
        process.told = (tmp_path / f"{len(started)}.log").read_text
        started.append(process)
        return process

    yield demo
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until(question, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not question():
        assert process.poll() is None, process.told()
        assert time.monotonic() < deadline, process.told()
        time.sleep(0.1)


def family(process):
    return psutil.Process(process.pid).children(recursive=True)


def test_one_command_serves_refuses_a_second_start_mends_itself_and_ends_with_everything(start, port):
    demo = start()
    wait_until(lambda: "Entregent est prêt" in demo.told(), demo)
    assert f"http://127.0.0.1:{port}/" in demo.told()
    assert "nadia@eaux-du-val.example" in demo.told()
    for path in ("/healthz", "/readyz", "/connexion/"):
        assert answers(port, path)

    second = start(port + 1 if port < 65535 else port - 1)
    assert second.wait(timeout=60) == 1
    assert str(demo.pid) in second.told()
    assert "Traceback" not in second.told()

    for name in ("granian", "worker"):
        part = next(child for child in family(demo) if name in " ".join(child.cmdline()))
        part.kill()
        wait_until(lambda gone=part: not gone.is_running(), demo)
    database = next(child for child in family(demo) if "postgres" in child.name())
    database.kill()
    wait_until(lambda: not database.is_running(), demo)
    wait_until(lambda: answers(port, "/readyz"), demo)

    everybody = family(demo)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=60) == 0, demo.told()
    assert not any(child.is_running() for child in everybody)


def test_a_second_run_keeps_the_data_and_a_killed_one_leaves_nothing_running(start, port):
    demo = start()
    wait_until(lambda: "Entregent est prêt" in demo.told(), demo)
    everybody = family(demo)
    assert len(everybody) > 3
    demo.kill()
    demo.wait()
    if sys.platform.startswith("linux"):
        psutil.wait_procs(everybody, timeout=30)
        assert not any(child.is_running() for child in everybody)
