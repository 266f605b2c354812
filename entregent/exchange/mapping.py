"""How columns become fields: the mapping, as it is written in YAML, made on the page and kept by name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from entregent.exchange.fields import Kind, kind_named, matching_field
from entregent.toolbox.errors import Refusal

MOST_YAML = 200_000
_KNOWN = {"kind", "key", "columns", "constants", "ignore", "on_duplicate_name", "names"}


@dataclass(frozen=True)
class Target:
    """Where a column goes: `split` cuts its text at a separator, `take` picks the nth piece, `prefix` stands before."""

    to: str
    split: str = ""
    take: int = 0
    prefix: str = ""

    def as_data(self) -> Any:
        if not (self.split or self.take or self.prefix):
            return self.to
        data: dict[str, Any] = {"to": self.to}
        if self.split:
            data["split"] = self.split
        if self.take:
            data["take"] = self.take
        if self.prefix:
            data["prefix"] = self.prefix
        return data


@dataclass(frozen=True)
class Mapping:
    kind: str
    key: str = ""
    columns: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    def as_data(self) -> dict:
        return {
            "kind": self.kind,
            "key": self.key,
            "columns": {
                column: targets[0].as_data() if len(targets) == 1 else [target.as_data() for target in targets]
                for column, targets in self.columns.items()
            },
            "constants": self.constants,
            "ignore": list(self.ignore),
        }

    def fields(self) -> set[str]:
        return {target.to for targets in self.columns.values() for target in targets} | set(self.constants)


def refused(message: str) -> Refusal:
    return Refusal("E-MAPPING", message, field="mapping")


def from_yaml(text: str | bytes) -> Mapping:
    if len(text) > MOST_YAML:
        raise refused(_("La correspondance est trop longue."))
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader without aliases)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise refused(_("La correspondance n’est pas du YAML lisible.")) from error
    return from_data(data)


class _Loader(yaml.SafeLoader):
    """Without anchors: a few lines of them would unfold to gigabytes. Without guessed types: 01 stays a text."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def from_data(data: Any) -> Mapping:
    """Checks a mapping as YAML, a form or the database give it."""
    if not isinstance(data, dict):
        raise refused(_("La correspondance n’est pas lisible."))
    unknown = [str(name) for name in data if name not in _KNOWN]
    if unknown:
        raise refused(_("La correspondance a une clé inconnue : %(name)s.") % {"name": unknown[0][:60]})
    kind = kind_named(str(data.get("kind") or ""))
    columns = data.get("columns") or {}
    constants = data.get("constants") or {}
    ignore = data.get("ignore") or []
    if not isinstance(columns, dict) or not isinstance(constants, dict) or not isinstance(ignore, list):
        raise refused(_("La correspondance n’est pas lisible."))
    mapped = {str(column): _targets(kind, targets) for column, targets in columns.items() if targets}
    for name, value in constants.items():
        _check_field(kind, str(name))
        if isinstance(value, dict | list):
            raise refused(_("La valeur de « %(name)s » doit être un texte.") % {"name": str(name)[:60]})
    key = str(data.get("key") or "")
    if key and key not in kind.keys:
        raise refused(_("« %(name)s » ne peut pas servir de clé ici.") % {"name": key[:60]})
    given = {str(name): "" if value is None else str(value) for name, value in constants.items()}
    return Mapping(kind.name, key, mapped, given, tuple(str(one) for one in ignore))


def _targets(kind: Kind, targets: Any) -> tuple[Target, ...]:
    return tuple(_target(kind, one) for one in (targets if isinstance(targets, list) else [targets]))


def _target(kind: Kind, data: Any) -> Target:
    if isinstance(data, dict):
        if set(data) - {"to", "split", "take", "prefix"}:
            raise refused(_("Une colonne se décrit par to, split, take et prefix."))
        take = str(data.get("take") or "0")
        if not take.isascii() or not take.isdigit() or int(take) > 1000:
            raise refused(_("« take » doit être un petit nombre."))
        target = Target(
            str(data.get("to") or ""), str(data.get("split") or ""), int(take), str(data.get("prefix") or "")
        )
    else:
        target = Target(str(data))
    _check_field(kind, target.to)
    return target


def _check_field(kind: Kind, name: str) -> None:
    if not kind.knows(name) or len(name) > 80:
        raise refused(_("Champ inconnu : %(name)s.") % {"name": name[:60] or "—"})


def matched(
    kind: Kind, header: list[str], samples: Sequence[list[str]] = (), sector_codes: Iterable[str] = ()
) -> Mapping:
    """What the names of the columns, in French or English, let guess; a first look at the values helps."""
    columns: dict[str, tuple[Target, ...]] = {}
    used: set[str] = set()
    codes = set(sector_codes)
    for position, column in enumerate(header):
        name = matching_field(kind, column)
        if name is None or (name in used and not kind.by_name[name].is_list):
            continue
        used.add(name)
        values = [row[position] for row in samples if position < len(row) and row[position].strip()]
        columns[column] = (_with_hints(Target(name), values, codes),)
    key = next((name for name in kind.keys if name in used), "")
    return Mapping(kind.name, key, columns)


def _with_hints(target: Target, values: list[str], codes: set[str]) -> Target:
    if target.to.endswith("postal_code") and any("|" in value for value in values):
        return Target(target.to, split="|", take=1)
    if target.to == "sector" and codes and values and not any(value in codes for value in values):
        for prefix in sorted(
            {code[: -len(value)] for value in values for code in codes if code.endswith(value) and code != value}
        ):
            if all(prefix + value in codes for value in values):
                return Target(target.to, prefix=prefix)
    return target


def compile_mapping(mapping: Mapping, header: list[str]) -> Callable[[list[str]], dict[str, Any]]:
    """`mapping` made ready for the columns of a file: from the cells of a row to the texts of its fields.

    Refuses a file that lacks a column of the mapping. A list field gives a list of texts, the others a text; an empty
    cell gives nothing, so that it changes nothing.
    """
    kind = kind_named(mapping.kind)
    places = {column: place for place, column in enumerate(header)}
    steps: list[tuple[int, str, str, int, str, bool]] = []
    for column, targets in mapping.columns.items():
        if column not in places:
            raise refused(_("La colonne « %(name)s » manque dans le fichier.") % {"name": column[:60]})
        for target in targets:
            known = kind.by_name.get(target.to)
            steps.append(
                (places[column], target.to, target.split, target.take, target.prefix, bool(known and known.is_list))
            )
    constants = {name: value for name, value in mapping.constants.items() if value}
    lists = {one.name for one in kind.fields if one.is_list}

    def read(cells: list[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for place, name, split, take, prefix, is_list in steps:
            text = cells[place].strip()
            if not text:
                continue
            if split:
                pieces = [piece.strip() for piece in text.split(split) if piece.strip()]
                if take:
                    pieces = pieces[take - 1 : take]
                if not pieces:
                    continue
                if is_list:
                    values.setdefault(name, []).extend(prefix + piece for piece in pieces)
                    continue
                text = pieces[0] if take else split.join(pieces)
            if is_list:
                values.setdefault(name, []).append(prefix + text)
            else:
                values[name] = prefix + text
        for name, value in constants.items():
            if name not in values:
                values[name] = [value] if name in lists else value
        return values

    return read
