"""What people type into the quick search, made from the data: 200 varied questions, known clients in many writings."""

import random
import re
from dataclasses import dataclass

import psycopg

from entregent.toolbox.text import search_key, without_accents

BIG = 1  # the organization that holds most


@dataclass(frozen=True)
class Known:
    id: int
    number: str
    name: str
    first_name: str
    emails: list[str]
    phones: list[str]
    contract: str | None
    homonyms: int


def known_clients(connection: psycopg.Connection, how_many: int, seed: int = 7) -> list[Known]:
    chance = random.Random(seed)
    total = connection.execute("SELECT max(id) FROM clients_client WHERE organization_id = %s", [BIG]).fetchone()[0]
    ids = chance.sample(range(1, total + 1), how_many)
    rows = connection.execute(
        """SELECT c.id, c.number, c.name, c.first_name, c.emails, c.phones,
                  (SELECT key FROM clients_businessobject o JOIN clients_businessobjecttype t ON t.id = o.type_id
                   WHERE o.client_id = c.id AND t.code = 'contract' ORDER BY o.id LIMIT 1),
                  (SELECT count(*) FROM search_entry e
                   WHERE e.organization_id = c.organization_id AND e.kind = 1 AND e.name_key = c.sort_key)
           FROM clients_client c WHERE c.id = ANY (%s) AND c.organization_id = %s ORDER BY c.id""",
        [ids, BIG],
    ).fetchall()
    return [
        Known(pk, number, name, first_name, emails, [one["number"] for one in phones], contract, homonyms)
        for pk, number, name, first_name, emails, phones, contract, homonyms in rows
    ]


def one_typo(text: str, chance: random.Random) -> str:
    """One letter lost, doubled, changed or swapped with its neighbour, in one word of four letters or more."""
    words = [match.span() for match in re.finditer(r"\w{4,}", text)] or [(0, len(text))]
    start, end = chance.choice(words)
    at = chance.randrange(start, end)
    match chance.randrange(4):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[at] + text[at:]
        case 2:
            other = chance.choice("abcdefghijklmnopqrstuvwxyz".replace(text[at].lower(), ""))
            return text[:at] + other + text[at + 1 :]
        case _:
            at = min(at, end - 2)
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def national(e164: str) -> str:
    return "0" + e164[3:]


def spaced(e164: str) -> str:
    digits = national(e164)
    return " ".join(digits[i : i + 2] for i in range(0, 10, 2))


def writings(client: Known, chance: random.Random) -> dict[str, str | None]:
    """A client as somebody might ask for them, by way of asking."""
    full = f"{client.first_name} {client.name}".strip()
    turned = f"{client.name} {client.first_name}".strip()
    bare = without_accents(full).replace("-", " ").replace("'", " ").replace("’", " ").lower()
    return {
        "full name": full,
        "full name, other order": turned if client.first_name else None,
        "accents and hyphens lost": bare,
        "one typo": one_typo(full, chance),
        "phone": chance.choice([national, spaced, str])(client.phones[0]) if client.phones else None,
        "number": client.number,
        "e-mail": client.emails[0] if client.emails else None,
        "contract": client.contract,
    }


def varied(connection: psycopg.Connection, seed: int = 11) -> dict[str, list[str]]:
    """200 questions by kind: short and frequent ones, which are dear, as well as those that name one client."""
    chance = random.Random(seed)
    clients = known_clients(connection, 400, seed=seed)
    people = [client for client in clients if client.first_name]
    phones = [client.phones[0] for client in clients if client.phones]
    frequent = ["martin", "bernard", "thomas", "petit", "robert", "richard", "durand", "dubois", "moreau", "laurent"]

    def some(count):
        return chance.sample(people, count)

    def fragment(client):
        key = max(search_key(client.name).split(), key=len)
        return key[1:5] if len(key) > 4 else key

    return {
        "2 letters": [search_key(client.name)[:2] for client in some(20)],
        "3 to 4 letters": [search_key(client.name)[: chance.choice([3, 4])] for client in some(20)],
        "common surname": frequent,
        "first name and surname begun": [f"{c.first_name} {c.name[:3]}" for c in some(20)],
        "full name": [f"{c.first_name} {c.name}" for c in some(20)] + [f"{c.name} {c.first_name}" for c in some(20)],
        "fragment": [fragment(client) for client in some(20)],
        "company": [c.name for c in chance.sample([c for c in clients if not c.first_name], 15)],
        "typo": [one_typo(f"{c.first_name} {c.name}", chance) for c in some(15)],
        "phone": [chance.choice([national, spaced])(phone) for phone in chance.sample(phones, 12)],
        "phone begun": [spaced(phone)[:11] for phone in chance.sample(phones, 8)],
        "e-mail": [c.emails[0] for c in clients if c.emails][:8],
        "number": [client.number for client in some(6)],
        "contract": [c.contract for c in clients if c.contract][:6],
    }
