"""The virus scanner: clamd, where `ENTREGENT_CLAMD_URL` names one. Without it files are kept as « sans analyse »."""

import logging
import struct
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from clamav_client.clamd import BufferTooLongError, ClamdError, ClamdNetworkSocket, ClamdUnixSocket, ScanResults
from django.conf import settings

from entregent.documents.models import StoredFile

logger = logging.getLogger(__name__)
SECONDS = 60
PIECE = 64 * 1024


class ScannerUnavailable(Exception):
    """A scanner is configured and does not answer."""


def is_configured() -> bool:
    return bool(settings.CLAMD_URL)


def scan(content: BinaryIO) -> str:
    """clean, infected, or not_scanned: no scanner, or a file larger than what it looks at."""
    if not is_configured():
        return StoredFile.Scan.NOT_SCANNED
    try:
        results = _connected().instream(content)
    except BufferTooLongError:
        return StoredFile.Scan.NOT_SCANNED
    except (ClamdError, OSError) as error:
        logger.warning("The virus scanner does not answer: %s", error)
        raise ScannerUnavailable from error
    statuses = {status for status, _reason in results.values()}
    if statuses == {"OK"}:
        return StoredFile.Scan.CLEAN
    if "FOUND" in statuses:
        return StoredFile.Scan.INFECTED
    raise ScannerUnavailable


class _LargePieces(ClamdNetworkSocket):
    """Sends in pieces of 64 kB, and hears what clamd says when it hangs up amid a file that is too large for it."""

    def instream(self, buff: BinaryIO) -> ScanResults:
        try:
            self._init_socket()
            self._send_command("INSTREAM")
            try:
                while piece := buff.read(PIECE):
                    self.clamd_socket.sendall(struct.pack("!L", len(piece)) + piece)
                self.clamd_socket.sendall(struct.pack("!L", 0))
            except (BrokenPipeError, ConnectionResetError):
                logger.debug("The virus scanner hung up before the end of the file.")
            answer = self._recv_response()
            if "size limit exceeded" in answer:
                raise BufferTooLongError(answer)
            if not answer:
                raise ScannerUnavailable
            name, reason, status = self._parse_response(answer)
            return {name: (status, reason)}
        finally:
            self._close_socket()


class _Unix(_LargePieces, ClamdUnixSocket):
    pass


def _connected() -> ClamdNetworkSocket:
    parts = urlsplit(str(settings.CLAMD_URL))
    if parts.scheme == "unix":
        return _Unix(path=unquote(parts.path), timeout=SECONDS)
    assert parts.hostname is not None, "the environment takes no other"
    return _LargePieces(host=parts.hostname, port=parts.port or 3310, timeout=SECONDS)
