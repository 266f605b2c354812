"""A signed message for each change (Standard Webhooks): `client.pushed`, `client.withdrawn`."""

import json
from collections.abc import Sequence
from datetime import UTC

from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from entregent.connectors.carriers.contract import SECONDS, TRIAL_SECONDS, Away, Carrier, Done, Item
from entregent.connectors.carriers.http import call, text_of
from entregent.outbox.endpoints import message_body
from entregent.toolbox.outgoing import Answer

PUSHED, WITHDRAWN = "client.pushed", "client.withdrawn"


class WebhookCarrier(Carrier):
    def test(self) -> str:
        answer = self._send("ping", f"ping_{int(timezone.now().timestamp())}", {}, TRIAL_SECONDS)
        values = {"status": answer.status, "ms": round(answer.seconds * 1000)}
        return _("Connexion réussie : code %(status)s en %(ms)s ms.") % values

    def push(self, items: Sequence[Item]) -> list[Done]:
        (item,) = items
        data = {"organization": self.wiring.organization, "number": item.number, "sequence": item.sequence}
        data |= {"external_id": item.external_id or None}
        if not item.is_withdrawal:
            data["client"] = item.record
        answer = self._send(WITHDRAWN if item.is_withdrawal else PUSHED, f"msg_{item.key}", data, SECONDS)
        return [Done(item.key, _id_in(answer) or item.external_id, answer.status, text_of(answer))]

    def _send(self, event: str, message: str, data: dict, seconds: float) -> Answer:
        if not self.wiring.secret:
            raise Away(_("Le secret n’est plus lisible : saisissez-le de nouveau."))
        now = timezone.now()
        body = message_body(event, data, now)
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.wiring.secret).sign(message, now.astimezone(UTC), body),
        }
        return call(self.wiring, "POST", self.wiring.address, body=body.encode(), headers=headers, seconds=seconds)


def _id_in(answer: Answer) -> str:
    """`{"id": …}` or `{"number": …}`: under which the other side keeps the client."""
    try:
        read = json.loads(answer.body)
    except ValueError:
        return ""
    found = read.get("id") or read.get("number") if isinstance(read, dict) else None
    return str(found)[:200] if isinstance(found, str | int) and not isinstance(found, bool) else ""
