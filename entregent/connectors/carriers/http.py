"""HTTP as the carriers speak it: through the guard of outgoing messages, and every answer told apart."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import KEPT, Away, Gone, Refused, TryLater, Wiring
from entregent.toolbox import outgoing
from entregent.toolbox.errors import Refusal

LONGEST_WAIT = timedelta(days=1)


def call(
    wiring: Wiring,
    method: str,
    address: str,
    *,
    body: Any = None,
    headers: Mapping[str, str],
    seconds: float,
    taken: tuple[int, ...] = (),
) -> outgoing.Answer:
    """The answer, where it is one of success or a status in `taken`; else the trouble that it means."""
    content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    typed = {"Content-Type": "application/json"} if content is not None else {}
    try:
        answer = outgoing.request(
            method, address, body=content, seconds=seconds, may_loop=wiring.may_loop,
            headers={"User-Agent": "Entregent", "Accept": "application/json"} | typed | dict(headers),
        )  # fmt: skip
    except Refusal as refusal:
        raise Refused(str(refusal.message)) from None
    except outgoing.TROUBLES as error:
        if isinstance(error, outgoing.Late | TimeoutError):
            raise Away(_("L’autre système n’a pas répondu à temps.")) from error
        reason = str(error)[:200] or type(error).__name__
        raise Away(_("L’autre système ne répond pas : %(error)s.") % {"error": reason}) from error
    if 200 <= answer.status < 300 or answer.status in taken:
        return answer
    raise trouble_of(answer)


def trouble_of(answer: outgoing.Answer) -> Exception:
    status, told = answer.status, text_of(answer)
    more: dict[str, Any] = {"status": status, "answer": told}
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        return Away(
            _("L’autre système demande d’attendre."), wait=_asked_to_wait(answer.headers.get("retry-after", "")), **more
        )
    if status == 410:
        return Gone(_("L’autre système ne veut plus de messages : l’envoi est arrêté."), **more)
    if status in (401, 403):
        # For all that goes there, until somebody mends the secret.
        return Away(
            _("L’autre système refuse la clé ou le mot de passe (%(status)s).") % {"status": status},
            wait=timedelta(minutes=15), **more,
        )  # fmt: skip
    if status >= 500 or status in (408, 425):
        return TryLater(_("L’autre système a rencontré une erreur (%(status)s).") % {"status": status}, **more)
    if 300 <= status < 400:
        return Refused(_("L’autre système renvoie à une autre adresse : réglez celle-là."), **more)
    reason = _reason(told)
    said = _("L’autre système refuse ce message (%(status)s).") % {"status": status}
    return Refused(f"{said} {reason}".strip(), **more)


def text_of(answer: outgoing.Answer) -> str:
    return answer.body.decode("utf-8", "replace").replace("\0", "")[:KEPT]


def json_of(answer: outgoing.Answer) -> Any:
    """What the other side said, where it is JSON; what is not is trouble on its side."""
    try:
        return json.loads(answer.body)
    except ValueError:
        said = _("La réponse de l’autre système n’est pas lisible.")
        raise TryLater(said, status=answer.status, answer=text_of(answer)) from None


def _reason(told: str) -> str:
    try:
        read = json.loads(told)
    except ValueError:
        return ""
    if not isinstance(read, dict):
        return ""
    found = read.get("detail") or read.get("message") or read.get("error") or ""
    return " ".join(found.split())[:300] if isinstance(found, str) else ""


def _asked_to_wait(told: str) -> timedelta:
    seconds = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 60
    return min(max(timedelta(seconds=seconds), timedelta(seconds=5)), LONGEST_WAIT)
