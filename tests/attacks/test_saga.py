"""Events and sign-ups that attacks wait for."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenantry.attacks import saga
from tenantry.attacks.world import World
from tests.attacks import fakes


def test_settle_waits_for_a_sign_up_that_began_later(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[float] = []

    def arrive(_: object, __: object) -> str:
        begun.append(time.monotonic())
        time.sleep(0.05)
        return "tenant"

    monkeypatch.setattr(saga.Newcomer, "arrive", arrive)
    world = World(fakes.target(server), users=fakes.users())

    def wait(number: int) -> bool:
        time.sleep(number * 0.01)
        came = time.monotonic()
        saga.settle(world)
        return any(moment >= came for moment in begun)

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(wait, range(20)))
    assert len(begun) < 20  # those who wait at the same time share


def test_failed_sign_up_ends_settle(server: fakes.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object, __: object) -> str:
        raise RuntimeError("down")

    monkeypatch.setattr(saga.Newcomer, "arrive", fail)
    world = World(fakes.target(server), users=fakes.users())
    for _ in range(2):
        with pytest.raises(RuntimeError):
            saga.settle(world)
