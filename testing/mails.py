"""Mails for tests: whole ones, and thousands that are wrong somewhere, always the same ones."""

import functools
import random
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

WORDS = ["compteur", "relevé", "facture", "bonjour", "merci", "fuite", "abonnement", "été", "œuvre", "demain"]


def make_mail(
    *,
    sender="Jeanne Dupont <jeanne@client.example>",
    to="contact@eaux.example",
    subject="Fuite au compteur",
    text="Bonjour,\n\nMon compteur fuit.\n\nJeanne Dupont\n",
    html=None,
    files=(),
    message_id=None,
    date=None,
    cc=None,
    **headers,
) -> bytes:
    """`files`: (name, media type, content). Headers by keyword: `In_Reply_To="<…>"`."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    if cc:
        mail["Cc"] = cc
    mail["Subject"] = subject
    mail["Date"] = format_datetime(date or datetime.now(UTC))
    mail["Message-ID"] = message_id or make_msgid(domain="client.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html is not None:
        mail.add_alternative(html, subtype="html")
    for name, media_type, content in files:
        maintype, _slash, subtype = media_type.partition("/")
        mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@functools.lru_cache(maxsize=1)
def _pool() -> list[bytes]:
    chance = random.Random(1)
    return [mail for _turn in range(4) for mail in seeds(chance)]


def seeds(chance: random.Random) -> list[bytes]:
    """Whole mails of the kinds that come."""
    text = " ".join(chance.choices(WORDS, k=30))
    quoted = "\n".join(f"> {word}" for word in chance.choices(WORDS, k=8))
    attribution = "Le 19 nov. 2026 à 09:13, Tom <tom@mecano.example> a écrit :"
    inner = make_mail(subject="De l'intérieur", text=text)
    report = (
        b"From: MAILER-DAEMON@relay.example\r\nTo: contact@eaux.example\r\nSubject: Undelivered\r\n"
        b"Message-ID: <bounce@relay.example>\r\nAuto-Submitted: auto-replied\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n'
        b"--b1\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        b"--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        b"Final-Recipient: rfc822; lea@client.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n"
        b"--b1\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b1--\r\n"
    )
    return [
        make_mail(text=text),
        make_mail(text=f"{text}\n\n{attribution}\n{quoted}\n", In_Reply_To="<abc@entregent.example>"),
        make_mail(text=text, html=f"<html><body><p>{text}</p><img src='cid:x1'><script>x()</script></body></html>"),
        make_mail(text=text, files=[("relevé été.pdf", "application/pdf", b"%PDF-1.4\n" + text.encode())]),
        make_mail(
            html=f"<table><tr><td>{text}</td></tr></table><blockquote>{quoted}</blockquote>",
            files=[("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))],
        ),
        make_mail(subject="=?iso-8859-1?Q?R=E9ponse_automatique?=", Auto_Submitted="auto-replied", text=text),
        inner.replace(b"utf-8", b"x-unknown-8bit"),
        report,
    ]


_HOSTILE = [
    b"\0", b"=?utf-8?q?=?=", b"=?x?b?!!?=", b"\xff\xfe", b"\r\n", b"--", b'boundary="', b"charset=", b";;", b'"',
    b"<", b">",
    b"Content-Type: multipart/mixed\r\n", b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: uuencode\r\n", b"From: \r\n", b"To: @,@,<>\r\n",
    b"Date: 99 Xyz 0000 99:99:99 +9999\r\n",
    b"Message-ID: \r\n", b"filename*=utf-8'fr'%ff%fe", b"filename*0*=x''%", b"charset*=x'y'z%zz", b"\xed\xa0\x80",
    b"begin 644 x\n",
    b"References: " + b"<a@b> " * 200, b"[", b"]", b"(" * 50, b"\x1b[2J", "\u202e".encode(), b"=\r\n", b"=ZZ",
]  # fmt: skip


def mutated(number: int, *, seed: int = 7) -> bytes:
    """The mutated mail of that number: bytes gone, doubled, changed, headers and hostile pieces put in."""
    chance = random.Random(f"{seed}-{number}")
    raw = bytearray(chance.choice(_pool()))
    for _turn in range(chance.randint(1, 12)):
        place = chance.randrange(len(raw) + 1)
        length = chance.choice([1, 2, 8, 60, 400])
        way = chance.randrange(7)
        if way == 0:
            del raw[place : place + length]
        elif way == 1:
            raw[place:place] = raw[place : place + length]
        elif way == 2:
            raw[place : place + length] = chance.randbytes(min(length, 60))
        elif way in (3, 4):
            raw[place:place] = chance.choice(_HOSTILE)
        elif way == 5:
            header_end = max(1, raw.find(b"\r\n\r\n"))
            place = raw.find(b"\n", chance.randrange(header_end)) + 1
            raw[place:place] = chance.choice(_HOSTILE)
        else:
            raw[place:] = raw[place : place + 3 * length]
        if not raw:
            raw = bytearray(b"\r\n")
    return bytes(raw)
