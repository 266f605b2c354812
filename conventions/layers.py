"""The stack of areas, read from `.importlinter`: one list, checked for imports there and for foreign keys here."""

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def heights() -> dict[str, int]:
    """Area → height; areas beside each other have the same."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser["importlinter:contract:areas"]["layers"].split("\n")
    layers = [line.strip() for line in lines if line.strip()]
    return {
        area.strip(" ()"): len(layers) - position for position, layer in enumerate(layers) for area in layer.split("|")
    }
