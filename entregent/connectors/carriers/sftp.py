"""The same files by SFTP: the server is known by the fingerprint of its key before anything is told to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncssh
from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import SECONDS, Away, Refused, Wiring
from entregent.connectors.carriers.files import ACKNOWLEDGEMENTS, MOST_FILES, MOST_READ, FileCarrier, Folder, is_told
from entregent.toolbox import hosts
from entregent.toolbox.errors import Refusal


class _Unknown(Exception):
    """The key of the server is not the one that is kept."""


class _Visitor(asyncssh.SSHClient):
    """Looks at the key of the server before signing in; another one ends the connection."""

    def __init__(self, fingerprint: str):
        self.fingerprint, self.seen = fingerprint, ""

    def validate_host_public_key(self, host, addr, port, key):
        self.seen = key.get_fingerprint()
        return bool(self.fingerprint) and self.seen == self.fingerprint


class Remote(Folder):
    def __init__(self, wiring: Wiring):
        self.wiring = wiring
        self.folder = str(wiring.settings.get("folder") or ".").rstrip("/") or "/"

    def check(self) -> None:
        async def look(sftp: asyncssh.SFTPClient) -> None:
            await self._made(sftp)
            probe = f"{self.folder}/.essai"
            async with sftp.open(probe, "wb") as file:
                await file.write(b"")
            await sftp.remove(probe)

        self._within(look)

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        async def drop(sftp: asyncssh.SFTPClient) -> None:
            await self._made(sftp)
            for name, content in files:
                part = f"{self.folder}/.{name}.part"
                async with sftp.open(part, "wb") as file:
                    await file.write(content)
                # A file of that name is there where a former try got that far: the same rows.
                if await sftp.exists(f"{self.folder}/{name}"):
                    await sftp.remove(f"{self.folder}/{name}")
                await sftp.rename(part, f"{self.folder}/{name}")

        self._within(drop)

    def read_acknowledgements(self) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []

        async def fetch(sftp: asyncssh.SFTPClient) -> None:
            place = f"{self.folder}/{ACKNOWLEDGEMENTS}"
            if not await sftp.isdir(place):
                return
            for name in sorted(str(one) for one in await sftp.listdir(place) if is_told(str(one)))[:MOST_FILES]:
                async with sftp.open(f"{place}/{name}", "rb") as file:
                    content = await file.read(MOST_READ)
                found.append((name, content if isinstance(content, bytes) else content.encode()))

        self._within(fetch)
        return found

    def put_away(self, names: Sequence[str]) -> None:
        async def remove(sftp: asyncssh.SFTPClient) -> None:
            for name in names:
                await sftp.remove(f"{self.folder}/{ACKNOWLEDGEMENTS}/{name}")

        self._within(remove)

    async def _made(self, sftp: asyncssh.SFTPClient) -> None:
        await sftp.makedirs(f"{self.folder}/{ACKNOWLEDGEMENTS}", exist_ok=True)

    def _within(self, work: Callable[[asyncssh.SFTPClient], Awaitable[None]]) -> None:
        """One connection, the work, and everything that can go wrong told apart."""
        settings = self.wiring.settings
        visitor = _Visitor(str(settings.get("fingerprint") or ""))
        try:
            port = int(settings.get("port") or 22)
            sock = hosts.connect(self.wiring.address, port, timeout=SECONDS, may_loop=self.wiring.may_loop)
        except Refusal as refusal:
            raise Refused(str(refusal.message)) from None
        except OSError as error:
            reason = str(error)[:200] or type(error).__name__
            raise Away(_("L’autre système ne répond pas : %(error)s.") % {"error": reason}) from error
        sock.setblocking(False)
        try:
            asyncio.run(asyncio.wait_for(self._talk(sock, visitor, work), SECONDS * 6))
        except TimeoutError as error:
            raise Away(_("L’autre système n’a pas répondu à temps.")) from error
        except asyncssh.HostKeyNotVerifiable as error:
            words = {"fingerprint": visitor.seen}
            if visitor.fingerprint:
                said = _("Ce serveur n’est plus le même : son empreinte est %(fingerprint)s. Rien n’a été envoyé.")
            else:
                said = _("Empreinte du serveur : %(fingerprint)s. Vérifiez-la, inscrivez-la et essayez de nouveau.")
            raise Away(said % words) from error
        except asyncssh.PermissionDenied as error:
            raise Away(_("Le serveur refuse l’identifiant, le mot de passe ou la clé.")) from error
        except asyncssh.SFTPError as error:
            reason = str(error.reason)[:200]
            raise Away(_("Le dossier ne peut pas être écrit : %(error)s.") % {"error": reason}) from error
        except (asyncssh.Error, OSError) as error:
            reason = str(error)[:200] or type(error).__name__
            raise Away(_("L’autre système ne répond pas : %(error)s.") % {"error": reason}) from error
        finally:
            sock.close()

    async def _talk(self, sock, visitor: _Visitor, work: Callable[[asyncssh.SFTPClient], Awaitable[None]]) -> None:
        secret = self.wiring.secret
        is_key = secret.lstrip().startswith("-----BEGIN")
        try:
            keys = [asyncssh.import_private_key(secret)] if is_key else None
        except asyncssh.KeyImportError as error:
            raise Refused(_("Cette clé privée n’est pas lisible.")) from error
        async with asyncssh.connect(
            self.wiring.address, sock=sock, username=str(self.wiring.settings.get("username") or ""),
            password=None if is_key else secret, client_keys=keys, agent_path=None, config=None,
            known_hosts=([], [], []), client_factory=lambda: visitor, gss_host=None,
        ) as connection, connection.start_sftp_client() as sftp:  # fmt: skip
            await work(sftp)


class SftpCarrier(FileCarrier):
    def folder(self) -> Folder:
        return Remote(self.wiring)
