"""Runs attacks against a target."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from tenantry.attacks.http import presentable
from tenantry.attacks.outcome import inconclusive
from tenantry.attacks.report import Attempt, Report
from tenantry.attacks.surfaces import REGISTRY
from tenantry.attacks.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tenantry.attacks.accounts import Users
    from tenantry.attacks.registry import Attack
    from tenantry.attacks.target import Target

    Progress = Callable[[int, int, Attempt | None], None]

WORKERS: Final = 6


def run(
    target: Target,
    *,
    surfaces: Collection[str] = (),
    only: Collection[str] = (),
    attacks: Sequence[Attack] | None = None,
    users: Users | None = None,
    progress: Progress = lambda _done, _all, _result: None,
    workers: int = WORKERS,
) -> Report:
    """Carry out attacks, and remove all that they have made, also when it is interrupted.

    Parameters
    ----------
    target
        What to attack.
    surfaces, only
        Which attacks, by surface and id; all of the registry if neither is given.
    attacks
        The attacks themselves, instead of choosing from the registry.
    users
        Users who exist already; they are not removed.
    progress
        Told how many attacks of how many are done, and of each attempt: first with none, when the users have signed up.
    workers
        How many attacks may run at once.

    Raises
    ------
    UnknownAttackError
        A surface or id does not exist.

    Examples
    --------
    >>> report = run(Target.named("local"), surfaces=["identity"])
    >>> print(report.summary)
    """
    chosen = REGISTRY.select(surfaces, only) if attacks is None else list(attacks)
    started, clock = datetime.now(UTC), time.monotonic()
    world = World(target, users=users)
    try:
        _ = world.users  # everyone needs them, and the first to ask waits for the sign-ups
        progress(0, len(chosen), None)
        found = _carry_out(world, chosen, progress, workers)
    finally:
        left = world.cleanup.run()
    return Report(
        target=target.name,
        run=world.run,
        started=started,
        seconds=time.monotonic() - clock,
        attempts=tuple(found[attack.id] for attack in chosen),
        left_behind=tuple(left),
    )


def _carry_out(world: World, chosen: Sequence[Attack], progress: Progress, workers: int) -> dict[str, Attempt]:
    found: dict[str, Attempt] = {}
    for group in ([each for each in chosen if not each.last], [each for each in chosen if each.last]):
        with ThreadPoolExecutor(workers) as pool:
            # Mixed, always in the same way: neighbours tend to wait for the same thing.
            mixed = sorted(group, key=lambda attack: sha256(attack.id.encode()).digest())
            futures = [pool.submit(_attempt, world, attack) for attack in mixed]
            try:
                for future in as_completed(futures):
                    attempt = future.result()
                    found[attempt.attack.id] = attempt
                    progress(len(found), len(chosen), attempt)
            except BaseException:  # an interruption: what has not begun never will
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return found


def _attempt(world: World, attack: Attack) -> Attempt:
    clock = time.monotonic()
    try:
        outcome = attack.run(world)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the attack has proved nothing
        outcome = inconclusive(presentable(f"{type(error).__name__}: {error}"))
    return Attempt(attack=attack, outcome=outcome, seconds=time.monotonic() - clock)
