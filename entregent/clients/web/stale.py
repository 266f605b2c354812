"""When two people save the same record: what each of them wrote, side by side."""

from dataclasses import dataclass

from entregent.audit.models import Change
from entregent.toolbox.errors import Stale


@dataclass(frozen=True)
class Difference:
    label: str
    mine: str
    theirs: str
    is_conflict: bool  # Both changed it: the person has to choose.


@dataclass(frozen=True)
class Comparison:
    """What the person typed against what a colleague saved meanwhile.

    The journal tells what both began with: fields that only the colleague changed are taken over, fields that only
    the person changed are kept, and the form that is shown again holds `merged`.
    """

    message: str
    who: str
    version: int
    differences: list[Difference]
    merged: dict

    @classmethod
    def of(cls, stale: Stale, form, version: int, *, table: str, read) -> "Comparison":
        row = stale.current
        begun = (
            Change.objects.filter(
                organization_id=row.organization_id, table_name=table, row_id=row.pk, before__version=version
            )
            .values_list("before", flat=True)
            .first()
        )
        theirs = read(row)
        base = read(begun) if begun else None
        merged = {name: form.data.get(name, "") for name in form.fields}
        differences = []
        for name, field in form.fields.items():
            mine = _text(merged[name])
            saved = _text(theirs.get(name))
            if mine == saved:
                continue
            was = _text(base.get(name)) if base is not None else None
            is_conflict = was is None or (mine != was and saved != was)
            if was is not None and mine == was:
                merged[name] = saved
            differences.append(Difference(str(field.label), _shown(field, mine), _shown(field, saved), is_conflict))
        return cls(str(stale.message), stale.who, row.version, differences, merged)


def _text(value) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _shown(field, value: str) -> str:
    """The label of a choice rather than its key."""
    for key, label in getattr(field, "choices", ()):
        if str(key) == value:
            return str(label)
    return value
