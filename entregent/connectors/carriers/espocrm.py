"""EspoCRM by its REST API (`X-Api-Key`): persons are a Contact, companies an Account.

The field that holds our number (`cEntregentNumber` unless another is named: a custom text field of both) tells a record
again whose creation got no answer.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from entregent.connectors.carriers.contract import SECONDS, TRIAL_SECONDS, Carrier, Done, Item, Refused, TryLater
from entregent.connectors.carriers.http import call, json_of, text_of
from entregent.toolbox.outgoing import Answer

CONTACT, ACCOUNT = "Contact", "Account"


class EspoCarrier(Carrier):
    @property
    def key_field(self) -> str:
        return self.wiring.settings.get("key_field") or "cEntregentNumber"

    def test(self) -> str:
        self._call("GET", "/App/user", seconds=TRIAL_SECONDS)
        for entity in (CONTACT, ACCOUNT):
            answer = self._call("GET", self._search(entity, "-"), seconds=TRIAL_SECONDS, taken=(400,))
            if answer.status == 400:
                said = _("EspoCRM n’a pas de champ « %(field)s » (%(entity)s) : créez-le comme champ texte.")
                raise Refused(said % {"field": self.key_field, "entity": entity}, status=400)
        return _("Connexion réussie : EspoCRM répond et admet la clé.")

    def push(self, items: Sequence[Item]) -> list[Done]:
        """The external id says of which entity the record is: « Contact/5f… »."""
        (item,) = items
        path = item.external_id if "/" in item.external_id else self._found(item)
        if item.is_withdrawal:
            return [self._withdraw(item, path)]
        entity, values = values_for(item.record)
        values[self.key_field] = item.number
        if path and path.split("/")[0] == entity:
            answer = self._call("PUT", f"/{_safe(path)}", body=values, taken=(404,))
            if answer.status != 404:
                return [Done(item.key, path, answer.status, text_of(answer))]
        elif path:
            # A person became a company: the record of the other entity goes.
            self._call("DELETE", f"/{_safe(path)}", taken=(404,))
        answer = self._call("POST", f"/{entity}", body=values, headers={"X-Skip-Duplicate-Check": "true"})
        made = json_of(answer)
        return [Done(item.key, f"{entity}/{made['id']}", answer.status, text_of(answer))]

    def _found(self, item: Item) -> str:
        for entity in (CONTACT, ACCOUNT):
            found = json_of(self._call("GET", self._search(entity, item.number))).get("list") or []
            if found:
                return f"{entity}/{found[0]['id']}"
        return ""

    def _withdraw(self, item: Item, path: str) -> Done:
        """Deleted, and looked at afterwards: that is the acknowledgement."""
        if not path:
            return Done(item.key, "", 200, _("EspoCRM n’a pas (ou plus) ce client."))
        deleted = self._call("DELETE", f"/{_safe(path)}", taken=(404,))
        left = self._call("GET", f"/{_safe(path)}", taken=(404,))
        if left.status != 404:
            raise TryLater(_("EspoCRM montre encore ce client après le retrait."), status=left.status)
        return Done(item.key, path, deleted.status, _("Supprimé dans EspoCRM : %(path)s.") % {"path": path})

    def _search(self, entity: str, number: str) -> str:
        where = {
            "maxSize": "1", "select": "id", "where[0][type]": "equals", "where[0][attribute]": self.key_field,
            "where[0][value]": number,
        }  # fmt: skip
        return f"/{entity}?{urlencode(where)}"

    def _call(
        self, method: str, path: str, *, body: Any = None, headers: dict | None = None, seconds: float = SECONDS,
        taken: tuple[int, ...] = (),
    ) -> Answer:  # fmt: skip
        address = f"{self.wiring.address.rstrip('/')}/api/v1{path}"
        known = {"X-Api-Key": self.wiring.secret} | (headers or {})
        return call(self.wiring, method, address, body=body, headers=known, seconds=seconds, taken=taken)


def values_for(record: dict) -> tuple[str, dict]:
    """The mapping names the fields of a Contact; an Account has one name, and another prefix for its address."""
    values = dict(record)
    is_company = values.pop("entityType", "person") == "company"
    if not is_company:
        return CONTACT, values
    told: dict[str, Any] = {"name": values.pop("lastName", "")}
    values.pop("firstName", None)
    for name, value in values.items():
        told[f"billingA{name[1:]}" if name.startswith("address") else name] = value
    return ACCOUNT, told


def _safe(path: str) -> str:
    entity, _slash, identity = path.partition("/")
    return f"{quote(entity, safe='')}/{quote(identity, safe='')}"
