"""Mails that a mail server of this machine hands over (LMTP, RFC 2033): one answer for each recipient.

« 250 » is said once the mail is kept and committed. Whatever stands in the way is « 451 »: the mail server keeps the
mail and comes again. On the loopback only: who may send mails here is the mail server's business.
"""

import logging

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from entregent.inbound import mails, routing
from entregent.inbound.actions import keep_raw

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_AWAY = "451 4.3.0 Not now, try again"


class Delivery:
    """What is done with each recipient and with the mail."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        try:
            found = await _in_thread(routing.addressee, address)
        except Exception:
            logger.exception("an addressee could not be looked for")
            return _AWAY
        if found is None:
            return "550 5.1.1 Nobody here has this address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content or b""
        return "\r\n".join([await _kept(address, content) for address in envelope.rcpt_tos])


async def _kept(address: str, content: bytes) -> str:
    try:
        return await _in_thread(_keep, address, content)
    except Exception:
        logger.exception("a mail could not be kept")
        return _AWAY


def _keep(address: str, content: bytes) -> str:
    found = routing.addressee(address)
    if found is None:
        return "550 5.1.1 Nobody here has this address"
    organization_id, mailbox_id = found
    # The envelope's address, which alone carries the token where the mail was a blind copy.
    plain = "".join(character for character in address if character.isprintable())
    marked = f"Delivered-To: {plain}\r\n".encode() + content
    keep_raw(organization_id=organization_id, content=marked, mailbox_id=mailbox_id)
    return "250 2.0.0 Kept"


async def _in_thread(work, *arguments):
    def run():
        close_old_connections()
        try:
            return work(*arguments)
        finally:
            close_old_connections()

    return await sync_to_async(run, thread_sensitive=False)()


class Server(Controller):
    """Listens in a thread of its own."""

    def __init__(self, port: int):
        super().__init__(Delivery(), hostname=HOST, port=port, ready_timeout=10)

    def factory(self):
        return LMTP(self.handler, data_size_limit=mails.MOST_OCTETS, decode_data=False, enable_SMTPUTF8=True)


def start(port: int) -> Server:
    server = Server(port)
    server.start()
    logger.info("LMTP is listening on %s:%s", HOST, port)
    return server
