"""Requests to a running local cloud: how long they take, and how many further calls each one costs."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final

from benchmarks.calls import calls, cpu, reads
from benchmarks.functions import local_cloud
from benchmarks.result import Figure, NotReadyError
from tenantry.attacks.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply

_PEOPLE: Final = 3
_REQUESTS: Final = 100
_WARM_UP: Final = 5


def measure(state: Path) -> Sequence[Figure]:
    """Sign people up, send requests as one of them, and count the calls of the functions in between."""
    target = local_cloud(state)
    world = World(target)
    try:
        seconds, people = zip(*(_sign_up(world) for _ in range(_PEOPLE)), strict=True)
        person = people[0]
        return [
            Figure("sign-up to a token with the tenant", round(median(seconds), 2), "s", f"median of {_PEOPLE}"),
            *_latency("GET /tenant/{tenantId}", lambda: world.tenant(person.tenant, person.tokens.id)),
            *_latency("PUT /tenant/{tenantId}", lambda: world.rename(person.tenant, person.tokens.id)),
            *_latency(
                "GET /settings, roles read anew", lambda: world.membership_api("GET", "/settings", person.tokens.id)
            ),
            *calls(target, person),
            *reads(target, person),
            *cpu(target, person),
        ]
    finally:
        world.cleanup.run()


def _sign_up(world: World) -> tuple[float, Person]:
    began = time.perf_counter()
    person = world.accounts.sign_up("bench")
    return time.perf_counter() - began, person


def _latency(what: str, send: Callable[[], Reply]) -> Sequence[Figure]:
    milliseconds = []
    for number in range(_WARM_UP + _REQUESTS):
        began = time.perf_counter()
        reply = send()
        if not reply.ok:
            raise NotReadyError(f"{what} answers {reply}.")
        if number >= _WARM_UP:
            milliseconds.append((time.perf_counter() - began) * 1000)
    note = f"of {_REQUESTS}, one after the other"
    return [
        Figure(f"{what}, p50", round(median(milliseconds), 1), "ms", note),
        Figure(f"{what}, p95", round(quantiles(milliseconds, n=20)[-1], 1), "ms", note),
    ]
