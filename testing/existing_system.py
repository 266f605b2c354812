"""An existing information system on loopback: a real HTTP server that takes signed messages and answers with numbers.

`answers` are given first, one a message: a status, (status, headers), "cut" (it hangs up after it has read), "late"
(it waits `late` seconds), "drip" (a byte now and then). Then it answers 200 with `{"number": …}`, the same for the
same `webhook-id`. `secret` is what signatures are checked with; without one they are not.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


class ExistingSystem:
    def __init__(self, port: int = 0):
        self.answers: list = []
        self.secret = ""
        self.late = 30.0
        self.taken: list[dict] = []  # every message that came, repeats too: {"id", "body", "headers", "said"}
        self.numbers: dict[object, str] = {}  # by dossier
        self.refused: list[str] = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/affaires"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.taken]

    def answer(self, handler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.lock:
            said = self.answers.pop(0) if self.answers else 200
            if self.secret:
                try:
                    Webhook(self.secret).verify(body, headers)
                except WebhookVerificationError as error:
                    self.refused.append(str(error))
                    said = 401
            if said != 401:
                told = json.loads(body)
                self.taken.append({"id": headers["webhook-id"], "body": told, "headers": headers, "said": said})
        if said == "cut":
            handler.connection.close()
            return
        if said == "late":
            time.sleep(self.late)
            return
        if said == "drip":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            try:
                for _again in range(int(self.late * 10)):
                    handler.wfile.write(b"X-Slow: 1\r\n")
                    handler.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                pass
            return
        status, more = said if isinstance(said, tuple) else (said, {})
        content = b"{}"
        if status == 200:
            content = self._number(told)
        handler.send_response(status)
        for name, value in more.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _number(self, told: dict) -> bytes:
        dossier = told["data"].get("number")
        if dossier is None:
            return b'{"ok": true}'
        with self.lock:
            number = self.numbers.setdefault(dossier, f"AFF-2026-{len(self.numbers) + 1:05}")
        return json.dumps({"number": number}).encode()
