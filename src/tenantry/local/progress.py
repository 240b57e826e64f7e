"""Show progress: one line for each step with its seconds, without animation when there is no terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

_console = Console(highlight=False)

#: Called with a few words about what a step is busy with.
Detail = Callable[[str], None]


@contextmanager
def step(text: str) -> Iterator[Detail]:
    """Show a step while it runs, and how long it took.

    Parameters
    ----------
    text
        What the step does, as an imperative: "Start the local cloud".

    Yields
    ------
    Detail
        A function that shows what the step is busy with, on a terminal only.
    """
    began = time.monotonic()
    with _console.status(escape(text)) as status:

        def detail(words: str) -> None:
            status.update(escape(f"{text}: {words}"))

        try:
            yield detail
        except BaseException:
            _line("[red]✗[/]", text, began)
            raise
    _line("[green]✓[/]", text, began)


def note(text: str) -> None:
    """Print a line."""
    _console.print(escape(text), soft_wrap=True)


def _line(mark: str, text: str, began: float) -> None:
    _console.print(f"{mark} {escape(text)} [dim]{time.monotonic() - began:.1f} s[/]", soft_wrap=True)
