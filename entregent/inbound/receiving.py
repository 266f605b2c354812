"""What receives mails, beside the work of the worker: readers of mailboxes, and LMTP where a port is set."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from entregent.inbound import lmtp
from entregent.inbound.reader import Readers


@contextmanager
def receiving() -> Iterator[None]:
    """A mailbox that is added while it runs is fetched a few seconds later."""
    readers = Readers(url=settings.INBOUND_MAIL_URL)
    readers.start()
    server = lmtp.start(settings.LMTP_PORT) if settings.LMTP_PORT else None
    try:
        yield
    finally:
        if server is not None:
            server.stop()
        readers.stop()
        readers.join(5)
