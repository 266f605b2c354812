"""The client with whom one speaks, found by typing: the quick search, its clients only."""

from entregent.search.quick import Item, quick_search
from entregent.toolbox.errors import Refusal


def clients_found(member, text: str, *, size: int = 8) -> list[Item]:
    try:
        answer = quick_search(member, text, limit=size, kinds=["clients"])
    except Refusal:
        return []
    return [item for group in answer.groups for item in group.items]
