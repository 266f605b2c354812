"""Copies the vendored libraries into static/ui, at the versions of package.json.

Run by hand when a version changes or an icon is added to `icons.txt`:

    python -m entregent.ui.vendor

It needs npm and a registry; the installed product needs neither, because what it copies is committed.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static" / "ui"

COPIES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
}
LICENSES = {
    "bootstrap": "LICENSE",
    "htmx.org": "LICENSE",
    "idiomorph": "LICENSE",
    "@fontsource-variable/inter": "LICENSE",
    "@tabler/icons": "LICENSE",
}


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("npm est introuvable : il ne sert qu'à renouveler les fichiers copiés.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / "package.json", folder)
        command = [npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True)
        modules = Path(folder) / "node_modules"
        STATIC.mkdir(parents=True, exist_ok=True)
        for source, target in COPIES.items():
            copy_without_source_map(modules / source, STATIC / target)
        (STATIC / "icons.svg").write_text(sprite(modules / "@tabler/icons/icons/outline"), encoding="utf-8")
        write_versions(modules)
    return 0


def copy_without_source_map(source: Path, target: Path) -> None:
    """A reference to a map that we do not ship would be a 404 in every browser's tools."""
    content = source.read_bytes()
    if target.suffix in {".css", ".js"}:
        content = re.sub(rb"\n?(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*", b"\n", content)
    target.write_bytes(content)


def icon_names() -> list[str]:
    lines = (HERE / "icons.txt").read_text(encoding="utf-8").split()
    return sorted(set(lines))


def sprite(folder: Path) -> str:
    """One SVG with a symbol for each name in icons.txt."""
    symbols = []
    for name in icon_names():
        drawing = (folder / f"{name}.svg").read_text(encoding="utf-8")
        inner = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.DOTALL)
        paths = " ".join(inner.group(1).split()) if inner else ""
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
            f'stroke-linecap="round" stroke-linejoin="round">{paths}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def write_versions(modules: Path) -> None:
    """VENDORED.txt: what, which version, which licence, and the checksum of each copied file."""
    lines = ["What stands here was copied by `python -m entregent.ui.vendor`; do not edit it by hand.", ""]
    for package, licence in LICENSES.items():
        about = json.loads((modules / package / "package.json").read_text(encoding="utf-8"))
        lines.append(f"{package} {about['version']} ({about['license']})")
        shutil.copy(modules / package / licence, STATIC / f"LICENSE.{package.split('/')[-1]}.txt")
    lines.append("")
    for target in [*COPIES.values(), "icons.svg"]:
        lines.append(f"{hashlib.sha256((STATIC / target).read_bytes()).hexdigest()}  {target}")
    (STATIC / "VENDORED.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
