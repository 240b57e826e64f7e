"""The context of a run."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tenantry.attacks.world import World
from tests.attacks import fakes


def test_once_makes_one_for_all_threads(server: fakes.Server) -> None:
    world, made = World(fakes.target(server), users=fakes.users()), list[int]()

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: world.once("thing", make), range(8))) == {1}


def test_once_makes_different_things_at_the_same_time(server: fakes.Server) -> None:
    world, together_now = World(fakes.target(server), users=fakes.users()), threading.Barrier(2, timeout=5)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda key: world.once(key, together_now.wait), ("one", "other")))


def test_a_proxy_of_the_shell_is_not_asked_for_a_local_cloud(
    server: fakes.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        fakes.only_proxy(monkeypatch, proxy)

        assert World(fakes.target(server), users=fakes.users()).tenant_api("GET", "/tenant").ok

        with pytest.raises(BlockingIOError):
            proxy.accept()
