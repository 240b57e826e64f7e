"""The helper that all tests wait with."""

from __future__ import annotations

import time

import pytest

from tests.waiting import until, until_clock_passes, until_next_second


def test_until_looks_again_and_returns_what_it_found() -> None:
    answers = iter([None, [], ["found"]])
    assert until(lambda: next(answers), "an answer", poll=0) == ["found"]


def test_until_fails_with_what_it_found_last() -> None:
    with pytest.raises(AssertionError, match=r"still not: two rows\. Found last: \[\]"):
        until(list, "two rows", timeout=0, poll=0)


def test_clock_passes_the_moment() -> None:
    moment = time.time() + 0.1
    until_clock_passes(moment, "a test")
    assert time.time() >= moment


def test_next_second_has_begun() -> None:
    second = int(time.time())
    until_next_second("a test")
    assert int(time.time()) > second
