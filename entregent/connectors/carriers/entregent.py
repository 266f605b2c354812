"""Another Entregent, by its API v1: clients there under numbers of their own, made once by an idempotency key."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import (
    SECONDS,
    TRIAL_SECONDS,
    Carrier,
    Done,
    Item,
    Refused,
    Trouble,
    TryLater,
)
from entregent.connectors.carriers.http import call, json_of, text_of
from entregent.toolbox.outgoing import Answer

REMOVED = "removed"
# What a first push says and no later one: addresses have an operation of their own.
_PARTS = ("addresses",)


class EntregentCarrier(Carrier):
    def __post_init__(self):
        self.repeats_creation = True

    def test(self) -> str:
        answer = self._call("GET", "/clients?limit=1", seconds=TRIAL_SECONDS)
        if not isinstance(json_of(answer), dict):
            raise Refused(_("Cette adresse n’est pas celle d’un Entregent."))
        return _("Connexion réussie : l’autre Entregent répond et admet le jeton.")

    def push(self, items: Sequence[Item]) -> list[Done]:
        (item,) = items
        number = item.external_id
        if not number and item.creating is not None:
            number = self._create(item.creating["key"], item.creating["record"])
        elif not number and item.is_withdrawal:
            return [Done(item.key, "", None, _("Rien à retirer : ce client n’y a jamais été créé."))]
        elif not number:
            number = self._create(item.key, item.record)
            return [Done(item.key, number, 201, _("Créé sous le n° %(number)s.") % {"number": number})]
        try:
            return [self._withdraw(item, number) if item.is_withdrawal else self._update(item, number)]
        except Trouble as trouble:
            trouble.external_id = number
            raise

    def _create(self, key: str, record: dict) -> str:
        answer = self._call("POST", "/clients", body=record, headers={"Idempotency-Key": key})
        return str(json_of(answer)["number"])

    def _update(self, item: Item, number: str) -> Done:
        """As it stands there; somebody who changes it at that moment does not stop us (a second look)."""
        path = f"/clients/{quote(number, safe='')}"
        for _again in range(3):
            standing = self._call("GET", path, taken=(404,))
            if standing.status == 404:
                made = self._create(item.key, item.record)
                return Done(item.key, made, 201, _("Créé de nouveau : l’autre Entregent ne l’avait plus."))
            there = json_of(standing)
            if there.get("status") == REMOVED:
                self._call("POST", f"{path}/reinstatement", body={}, headers={"Idempotency-Key": f"{item.key}-back"})
                continue
            changes = {name: value for name, value in item.record.items() if name not in _PARTS}
            changes = {name: value for name, value in changes.items() if there.get(name) != value}
            answer = standing
            if changes:
                answer = self._call(
                    "PATCH", path, body=changes, headers={"If-Match": standing.headers.get("etag", "")}, taken=(412,)
                )
                if answer.status == 412:
                    continue
            for place in item.record.get("addresses") or []:
                known = {"Idempotency-Key": f"{item.key}-{place['kind']}"}
                answer = self._call("POST", "/addresses", body=place | {"client": number}, headers=known)
            return Done(item.key, number, answer.status, text_of(answer))
        raise TryLater(_("Quelqu’un modifie ce client là-bas : nouvel essai plus tard."))

    def _withdraw(self, item: Item, number: str) -> Done:
        path = f"/clients/{quote(number, safe='')}/removal"
        answer = self._call("POST", path, body={}, headers={"Idempotency-Key": item.key}, taken=(404,))
        if answer.status == 404:
            return Done(item.key, number, 404, _("L’autre Entregent n’a pas (ou plus) ce client."))
        told = json_of(answer)
        if told.get("status") != REMOVED:
            raise TryLater(_("L’autre Entregent n’a pas retiré ce client."), status=answer.status)
        said = _("Retiré là-bas : n° %(number)s, version %(version)s.")
        return Done(item.key, number, answer.status, said % {"number": number, "version": told.get("version", "")})

    def _call(
        self, method: str, path: str, *, body: Any = None, headers: dict | None = None, seconds: float = SECONDS,
        taken: tuple[int, ...] = (),
    ) -> Answer:  # fmt: skip
        address = f"{self.wiring.address.rstrip('/')}/api/v1{path}"
        known = {"Authorization": f"Bearer {self.wiring.secret}"} | (headers or {})
        answer = call(self.wiring, method, address, body=body, headers=known, seconds=seconds, taken=(404, *taken))
        if answer.status == 404 and 404 not in taken:
            raise Refused(_("L’autre Entregent ne connaît pas cette adresse, ou le jeton n’y a pas accès."), status=404)
        return answer
