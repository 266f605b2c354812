"""The catalogues of texts: French is the language of the sources, English stands in each area's `locale/en`.

    python -m entregent.config.messages update [area …]     extracts texts, keeps what is translated
    python -m entregent.config.messages compile [area …]    makes the .mo files that run
    python -m entregent.config.messages check [area …]      says what is missing; exit 1

Texts come from Python (`_`, `gettext`, `gettext_lazy`, `ngettext`, `pgettext`) and from Jinja2 templates.
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

# A catalogue changes when its texts do, not with the day.
FIXED = datetime(2026, 11, 21, tzinfo=UTC)
PACKAGE = Path(__file__).resolve().parents[1]
METHODS = [("**/tests/**", "ignore"), ("**/migrations/**", "ignore"), ("**.py", "python")]
TEMPLATE_METHODS = [
    ("django_templates/**", "ignore"),
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.txt", "jinja2"),
]
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
OPTIONS = {
    "**/templates/**": {
        "trimmed": "true",
        "silent": "false",
        "newstyle_gettext": "true",
        "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    }
}


def areas() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists())


def catalogue_path(area: str) -> Path:
    return PACKAGE / area / "locale" / "en" / "LC_MESSAGES" / "django.po"


def extracted(area: str) -> Catalog:
    """Every text of the area, without translations."""
    catalogue = Catalog(
        locale="en",
        charset="utf-8",
        project="Entregent",
        version="1",
        header_comment=f"# English of the area {area}.",
        last_translator="Entregent",
        language_team="English",
        creation_date=FIXED,
        revision_date=FIXED,
        fuzzy=False,
    )
    found = extract_from_dir(
        PACKAGE / area,
        method_map=[*METHODS, *TEMPLATE_METHODS],
        options_map=OPTIONS,
        keywords=KEYWORDS,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    )
    for filename, _line, message, comments, context in found:
        # Django asks for texts with \n; line numbers are left out: they would change with every commit.
        catalogue.add(message, None, [(f"{area}/{filename}", 0)], auto_comments=comments, context=context)
    return catalogue


def translated(area: str) -> Catalog | None:
    path = catalogue_path(area)
    return read_po(BytesIO(path.read_bytes()), locale="en") if path.exists() else None


def update(area: str) -> None:
    fresh = extracted(area)
    if not len(fresh):
        return
    known = translated(area)
    if known is not None:
        for message in fresh:
            entry = known.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            if message.id and entry is not None:
                message.string = entry.string
    for message in fresh:
        message.locations = sorted({(name, 0) for name, _line in message.locations})
    path = catalogue_path(area)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=120, sort_output=True, include_lineno=False, omit_header=False)


def compile_area(area: str) -> None:
    catalogue = translated(area)
    if catalogue is None:
        return
    with catalogue_path(area).with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def missing(area: str) -> list[str]:
    """The texts of the area that have no English yet, or that stand in the catalogue without being used."""
    fresh, known = extracted(area), translated(area)
    if not len(fresh):
        return []
    if known is None:
        return [f"{area}: {message.id!r}" for message in fresh if message.id]
    faults = []
    for message in fresh:
        if not message.id:
            continue
        entry = known.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        texts = [] if entry is None else ([entry.string] if isinstance(entry.string, str) else list(entry.string or ()))
        if entry is None or not texts or not all(texts) or entry.fuzzy:
            faults.append(f"{area}: {message.id!r}")
        elif list(entry.check()):
            faults.append(f"{area}: placeholders differ in {message.id!r}")
    return faults


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in ("update", "compile", "check"):
        sys.stderr.write(__doc__ or "")
        return 2
    chosen = arguments[1:] or areas()
    if arguments[0] == "check":
        faults = [fault for area in chosen for fault in missing(area)]
        for fault in faults:
            sys.stderr.write(f"{fault}\n")
        return 1 if faults else 0
    for area in chosen:
        (update if arguments[0] == "update" else compile_area)(area)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
