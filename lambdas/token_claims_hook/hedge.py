"""A hedged request: one retry while the first try goes on."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from threading import Event

_T = TypeVar("_T")


def first_of_two(pool: Executor, ask: Callable[[], _T], deadline: float, *, patience: float, given_up: Event) -> _T:
    """Ask, and once more if there is no answer after `patience`, or if the first try fails; return the first answer.

    The first try goes on beside the second: where it waits for a cold start, it is still the one that answers soonest.
    No try starts for an answer that nobody waits for. A function that has replied is frozen, and what it had still to
    do goes on within the next request, on the same threads.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

    Parameters
    ----------
    pool
        Runs both tries.
    ask
        What is asked.
    deadline
        Until when somebody waits, by `time.monotonic`.
    patience
        Seconds after which the second try begins at the latest.
    given_up
        Set once nobody waits any more, though it is before the deadline.

    Raises
    ------
    TimeoutError
        Neither try has answered by then, or nobody waits any more.
    Exception
        What the last try has raised, where both fail.
    """

    def wanted() -> None:
        if given_up.is_set() or not _left(deadline):
            raise TimeoutError("The caller no longer waits for the answer.")

    def ask_in_time() -> _T:
        wanted()  # it may have waited for a thread
        return ask()

    wanted()
    tries = {pool.submit(ask_in_time)}
    wait(tries, timeout=min(patience, _left(deadline)))
    if all(each.done() and not each.exception() for each in tries):
        return tries.pop().result()
    wanted()
    tries.add(pool.submit(ask_in_time))
    pending = set(tries)
    failure: BaseException = TimeoutError("No attempt was answered in time.")
    while pending:
        done, pending = wait(pending, timeout=_left(deadline), return_when=FIRST_COMPLETED)
        if not done:
            raise TimeoutError("No attempt was answered in time.")
        for each in done:
            found = each.exception()
            if found is None:
                return each.result()
            failure = found
    raise failure


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
