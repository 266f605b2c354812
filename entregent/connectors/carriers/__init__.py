"""How each kind of connector talks to the other system, behind one contract (`contract`)."""

from entregent.connectors.carriers.contract import Carrier, Wiring
from entregent.connectors.carriers.entregent import EntregentCarrier
from entregent.connectors.carriers.espocrm import EspoCarrier
from entregent.connectors.carriers.files import FileCarrier
from entregent.connectors.carriers.odoo import OdooCarrier
from entregent.connectors.carriers.sftp import SftpCarrier
from entregent.connectors.carriers.webhook import WebhookCarrier

CARRIERS: dict[str, type[Carrier]] = {
    "webhook": WebhookCarrier,
    "file": FileCarrier,
    "sftp": SftpCarrier,
    "entregent": EntregentCarrier,
    "odoo": OdooCarrier,
    "espocrm": EspoCarrier,
}


def carrier_for(kind: str, wiring: Wiring) -> Carrier:
    return CARRIERS[kind](wiring)
