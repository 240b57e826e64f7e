"""A run in the terminal: progress, the table, and what did not hold."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tenantry.attacks.outcome import AttackResult
from tenantry.attacks.session_revocation import ACCESS_PATHS, REVOCATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from tenantry.attacks.registry import Attack
    from tenantry.attacks.report import Attempt, Report, Tally
    from tenantry.attacks.runner import Progress as Told

_STYLES: Final = {AttackResult.HELD: "green", AttackResult.BREACHED: "bold red", AttackResult.INCONCLUSIVE: "yellow"}


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
    with Progress(*columns, console=console, transient=True, refresh_per_second=2) as bar:
        task = bar.add_task("The attacker and the victim sign up", total=None)

        def told(done: int, total: int, attempt: Attempt | None) -> None:
            bar.update(task, completed=done, total=total, description=attempt.attack.id if attempt else "Attacking")
            if attempt and attempt.result is not AttackResult.HELD:
                bar.console.print(_line(attempt))
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
    for attempt in report.attempts:
        if attempt.result is not AttackResult.HELD:
            console.print(_line(attempt))
            console.print(Text(f"  tried: {attempt.attack.tries}\n  must:  {attempt.attack.must}", style="dim"))
    for what in report.left_behind:
        console.print(Text(f"Left behind: {what}", style="yellow"))
    console.print(Text(report.summary, style="bold green" if report.exit_code == 0 else "bold red"))


def _measured(report: Report) -> Table | None:
    """Return the seconds from each revocation until each access path was refused."""
    found = {attempt.attack.id: attempt.outcome.seconds for attempt in report.attempts}
    revocations = [
        revocation for revocation in REVOCATIONS if any(key.startswith(f"sessions-{revocation.slug}-") for key in found)
    ]
    table = Table("Access path", title="Seconds until it was refused", title_justify="left")
    for revocation in revocations:
        table.add_column(revocation.slug.replace("-", " "), justify="right")
    for path in ACCESS_PATHS:
        cells = [found.get(f"sessions-{revocation.slug}-{path.slug}") for revocation in revocations]
        if any(seconds is not None for seconds in cells):
            table.add_row(path.slug, *("-" if seconds is None else f"{seconds:.1f}" for seconds in cells))
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


def _line(attempt: Attempt) -> Text:
    word = Text(attempt.result.upper(), style=_STYLES[attempt.result])
    return Text.assemble(word, f" {attempt.attack.id}: {attempt.outcome.observed}")
