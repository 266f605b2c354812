"""Mail out against a real SMTP server on loopback: how many a second leave, and whether each arrived once.

The sender works in this process, the server in another one that writes down each Message-ID before it acknowledges.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import django

from benchmarks import figures, queries

MAILS = 3000
AT_LEAST = 50

# Takes mails and writes their Message-ID into a file; says when it listens.
SERVER = """
import email, sys, time
from aiosmtpd.controller import Controller
log = open(sys.argv[1], "a")
class Handler:
    async def handle_DATA(self, server, session, envelope):
        log.write(email.message_from_bytes(envelope.content)["Message-ID"] + "\\n")
        log.flush()
        return "250 OK"
controller = Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[2]))
controller.start()
print("ready", flush=True)
while True:
    time.sleep(60)
"""


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.conf import settings
    from django.db import transaction

    from entregent.access.wall import in_organization
    from entregent.outbox.actions import send_mail
    from entregent.outbox.delivery import deliver_due
    from entregent.outbox.models import Message

    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder) / "taken"
        taken.touch()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(taken), str(port)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
            settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
            settings.MAIL_IS_KEPT = False
            deliver_due(most=10**6)
            taken.write_text("")
            ids = []
            began = time.perf_counter()
            for start in range(0, MAILS, 100):
                with transaction.atomic(), in_organization(queries.BIG):
                    for number in range(start, start + 100):
                        ids.append(
                            send_mail(
                                organization_id=queries.BIG,
                                to=f"client{number}@example.com",
                                subject=f"Votre demande n° {number}",
                                paragraphs=["Bonjour,", "Nous avons enregistré votre demande.", "À bientôt."],
                                button=("Ouvrir l’échange", "http://127.0.0.1:8000/portail/"),
                                thread=("i", number),
                            ).message_id
                        )
            written = time.perf_counter() - began
            began, cpu = time.perf_counter(), time.process_time()
            while deliver_due():
                pass
            sent, cpu = time.perf_counter() - began, time.process_time() - cpu
            arrived = taken.read_text().split()
        finally:
            server.kill()
            server.wait()
    with in_organization(queries.BIG):
        settled = Message.objects.filter(message_id__in=ids, state="sent").count()
        Message.objects.filter(message_id__in=ids).delete()
    result = {
        "machine": figures.machine(),
        "clients": clients,
        "mails": MAILS,
        "written_per_second": MAILS / written,
        "sent_per_second": MAILS / sent,
        "sender_cpu_ms": cpu * 1000 / MAILS,
        "lost": len(set(ids) - set(arrived)),
        "twice": len(arrived) - len(set(arrived)),
        "settled": settled,
    }
    figures.table(
        f"Mail out, {MAILS:,} mails, one sender",
        ["written/s", "sent/s", f"wanted ≥ {AT_LEAST}", "processor, ms a mail", "lost", "twice"],
        [
            [
                f"{result['written_per_second']:.0f}",
                f"{result['sent_per_second']:.0f}",
                "yes" if result["sent_per_second"] >= AT_LEAST else "no",
                f"{result['sender_cpu_ms']:.1f}",
                str(result["lost"]),
                str(result["twice"]),
            ]
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if result["lost"] or settled != MAILS:
        sys.exit("mails were lost")


if __name__ == "__main__":
    main()
