"""Odoo by its JSON-RPC API (`/jsonrpc`, `execute_kw` on `res.partner`).

The field that holds our number (`ref` unless another is named) tells a partner again whose creation got no answer.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import (
    KEPT,
    SECONDS,
    TRIAL_SECONDS,
    Away,
    Carrier,
    Done,
    Item,
    Refused,
    TryLater,
)
from entregent.connectors.carriers.http import call, json_of

MODEL = "res.partner"


class OdooCarrier(Carrier):
    user: int = 0

    @property
    def key_field(self) -> str:
        return self.wiring.settings.get("key_field") or "ref"

    def test(self) -> str:
        self._sign_in(TRIAL_SECONDS)
        known = self._execute(MODEL, "fields_get", [[self.key_field]], {"attributes": ["type"]}, TRIAL_SECONDS)
        if self.key_field not in known:
            said = _("Odoo n’a pas de champ « %(field)s » dans ses contacts.")
            raise Refused(said % {"field": self.key_field})
        return _("Connexion réussie : Odoo répond et admet la clé.")

    def push(self, items: Sequence[Item]) -> list[Done]:
        (item,) = items
        found = [int(item.external_id)] if item.external_id.isdigit() else self._found(item.number)
        if item.is_withdrawal:
            return [self._withdraw(item, found)]
        values = self._values(item)
        if found and self._execute(MODEL, "search_count", [[["id", "in", found]]], _ARCHIVED):
            # Who comes back after a withdrawal is no longer archived.
            self._execute(MODEL, "write", [found, values | {"active": True}])
            return [Done(item.key, str(found[0]), 200, _("Modifié dans Odoo : id %(id)s.") % {"id": found[0]})]
        made = self._execute(MODEL, "create", [values])
        made = made[0] if isinstance(made, list) else made
        return [Done(item.key, str(made), 200, _("Créé dans Odoo : id %(id)s.") % {"id": made})]

    def _found(self, number: str) -> list[int]:
        return list(self._execute(MODEL, "search", [[[self.key_field, "=", number]]], _ARCHIVED | {"limit": 1}))

    def _withdraw(self, item: Item, found: list[int]) -> Done:
        """Archived or deleted as the connector says, and looked at afterwards: that is the acknowledgement."""
        is_deletion = self.wiring.settings.get("on_withdrawal") == "delete"
        there = bool(found) and self._execute(MODEL, "search_count", [[["id", "in", found]]], _ARCHIVED)
        if not there:
            return Done(item.key, item.external_id, 200, _("Odoo n’a pas (ou plus) ce contact."))
        if is_deletion:
            self._execute(MODEL, "unlink", [found])
        else:
            self._execute(MODEL, "write", [found, {"active": False}])
        # Without the archived ones now.
        left = self._execute(MODEL, "search_count", [[["id", "in", found]]], _ARCHIVED if is_deletion else {})
        if left:
            raise TryLater(_("Odoo montre encore ce contact après le retrait."))
        said = _("Supprimé dans Odoo : id %(id)s.") if is_deletion else _("Archivé dans Odoo : id %(id)s.")
        return Done(item.key, str(found[0]), 200, said % {"id": found[0]})

    def _values(self, item: Item) -> dict[str, Any]:
        values = dict(item.record) | {self.key_field: item.number}
        if "is_company" in values:
            values["is_company"] = values["is_company"] == "company"
        if "country_id" in values:
            code = str(values["country_id"] or "")
            found = self._execute("res.country", "search", [[["code", "=", code]]], {"limit": 1}) if code else []
            values["country_id"] = found[0] if found else False
        # Odoo says « nothing » by false.
        return {name: False if value in ("", None, []) else value for name, value in values.items()}

    def _sign_in(self, seconds: float = SECONDS) -> None:
        settings = self.wiring.settings
        user = self._rpc("common", "login", [settings.get("database", ""), settings.get("username", ""),
                                            self.wiring.secret], seconds)  # fmt: skip
        if not isinstance(user, int) or isinstance(user, bool) or not user:
            raise Away(_("Odoo refuse l’identifiant, la clé ou la base."))
        self.user = user

    def _execute(self, model: str, method: str, args: list, options: dict | None = None, seconds: float = SECONDS):
        if not self.user:
            self._sign_in(seconds)
        login = [self.wiring.settings.get("database", ""), self.user, self.wiring.secret]
        return self._rpc("object", "execute_kw", [*login, model, method, args, options or {}], seconds)

    def _rpc(self, service: str, method: str, args: list, seconds: float) -> Any:
        body = {
            "jsonrpc": "2.0", "method": "call", "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }  # fmt: skip
        address = f"{self.wiring.address.rstrip('/')}/jsonrpc"
        told = json_of(call(self.wiring, "POST", address, body=body, headers={}, seconds=seconds))
        if not isinstance(told, dict):
            raise TryLater(_("La réponse de l’autre système n’est pas lisible."))
        if told.get("error"):
            data = told["error"].get("data") or {}
            name, message = str(data.get("name", "")), str(data.get("message") or told["error"].get("message", ""))
            said = _("Odoo refuse : %(error)s") % {"error": " ".join(message.split())[:300]}
            if name.startswith(("psycopg2", "odoo.exceptions.ConcurrencyError")):
                raise TryLater(said, answer=message[:KEPT])
            if name.endswith("AccessDenied"):
                raise Away(said, answer=message[:KEPT])
            raise Refused(said, answer=message[:KEPT])
        return told.get("result")


_ARCHIVED: dict[str, Any] = {"context": {"active_test": False}}
