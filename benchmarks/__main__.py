"""All benchmarks: `make bench`, or `python -m benchmarks --clients 100000 --only search`."""

import json
import subprocess
import sys
from pathlib import Path

import click

from benchmarks import database, figures

RESULTS = Path(__file__).parent / "results"
MEASURES = [
    "search", "lists", "exports", "pages", "thread", "duplicates", "imports", "upload", "mail", "inbound", "portal",
    "letters", "plans", "dunning", "groups", "enrollment", "api", "leave",
]  # fmt: skip


@click.command()
@click.option("--clients", multiple=True, type=int, default=(100_000, 1_000_000), show_default=True)
@click.option("--only", multiple=True, type=click.Choice(MEASURES), help="One kind of measure instead of all.")
@click.option("--keep-data", is_flag=True, help="Take the data as they are, though the generator has changed.")
def main(clients: tuple[int, ...], only: tuple[str, ...], keep_data: bool) -> None:
    RESULTS.mkdir(exist_ok=True)
    machine = figures.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, load {machine['load_average']}")
    failed = []
    with database.server() as server:
        for size in clients:
            dsn = database.prepare(server, size, keep=keep_data)
            if {"pages", "thread", "portal", "plans", "groups", "api"} & set(only or MEASURES):
                database.collect_static(dsn)
            for measure in only or MEASURES:
                into = RESULTS / f"{measure}-{size}.json"
                command = [sys.executable, "-m", f"benchmarks.{measure}", "--clients", str(size), "--into", str(into)]
                if measure == "pages":
                    command += ["--postgres", str(server.pid)]
                environment = database.environment(dsn) | ({"ENTREGENT_BENCH_KEEP": "1"} if keep_data else {})
                done = subprocess.run(command, cwd=database.ROOT, env=environment)
                if done.returncode:
                    failed.append(f"{measure} of {size:,} clients")
    compare(clients, only or MEASURES)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def compare(clients: tuple[int, ...], measures) -> None:
    """What ten times the data cost: the same figures of both sizes side by side."""
    if len(clients) != 2:
        return
    rows = []
    few, many = sorted(clients)
    read = {
        (measure, size): json.loads(path.read_text())
        for measure in measures
        for size in clients
        if (path := RESULTS / f"{measure}-{size}.json").exists()
    }
    if ("pages", few) in read and ("pages", many) in read:
        for name, page in read["pages", many]["pages"].items():
            other = read["pages", few]["pages"].get(name)
            if other:
                before, after = other["one_user_ms"]["p50"], page["one_user_ms"]["p50"]
                rows.append([name, before, after, after / before, f"{other['statements']} / {page['statements']}"])
    if ("search", few) in read and ("search", many) in read:
        for share in ("p50", "p95"):
            before, after = (read["search", size]["speed"]["whole organization"]["all"][share] for size in (few, many))
            rows.append([f"search in the database, {share}", before, after, after / before, ""])
    if rows:
        figures.table(
            f"From {few:,} to {many:,} clients, ms", ["", f"{few:,}", f"{many:,}", "times", "statements"], rows
        )


if __name__ == "__main__":
    main()
