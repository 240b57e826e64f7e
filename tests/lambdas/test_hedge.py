"""A second try beside a slow first one, and none after the caller gave up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from token_claims_hook.hedge import first_of_two

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=8) as pool:
        yield pool


def test_no_try_starts_after_the_deadline(pool: ThreadPoolExecutor) -> None:
    """As after a thaw: the task was queued before the function was frozen."""
    asked: list[int] = []

    with pytest.raises(TimeoutError):
        first_of_two(pool, lambda: asked.append(1), time.monotonic() - 1, patience=1, given_up=threading.Event())

    assert asked == []


def test_no_second_try_starts_after_the_deadline(pool: ThreadPoolExecutor) -> None:
    asked: list[int] = []
    answered = threading.Event()

    def ask() -> None:
        asked.append(1)
        answered.wait(timeout=10)

    with pytest.raises(TimeoutError):
        first_of_two(pool, ask, time.monotonic() + 0.2, patience=10, given_up=threading.Event())

    answered.set()
    pool.shutdown(wait=True)
    assert asked == [1]


def test_no_second_try_starts_after_the_caller_gave_up(pool: ThreadPoolExecutor) -> None:
    asked: list[int] = []
    given_up = threading.Event()

    def ask() -> None:
        asked.append(1)
        given_up.set()
        raise ValueError

    with pytest.raises(TimeoutError):
        first_of_two(pool, ask, time.monotonic() + 10, patience=10, given_up=given_up)

    assert asked == [1]


def test_queued_try_is_skipped_after_the_caller_gave_up() -> None:
    asked: list[int] = []
    free, given_up = threading.Event(), threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(free.wait, 10)
        with pytest.raises(TimeoutError):
            first_of_two(pool, lambda: asked.append(1), time.monotonic() + 0.1, patience=10, given_up=given_up)
        free.set()

    assert asked == []


def test_second_try_answers_if_the_first_fails(pool: ThreadPoolExecutor) -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ValueError
        return "answer"

    given_up = threading.Event()
    assert first_of_two(pool, ask, time.monotonic() + 10, patience=10, given_up=given_up) == "answer"
