"""How columns become fields: the mapping, as it is written in YAML, made on the page and kept by name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from entregent.exchange.fields import Kind, kind_named, matching_field
from entregent.exchange.readers import open_table
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
    # Groups: their names by their codes, as another file gives them; what is put behind a name that two of them have.
    names_from: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    suffix: str = ""

    def as_data(self) -> dict:
        more: dict[str, Any] = {}
        if self.names_from:
            more["names"] = {**self.names_from, "given": self.names}
        if self.suffix:
            more["on_duplicate_name"] = {"suffix": self.suffix}
        return more | {
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
    names_from, names = _names(data.get("names") or {})
    suffix = _suffix(data.get("on_duplicate_name") or {})
    if (names_from or suffix) and kind.name != "groups":
        raise refused(_("« names » et « on_duplicate_name » ne servent que pour les groupes."))
    return Mapping(kind.name, key, mapped, given, tuple(str(one) for one in ignore), names_from, names, suffix)


def _names(data: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Where names come from (from, key, column), and those that were read from there."""
    given = data.get("given") or {} if isinstance(data, dict) else None
    if not isinstance(data, dict) or set(data) - {"from", "key", "column", "given"} or not isinstance(given, dict):
        raise refused(_("« names » se décrit par from, key et column."))
    source = {name: str(data.get(name) or "") for name in ("from", "key", "column")} if data else {}
    if data and not all(source.values()):
        raise refused(_("« names » se décrit par from, key et column."))
    return source, {str(code): str(name) for code, name in given.items()}


def _suffix(data: Any) -> str:
    if not isinstance(data, dict) or set(data) - {"suffix"} or data.get("suffix", "number") != "number":
        raise refused(_("« on_duplicate_name » se décrit par suffix: number."))
    return str(data.get("suffix") or "")


def with_names(mapping: Mapping, folder: Path) -> Mapping:
    """The mapping with the names that a file beside it gives; for the command alone."""
    if not mapping.names_from:
        return mapping
    source, key, column = (mapping.names_from[name] for name in ("from", "key", "column"))
    if Path(source).name != source:
        raise refused(_("« names » nomme un fichier du même dossier."))
    table = open_table(folder / source)
    for name in (key, column):
        if name not in table.header:
            raise refused(_("La colonne « %(name)s » manque dans le fichier.") % {"name": name[:60]})
    at_key, at_name = table.header.index(key), table.header.index(column)
    names = {row.cells[at_key].strip(): row.cells[at_name].strip() for row in table.rows() if not row.fault}
    return replace(mapping, names=names)


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
