"""The embedded server: starts, refuses, survives kills, keeps data, ends with its parent."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from entregent.config import embedded_postgres
from entregent.config.embedded_postgres import DataInUse, EmbeddedPostgres, EmbeddedPostgresError, FolderLock
from testing.postgres import make_throw_away_dir

KEEPER = """
import sys, time
from entregent.config.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(sys.argv[1], durable=False).start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def data_dir():
    """One cluster for the module: making one is the slow part."""
    folder = make_throw_away_dir()
    with EmbeddedPostgres(folder, durable=False) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept (value int)")
    return folder


@pytest.fixture
def server(data_dir):
    with EmbeddedPostgres(data_dir, durable=False) as server:
        yield server


def keep_elsewhere(data_dir):
    """A server kept by another process."""
    other = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    return other, int(other.stdout.readline())


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def wait_until(question):
    deadline = time.monotonic() + 20
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def count(server):
    with psycopg.connect(server.dsn) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def add(server):
    with psycopg.connect(server.dsn) as connection:
        connection.execute("INSERT INTO kept VALUES (1)")


def test_it_speaks_utf8_keeps_checksums_and_listens_on_its_socket_alone(server):
    with psycopg.connect(server.dsn) as connection:
        told = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('data_checksums'),"
            " current_setting('listen_addresses'), lower('ÉÇŒ'), current_user, current_database()"
        ).fetchone()
    assert told == ("UTF8", "on", "", "éçœ", "entregent", "entregent")
    assert psutil.Process(server.pid).net_connections(kind="inet") == []


def test_the_extensions_that_the_product_needs_are_there(server):
    with psycopg.connect(server.dsn) as connection:
        for name in ("pg_trgm", "unaccent", "btree_gin"):
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def test_its_folders_are_closed_to_others(server):
    for folder in (server.home, server.cluster_dir, server.socket_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.log_path.stat().st_mode) == 0o600


def test_it_never_runs_as_root(server):
    assert psutil.Process(server.pid).uids().effective != 0


def test_data_are_kept_from_one_start_to_the_next(data_dir):
    with EmbeddedPostgres(data_dir, durable=False) as server:
        before = count(server)
        add(server)
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert count(server) == before + 1


def test_a_second_start_on_the_same_data_is_refused_with_a_sentence(server, data_dir):
    with pytest.raises(DataInUse, match=str(os.getpid())):
        EmbeddedPostgres(data_dir, durable=False).start()
    assert count(server) >= 0


def test_a_second_process_is_refused_while_the_first_goes_on(server, data_dir):
    other = subprocess.run(
        [sys.executable, "-c", KEEPER, str(data_dir)], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert other.returncode != 0
    assert "DataInUse" in other.stderr
    assert count(server) >= 0


def test_it_starts_again_after_a_kill_and_loses_nothing(data_dir):
    with EmbeddedPostgres(data_dir) as server:
        add(server)
        before = count(server)
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not server.is_alive)
        server.restart()
        assert count(server) == before


def test_it_ends_with_a_parent_that_is_killed(data_dir):
    parent, pid = keep_elsewhere(data_dir)
    end(parent)
    if sys.platform.startswith("linux"):
        wait_until(lambda: is_gone(pid))
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert server.pid != pid
        assert count(server) >= 0


def test_a_server_that_outlived_its_parent_is_stopped_by_the_next_start(data_dir, monkeypatch):
    monkeypatch.setattr(embedded_postgres, "signalled_when_parent_dies", lambda number: None)
    orphaned = EmbeddedPostgres(data_dir, durable=False).start()
    pid = orphaned.pid
    orphaned._lock.release()  # What the system does when the parent dies.
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert server.pid != pid
        wait_until(lambda: orphaned._process.poll() is not None)
        assert count(server) >= 0


def test_a_stale_lock_whose_number_belongs_to_another_program_is_no_hindrance(data_dir):
    home = embedded_postgres.home_of(data_dir)
    stale = home / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home / 'data'}\n0\n5432\n\n\n")
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert count(server) >= 0


def test_data_of_another_major_version_are_refused_with_a_sentence(data_dir):
    version = embedded_postgres.home_of(data_dir) / "data" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("9\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 9"):
            EmbeddedPostgres(data_dir, durable=False).start()
    finally:
        version.write_text(kept)
    assert not embedded_postgres.is_running(data_dir)


def test_missing_programs_are_told_with_the_way_out(tmp_path):
    with pytest.raises(EmbeddedPostgresError, match="ENTREGENT_PG_BIN_DIR"):
        EmbeddedPostgres(tmp_path, tmp_path / "nothing").start()
    assert not embedded_postgres.is_running(tmp_path)


def test_a_long_path_gets_a_short_closed_socket_folder(tmp_path):
    data_dir = tmp_path / ("long" * 30)
    short = embedded_postgres.socket_dir_of(data_dir)
    assert len(os.fsencode(short)) < 60
    assert short != embedded_postgres.socket_dir_of(tmp_path / ("Long" * 30))


def test_a_socket_folder_that_is_open_to_others_is_refused(tmp_path):
    server = EmbeddedPostgres(tmp_path / ("long" * 30))
    server.socket_dir.mkdir(mode=0o755)
    try:
        with pytest.raises(EmbeddedPostgresError, match=server.socket_dir.name):
            server._make_socket_dir()
    finally:
        server.socket_dir.rmdir()


def test_a_block_uses_the_server_that_runs_already_and_leaves_it_running(server, data_dir):
    with embedded_postgres.available(data_dir) as dsn:
        assert dsn == server.dsn
    assert server.is_alive


def test_a_lock_is_free_again_when_its_process_is_gone(tmp_path):
    path = tmp_path / "some.lock"
    code = (
        "import sys, time; from pathlib import Path; from entregent.config.embedded_postgres import FolderLock;"
        "lock = FolderLock(Path(sys.argv[1])); lock.acquire(); print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    holder.stdout.readline()
    lock = FolderLock(path)
    with pytest.raises(DataInUse, match=str(holder.pid)):
        lock.acquire()
    assert lock.is_held_by_somebody
    end(holder)
    lock.acquire()
    lock.release()
    assert not lock.is_held_by_somebody


def test_a_data_folder_that_the_server_cannot_reach_gets_a_reachable_place_by_a_link():
    with tempfile.TemporaryDirectory() as closed:  # 0700: closed to the user that root's server runs as.
        folder = Path(closed) / "data"
        folder.mkdir()
        embedded_postgres._make_home(folder)
        home = embedded_postgres.home_of(folder)
        try:
            is_elsewhere = home.parent == embedded_postgres.REACHABLE_HOME
            assert is_elsewhere == (os.geteuid() == 0)
            assert stat.S_IMODE(home.stat().st_mode) == 0o700
        finally:
            home.rmdir()


def test_programs_that_the_server_cannot_read_are_copied_once_with_their_libraries(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_postgres, "REACHABLE_HOME", tmp_path / "reachable")
    monkeypatch.setattr(embedded_postgres, "_can", lambda identity, question, path: False)
    bin_dir = tmp_path / "embedded" / "pginstall" / "bin"
    bin_dir.mkdir(parents=True)
    (tmp_path / "embedded.libs").mkdir()
    (tmp_path / "embedded.libs" / "libpq.so").touch()
    for name in ("postgres", "initdb"):
        (bin_dir / name).touch(mode=0o755)
    found = embedded_postgres._readable_programs(bin_dir)
    if os.geteuid() == 0:
        assert embedded_postgres.has_server(found)
        assert (found / "../../../embedded.libs/libpq.so").resolve().is_file()
        assert found.is_relative_to(tmp_path / "reachable")
        assert embedded_postgres._readable_programs(bin_dir) == found
        assert len(list((tmp_path / "reachable").iterdir())) == 1
    else:
        assert found == bin_dir  # Who starts the server is who reads them.
