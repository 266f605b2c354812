"""What a token of the API is for: parts of the product, to read or to write. A scope only narrows what the member
behind the token may do, it never gives anything."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right

READ, WRITE = "read", "write"

PARTS = {
    "clients": _("Clients, personnes-ressources et objets métier"),
    "interactions": _("Interactions et courriels"),
    "cases": _("Dossiers, plans d'action et courriers"),
    "groups": _("Groupes de clients et relations d'affaires"),
    "transfers": _("Transferts de fichiers"),
    "loans": _("Demandes de prêt et siège social"),
    "data": _("Importations, exportations, vues et travaux"),
    "administration": _("Administration"),
}
LEVELS = {READ: _("lire"), WRITE: _("lire et écrire")}

# By the first word of the right that an operation needs.
_PART_OF = {
    "client": "clients",
    "object": "clients",
    "interaction": "interactions",
    "inbound": "interactions",
    "portal": "interactions",
    "case": "cases",
    "process": "cases",
    "document": "cases",
    "dunning": "cases",
    "relationship": "groups",
    "transfer": "transfers",
    "loan": "loans",
    "head_office": "loans",
    "data": "data",
    "view": "data",
    "history": "data",
    "outbox": "data",
    "organization": "administration",
    "access": "administration",
    "substitute": "administration",
}
SCOPES = tuple(f"{part}:{level}" for part in PARTS for level in LEVELS)


def part_of(right: Right) -> str:
    return "groups" if right is Right.GROUP_MANAGE else _PART_OF[right.value.partition(".")[0]]


def scope_of(right: Right, method: str) -> str:
    """The scope that an operation needs: `clients:read`."""
    return f"{part_of(right)}:{READ if method in ('GET', 'HEAD') else WRITE}"


def allows(scopes: Collection[str], wanted: str) -> bool:
    """Whether a token with these scopes may; without any it may what its member may. Writing includes reading."""
    part = wanted.partition(":")[0]
    return not scopes or wanted in scopes or f"{part}:{WRITE}" in scopes
