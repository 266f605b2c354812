"""Figures: percentiles, the state of the machine, tables on the screen."""

import os
import platform
import statistics
from collections.abc import Sequence


def percentile(samples: Sequence[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def summary(samples: Sequence[float]) -> dict:
    """Milliseconds."""
    return {
        "samples": len(samples),
        "p50": round(statistics.median(samples), 2),
        "p95": round(percentile(samples, 0.95), 2),
        "max": round(max(samples), 2),
    }


def machine() -> dict:
    memory = next(line for line in open("/proc/meminfo") if line.startswith("MemTotal"))  # noqa: SIM115
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")  # noqa: SIM115
    return {
        "cpu": model or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory.split()[1]) / 1024 / 1024),
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence]) -> None:
    """The first column to the left, the others to the right."""
    texts = [[f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(heads))]
    print(f"\n{title}")
    for number, row in enumerate(texts):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    print(f"  load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}", flush=True)
