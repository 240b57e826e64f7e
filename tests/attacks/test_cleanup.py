"""Cleanup: what a run has made is removed."""

from __future__ import annotations

from tenantry.attacks.cleanup import Cleanup


def test_latest_is_undone_first_and_failures_do_not_stop_it() -> None:
    cleanup, order = Cleanup(), list[str]()

    def fail() -> None:
        raise RuntimeError("stuck")

    cleanup.later("first", lambda: order.append("first"))
    cleanup.later("second", fail)
    cleanup.later("third", lambda: order.append("third"))
    assert cleanup.run() == ["second (RuntimeError: stuck)"]
    assert order == ["third", "first"]
    assert cleanup.run() == []
