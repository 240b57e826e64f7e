"""One retry that does not give the first try up."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

_T = TypeVar("_T")


def first_of_two(pool: Executor, ask: Callable[[], _T], deadline: float, *, patience: float) -> _T:
    """Ask, and once more if there is no answer after `patience`, or if the first try fails; return the first answer.

    The first try goes on beside the second: where it waits for a cold start, it is still the one that answers soonest.

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

    Raises
    ------
    TimeoutError
        Neither try has answered by then.
    Exception
        What the last try has raised, where both fail.
    """
    tries = {pool.submit(ask)}
    wait(tries, timeout=min(patience, _left(deadline)))
    if all(each.done() and not each.exception() for each in tries):
        return tries.pop().result()
    tries.add(pool.submit(ask))
    pending = set(tries)
    failure: BaseException = TimeoutError("No try has answered in time.")
    while pending:
        done, pending = wait(pending, timeout=_left(deadline), return_when=FIRST_COMPLETED)
        if not done:
            raise TimeoutError("No try has answered in time.")
        for each in done:
            found = each.exception()
            if found is None:
                return each.result()
            failure = found
    raise failure


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
