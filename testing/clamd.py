"""A small virus scanner that speaks clamd's INSTREAM over TCP and knows one virus: EICAR's test file."""

import socketserver
import struct
import threading
from contextlib import contextmanager

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        command = self._command()
        if command != b"INSTREAM":
            self.wfile.write(b"UNKNOWN COMMAND\n")
            return
        content = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
            if len(content) > self.server.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\n")
                return
        self.server.scanned += 1
        found = b"Eicar-Test-Signature FOUND" if EICAR in content else b"OK"
        self.wfile.write(b"stream: " + found + b"\n")

    def _command(self) -> bytes:
        first = self.rfile.read(1)
        end = b"\n" if first == b"n" else b"\0"
        command = b""
        while (octet := self.rfile.read(1)) not in (end, b""):
            command += octet
        return command


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    scanned = 0
    most = 25 * 1024 * 1024


@contextmanager
def running_clamd():
    """The server; its address is `server.url`."""
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        server.url = f"tcp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
