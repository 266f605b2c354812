"""Mails in: how many a minute are kept, read and filed, and whether each became one entry.

As the reader and the job do it, one after the other in this process: kept and committed, then read and filed. Half of
them are of new senders' interactions, half are answers; one in ten comes twice.
"""

import json
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import click
import django

from benchmarks import figures, queries

MAILS = 600
WANTED_A_MINUTE = 1000


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from entregent.access.wall import in_organization
    from entregent.clients.models import Client
    from entregent.inbound import actions, filing
    from entregent.inbound.models import RawMail
    from entregent.interactions.models import InteractionEntry

    run = f"{time.time_ns()}"
    with in_organization(queries.BIG):
        senders = list(
            Client.objects.filter(organization_id=queries.BIG, deleted_at=None, emails__len=1)
            .exclude(status="removed")
            .values_list("emails", flat=True)[:50]
        )
    addresses = [emails[0] for emails in senders]
    mails = [_mail(run, number, addresses[number % len(addresses)]) for number in range(MAILS)]
    began = time.perf_counter()
    for number, mail in enumerate(mails):
        actions.keep_raw(organization_id=queries.BIG, content=mail)
        if number % 10 == 0:
            actions.keep_raw(organization_id=queries.BIG, content=mail)
    kept = time.perf_counter() - began
    began = time.perf_counter()
    while filing.file_received(queries.BIG):
        pass
    filed = time.perf_counter() - began
    with in_organization(queries.BIG):
        came = RawMail.objects.filter(message_id__startswith=f"<{run}-")
        states = {state: came.filter(state=state).count() for state in RawMail.State.values}
        entries = InteractionEntry.objects.filter(mail_message_id__startswith=f"<{run}-").count()
    result = {
        "machine": figures.machine(),
        "clients": clients,
        "mails": MAILS,
        "kept_per_minute": MAILS / kept * 60,
        "filed_per_minute": MAILS / filed * 60,
        "both_per_minute": MAILS / (kept + filed) * 60,
        "states": states,
        "entries": entries,
    }
    figures.table(
        f"Mail in, {MAILS:,} mails, one reader and one job in turn",
        ["kept/min", "filed/min", "both/min", f"wanted ≥ {WANTED_A_MINUTE:,}", "entries", "to attach"],
        [
            [
                f"{result['kept_per_minute']:.0f}",
                f"{result['filed_per_minute']:.0f}",
                f"{result['both_per_minute']:.0f}",
                "yes" if result["both_per_minute"] >= WANTED_A_MINUTE else "no",
                str(entries),
                str(states["to_attach"]),
            ]
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if sum(states.values()) != MAILS or states["received"] or entries != states["filed"]:
        sys.exit("mails were lost or doubled")


def _mail(run: str, number: int, sender: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "contact@eaux.example", f"Message {number}"
    mail["Message-ID"] = f"<{run}-{number}@client.example>"
    mail["Date"] = "Sun, 22 Nov 2026 09:00:00 +0000"
    if number % 2:
        mail["In-Reply-To"] = f"<{run}-{number - 1}@client.example>"
    mail.set_content("Bonjour,\n\nMon compteur fuit.\n\nLe 19 nov. 2026 à 09:13, Tom a écrit :\n> Bonjour\n")
    mail.add_alternative("<p>Bonjour,</p><p>Mon compteur fuit.</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4\n" + b"x" * 20_000, maintype="application", subtype="pdf", filename="releve.pdf")
    return mail.as_bytes()


if __name__ == "__main__":
    main()
