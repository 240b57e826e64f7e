"""`python -m benchmarks`: measure, and show what was measured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from benchmarks import page, requests, synth, up, vending
from benchmarks.result import NotReadyError, machine, save, table
from benchmarks.streaming import measure as streaming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.result import Figure

_BENCHMARKS: Final[Mapping[str, Callable[[Path], Sequence[Figure]]]] = {
    "synth": synth.measure,
    "requests": requests.measure,
    "vending": vending.measure,
    "up": up.measure,
    "page": page.measure,
    "streaming": streaming.measure,
}


def main() -> None:
    """Run the chosen benchmarks, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(_BENCHMARKS)} (default: all)")
    parser.add_argument("--save", action="store_true", help="write the figures to benchmarks/results/<name>.json")
    parser.add_argument(
        "--state", type=Path, default=Path(".local"), metavar="DIR", help="the local cloud's folder (default: .local)"
    )
    parsed = parser.parse_args()
    if unknown := set(parsed.names) - set(_BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(_BENCHMARKS)}")
    console = Console()
    for name in parsed.names or _BENCHMARKS:
        described = machine()
        try:
            with console.status(f"{name} ..."):
                figures = _BENCHMARKS[name](parsed.state)
        except NotReadyError as error:
            console.print(f"{name}: {error}", style="yellow", markup=False, highlight=False)
            continue
        console.print(table(name, figures))
        console.print(", ".join(f"{key}: {value}" for key, value in described.items()), style="dim", highlight=False)
        if parsed.save:
            console.print(f"Saved as {save(name, figures, described).name}", style="dim", highlight=False)


if __name__ == "__main__":
    main()
