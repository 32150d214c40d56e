"""What a measurement gives back, the table on the screen and `var/bench.json`."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One figure. `ceiling` is what a bare program reaches, `ratio` the share of it that we reach.

    `n` is the size of what was measured, `c` the connections; `notes` are lines for the reader.
    """

    name: str
    value: float
    unit: str
    ceiling: float | None = None
    n: int | None = None
    c: int | None = None
    goal: str = ""
    met: bool | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """The share of the ceiling."""
        return round(self.value / self.ceiling, 3) if self.ceiling else None


def machine() -> str:
    """Say on what this was measured."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), shared with PostgreSQL, Valkey and the "
        f"load; load average before: {os.getloadavg()[0]:.1f}; Python {platform.python_version()}; "
        f"{pace():.0f} million steps a second on one core, {pace(os.cpu_count() or 1):.0f} on each "
        "when all work"
    )


def pace(cores: int = 1) -> float:
    """Measure millions of steps of a plain loop a second, on each of so many cores at once.

    Machines differ by more than any change here does, and some slow down when all cores work.
    """
    words = [sys.executable, "-c", STEPS]
    children = [subprocess.Popen(words, stdout=subprocess.PIPE) for _core in range(cores)]
    spent = [float(child.communicate()[0]) for child in children]
    return 2 / (sum(spent) / len(spent))


STEPS = """
import time
began = time.process_time()
for n in range(2_000_000):
    n * n % 7
print(time.process_time() - began)
"""


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time that have been used, by whom."""

    web: float
    database: float


def cost_line(before: Spent, after: Spent, answered: int) -> str:
    """Say what one answer costs in processor time: that holds on a busy machine, too."""
    web = (after.web - before.web) / max(answered, 1) * 1000
    database = (after.database - before.database) / max(answered, 1) * 1000
    return f"processor time for each: web {web:.1f} ms, PostgreSQL {database:.1f} ms"


def show(found: Measured) -> None:
    """Print one figure and its notes."""
    verdict = {True: "met", False: "MISSED", None: ""}[found.met]
    share = f"{found.ratio:.0%} of {found.ceiling:,.0f}" if found.ratio is not None else ""
    figure = f"{found.name:<16}{found.value:>12,.1f} {found.unit:<12}"
    print(f"{figure}{share:<18}{found.goal:<30}{verdict}")
    for note in found.notes:
        print(f"{'':<16}  {note}")


def write(found: list[Measured], path: Path) -> None:
    """Write the figures; those of other measurements that stand there already stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    for one in found:
        known[one.name] = {
            "value": round(one.value, 2),
            "unit": one.unit,
            "ceiling": round(one.ceiling, 2) if one.ceiling else None,
            "ratio": one.ratio,
            "n": one.n,
            "c": one.c,
        }
    path.write_text(json.dumps(known, indent=2) + "\n")
