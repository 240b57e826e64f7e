"""What a benchmark yields, and how it is shown and kept."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FOLDER: Final = Path(__file__).parent / "results"


class NotReadyError(Exception):
    """What is to be measured is not there; the message says how to get it."""


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    name
        What was measured.
    value, unit
        The number.
    note
        How to read it.
    """

    name: str
    value: float
    unit: str
    note: str = ""


def machine() -> dict[str, str]:
    """Describe this machine as far as it matters to the figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        # What else it was busy with: above the number of cores, figures say less about us.
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def table(title: str, figures: Sequence[Figure]) -> Table:
    """Return the figures for a terminal."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    shown.add_column("Figure")
    shown.add_column("Value", justify="right")
    shown.add_column("Unit")
    shown.add_column("Note")
    for figure in figures:
        shown.add_row(figure.name, f"{figure.value:g}", figure.unit, figure.note)
    return shown


def save(name: str, figures: Sequence[Figure], described: Mapping[str, str]) -> Path:
    """Write the figures, and what `machine` said before, to ``benchmarks/results/<name>.json``; return its path."""
    _FOLDER.mkdir(exist_ok=True)
    path = _FOLDER / f"{name}.json"
    content = {
        "benchmark": name,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": dict(described),
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
