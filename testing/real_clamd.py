"""A real virus scanner: Debian's clamd on a socket in a folder of its own, with one signature of its own (EICAR's test
file), ended by its pid."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.clamd import EICAR

PROGRAM = "/usr/sbin/clamd"
MOST_MEGABYTES = 2
_CONFIGURATION = """
Foreground yes
LogFile {folder}/clamd.log
DatabaseDirectory {folder}/signatures
LocalSocket {folder}/clamd.sock
StreamMaxLength {most}M
MaxThreads 2
"""


@contextmanager
def real_clamd() -> Iterator[str]:
    """Its address, as `ENTREGENT_CLAMD_URL` takes it."""
    with tempfile.TemporaryDirectory(prefix="entregent-clamd-") as name:
        folder = Path(name)
        (folder / "signatures").mkdir()
        (folder / "signatures" / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(_CONFIGURATION.format(folder=folder, most=MOST_MEGABYTES))
        process = subprocess.Popen(
            [PROGRAM, "--config-file", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait(folder, process)
            yield f"unix://{folder}/clamd.sock"
        finally:
            process.terminate()
            process.wait(30)


def _wait(folder: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(folder / "clamd.sock"))
                return
            except OSError:
                time.sleep(0.1)
    log = folder / "clamd.log"
    raise RuntimeError(f"clamd did not start: {log.read_text() if log.exists() else 'it left no log'}")
