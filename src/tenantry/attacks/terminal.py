"""A run in the terminal: progress, the table, and what did not hold."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tenantry.attacks.outcome import Verdict
from tenantry.attacks.session_rows import DOORS, ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from tenantry.attacks.registry import Attack
    from tenantry.attacks.report import Report, Result, Tally
    from tenantry.attacks.runner import Progress as Told

_STYLES: Final = {Verdict.HELD: "green", Verdict.BREACHED: "bold red", Verdict.ERROR: "yellow"}
_WORDS: Final = {Verdict.HELD: "held", Verdict.BREACHED: "BREACHED", Verdict.ERROR: "INCONCLUSIVE"}


@contextmanager
def progress(console: Console) -> Iterator[Told]:
    """Show how far a run is."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("The attacker and the victim sign up", total=None)

        def told(done: int, total: int, result: Result | None) -> None:
            bar.update(task, completed=done, total=total, description=result.attack.id if result else "Attacking")
            if result and result.verdict is not Verdict.HELD:
                bar.console.print(_line(result))
            if done == total:
                bar.update(task, description="Cleaning up")

        yield told


def show(report: Report, console: Console) -> None:
    """Print the table of surfaces by threats, what did not hold, and a sentence."""
    table = Table(title=f"Attacks that held on '{report.target}'", title_justify="left", show_footer=True)
    table.add_column("Surface", footer="All")
    for heading in report.headings:
        table.add_column(heading.value, justify="right", footer=_cell(report.tally(heading=heading)))
    table.add_column("All", justify="right", footer=_cell(report.tally()))
    for surface in report.surfaces:
        cells = [_cell(report.tally(surface, heading)) for heading in report.headings]
        table.add_row(surface, *cells, _cell(report.tally(surface)))
    console.print(table)
    if measured := _measured(report):
        console.print(measured)
    for result in report.results:
        if result.verdict is not Verdict.HELD:
            console.print(_line(result))
            console.print(Text(f"  tried: {result.attack.tries}\n  must:  {result.attack.must}", style="dim"))
    for what in report.left_behind:
        console.print(Text(f"Left behind: {what}", style="yellow"))
    console.print(Text(report.summary, style="bold green" if report.exit_code == 0 else "bold red"))


def _measured(report: Report) -> Table | None:
    """Return how many seconds after something had ended each way in was closed: a row a way in, a column an ending."""
    found = {result.attack.id: result.outcome.seconds for result in report.results}
    endings = [ending for ending in ENDINGS if any(key.startswith(f"sessions-{ending.slug}-") for key in found)]
    table = Table("Way in", title="Seconds until it was refused", title_justify="left")
    for ending in endings:
        table.add_column(ending.slug.replace("-", " "), justify="right")
    for door in DOORS:
        cells = [found.get(f"sessions-{ending.slug}-{door.slug}") for ending in endings]
        if any(seconds is not None for seconds in cells):
            table.add_row(door.slug, *("-" if seconds is None else f"{seconds:.1f}" for seconds in cells))
    return table if table.row_count else None


def show_list(attacks: Iterable[Attack], console: Console) -> None:
    """Print the attacks themselves."""
    table = Table(show_lines=True)
    for heading in ("Attack", "Threat", "What it tries", "What must happen"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "Attack")
    for attack in attacks:
        threat = f"{attack.threat.heading.value}: {attack.threat.title}"
        table.add_row(*(Text(text) for text in (attack.id, threat, attack.tries, attack.must)))
    console.print(table)


def _cell(tally: Tally | None) -> Text:
    return Text(str(tally), style=_STYLES[tally.worst]) if tally else Text("-", style="dim")


def _line(result: Result) -> Text:
    word = Text(_WORDS[result.verdict], style=_STYLES[result.verdict])
    return Text.assemble(word, f" {result.attack.id}: {result.outcome.observed}")
