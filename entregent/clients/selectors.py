"""Selectors of business objects: « dernière facture », « contrat courant », never an id (R001-18).

A template names selectors. For one client, and the contract that is current if one is, each gives the objects that it
means or the reason why there are none, in a sentence (R001-17): an object belongs to the client, to the current
contract, is of the type that the selector names, and stands in a state that the rule allows.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from entregent.clients.models import BusinessObject, BusinessObjectType, Client

# States of a contract that runs: the code that the standard type has, and the words of files brought in.
ACTIVE_CONTRACT_STATES = ("", "active", "actif", "Actif", "Active")
# As `summary.sql` adds up a balance.
UNPAID_STATES = ("unpaid", "overdue")
# More are not attached to one record: whoever needs them all opens the client file.
MOST = 50

_CONTRACT = BusinessObjectType.CONTRACT


@dataclass(frozen=True)
class Selector:
    """What a selector means: of which type, the last one or all of them, in which states."""

    code: str
    label: Any
    type_code: str
    is_last: bool = True
    states: tuple[str, ...] = ()
    needs_contract: bool = False


@dataclass(frozen=True)
class Selection:
    """What a selector gives for one client: objects, and a reason where something is missing."""

    label: str
    objects: list[BusinessObject] = field(default_factory=list)
    reason: str = ""


_STANDARD = {
    one.code: one
    for one in (
        Selector("current_contract", gettext_lazy("Contrat courant"), _CONTRACT),
        Selector(
            "service_point_of_contract", gettext_lazy("Point de livraison du contrat courant"),
            BusinessObjectType.SERVICE_POINT, is_last=False, needs_contract=True,
        ),
        Selector("last_invoice", gettext_lazy("Dernière facture"), "invoice"),
        Selector("unpaid_invoices", gettext_lazy("Factures impayées"), "invoice", is_last=False, states=UNPAID_STATES),
        Selector("last_reading", pgettext_lazy("meter", "Dernière relève"), "reading"),
    )
}  # fmt: skip


def selector_choices(types: Collection[BusinessObjectType]) -> list[tuple[str, str]]:
    """Every selector with its label: the standard ones of types that are there, then the last and all of each type."""
    known = {kind.code for kind in types}
    choices = [(one.code, str(one.label)) for one in _STANDARD.values() if one.type_code in known]
    for kind in types:
        choices.append((f"last:{kind.code}", _("Le plus récent : %(type)s") % {"type": kind.label}))
        choices.append((f"all:{kind.code}", _("Tous : %(type)s") % {"type": kind.plural}))
    return choices


def selector_of(code: str, types: dict[str, BusinessObjectType]) -> Selector | None:
    """The selector of that code; None where it means nothing here, or no longer does."""
    standard = _STANDARD.get(code)
    if standard is not None:
        return standard if standard.type_code in types else None
    which, _colon, type_code = code.partition(":")
    kind = types.get(type_code)
    if kind is None or which not in ("last", "all"):
        return None
    label = _("Le plus récent : %(type)s") if which == "last" else _("Tous : %(type)s")
    told = {"type": kind.label if which == "last" else kind.plural}
    return Selector(code, label % told, type_code, is_last=which == "last")


def select(
    code: str,
    *,
    client: Client,
    contract: BusinessObject | None,
    among: QuerySet[BusinessObject],
    types: dict[str, BusinessObjectType],
    states: Collection[str] = (),
) -> Selection:
    """The objects of `client` that the selector means, among those in reach; `states`: those that are eligible."""
    selector = selector_of(code, types)
    if selector is None:
        return Selection(code, reason=_("Ce type d'objet n'existe plus."))
    label, kind = str(selector.label), types[selector.type_code]
    if selector.code == "current_contract":
        return _current_contract(label, client, contract, among, kind, states)
    if selector.needs_contract and contract is None:
        return Selection(label, reason=_("Aucun contrat courant : choisissez le contrat."))
    of_client = among.filter(client_id=client.pk, type_id=kind.pk)
    is_narrowed = contract is not None and kind.code != _CONTRACT
    eligible = of_client.filter(contract_id=contract.pk) if is_narrowed and contract is not None else of_client
    if selector.states:
        eligible = eligible.filter(state__in=selector.states)
    if states and not selector.is_last:
        eligible = eligible.filter(state__in=states)
    newest = eligible.select_related("type").order_by(F("dated_on").desc(nulls_last=True), "-id")
    found = list(newest[: 1 if selector.is_last else MOST + 1])
    if not found:
        return Selection(label, reason=_none(kind, selector, is_narrowed=is_narrowed, has_states=bool(states)))
    if selector.is_last and states and found[0].state not in states:
        return Selection(label, reason=_wrong_state(found[0], kind))
    if len(found) > MOST:
        told = {"n": MOST}
        return Selection(label, found[:MOST], _("Les %(n)d plus récents seulement sont attachés.") % told)
    return Selection(label, found)


def _current_contract(label: str, client, contract, among, kind, states) -> Selection:
    if contract is None:
        running = among.filter(client_id=client.pk, type_id=kind.pk, state__in=ACTIVE_CONTRACT_STATES)
        found = list(running.select_related("type")[:2])
        if len(found) != 1:
            reason = _("Plusieurs contrats actifs : choisissez le contrat.") if found else _("Aucun contrat actif.")
            return Selection(label, reason=reason)
        contract = found[0]
    if states and contract.state not in states:
        return Selection(label, reason=_wrong_state(contract, kind))
    return Selection(label, [contract])


def _none(kind: BusinessObjectType, selector: Selector, *, is_narrowed: bool, has_states: bool) -> str:
    if selector.code == "unpaid_invoices":
        return _("Aucune facture impayée pour ce contrat.") if is_narrowed else _("Aucune facture impayée.")
    if has_states and not selector.is_last:
        return _("Aucun n'est dans un état retenu par le modèle.")
    of_contract = {
        "invoice": _("Aucune facture pour ce contrat."),
        "reading": _("Aucune relève pour ce contrat."),
        "meter": _("Aucun compteur pour ce contrat."),
        "service_point": _("Aucun point de livraison pour ce contrat."),
    }
    of_client = {
        "invoice": _("Aucune facture pour ce client."),
        "reading": _("Aucune relève pour ce client."),
        "meter": _("Aucun compteur pour ce client."),
        "service_point": _("Aucun point de livraison pour ce client."),
        "contract": _("Aucun contrat pour ce client."),
    }
    if is_narrowed:
        return of_contract.get(kind.code) or _("Aucun objet de ce type pour ce contrat.")
    return of_client.get(kind.code) or _("Aucun objet de ce type pour ce client.")


def _wrong_state(one: BusinessObject, kind: BusinessObjectType) -> str:
    """Without its number: the reason is kept, and read by who may not see the object."""
    language = "en" if get_language() == "en" else "fr"
    state = next((state[language] for state in kind.states if state["code"] == one.state), one.state)
    return _("L'état « %(state)s » n'est pas retenu par le modèle.") % {"state": state}
