"""A real IMAP server: Debian's Dovecot on a free port of 127.0.0.1, with a folder of its own, ended by its pid.

Every name is admitted with the password `PASSWORD`; each has a mailbox of its own.
"""

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAM = "/usr/sbin/dovecot"
PASSWORD = "mot-de-passe-imap"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100
first_valid_uid = {uid}
last_valid_uid = {uid}
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """Start it, fill mailboxes with `deliver`, kill it as one likes; it keeps its port and its mails."""

    def __init__(self):
        # As root, Dovecot demands another user for mails: « mail » or « nobody » exists everywhere.
        names = ["mail", "nobody"] if os.geteuid() == 0 else [pwd.getpwuid(os.geteuid()).pw_name]
        user = next(pwd.getpwnam(name) for name in names if _exists(name))
        self.folder = Path(tempfile.mkdtemp(prefix="entregent-dovecot-"))
        self.folder.chmod(0o755)
        for name in ("run", "state", "mail", "home"):
            (self.folder / name).mkdir()
        for name in ("mail", "home"):
            shutil.chown(self.folder / name, user.pw_uid, user.pw_gid)
        self.port = _free_port()
        group = subprocess.run(["id", "-gn", user.pw_name], capture_output=True, text=True, check=True).stdout.strip()
        (self.folder / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                folder=self.folder, uid=user.pw_uid, gid=user.pw_gid, user=user.pw_name, group=group, port=self.port,
                password=PASSWORD,
            )
        )  # fmt: skip
        self.process: subprocess.Popen | None = None

    def start(self) -> "Dovecot":
        """Tries again while what a killed master left still holds its sockets."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                self.process = subprocess.Popen(
                    [PROGRAM, "-F", "-c", str(self.folder / "dovecot.conf")],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2) as greeting:
                    if greeting.recv(4) and self.process.poll() is None:
                        return self
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"Dovecot did not start: {self.told()}")

    def told(self) -> str:
        log = self.folder / "dovecot.log"
        return log.read_text()[-3000:] if log.exists() else ""

    def kill(self) -> None:
        """As if the machine had gone: the server and whatever it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        (self.folder / "run" / "master.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, name: str) -> imaplib.IMAP4:
        opened = imaplib.IMAP4("127.0.0.1", self.port)
        opened.login(name, PASSWORD)
        return opened

    def deliver(self, name: str, *mails: bytes) -> None:
        """Puts mails into the inbox of `name`."""
        opened = self.client(name)
        for mail in mails:
            answer, told = opened.append("INBOX", None, None, mail)  # type: ignore[arg-type]
            assert answer == "OK", told
        opened.logout()

    def holds(self, name: str, criterion: str = "ALL", folder: str = "INBOX") -> int:
        """How many mails of the folder match."""
        opened = self.client(name)
        opened.select(folder, readonly=True)
        _answer, found = opened.search(None, criterion)
        opened.logout()
        return len(found[0].split())

    def number_anew(self, name: str) -> None:
        """The mailbox gets another UIDVALIDITY, as after a restored backup. The server must be down."""
        for listed in (self.folder / "mail" / name).glob("dovecot*"):
            listed.unlink()
        time.sleep(1.1)  # The validity is the second in which the list is made.


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
