"""Sessions: every way in, after the account, the membership, the role or the session behind it has ended."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.devices import Servers
from tenantry.attacks.judge import granted, refused, require, together
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.session_rows import BOUND_SECONDS, DOORS, ENDINGS, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.session_rows import Door, Ending
    from tenantry.attacks.world import World

sessions: Final = REGISTRY.surface("sessions")
_MINUTES: Final = 15 * 60


def _cell(ending: Ending, door: Door) -> Callable[[World], Outcome]:
    return lambda world: Row.of(world, ending, door).outcome(door)


for _ending in ENDINGS:
    for _door in DOORS:
        if _door.counts_for(_ending):
            sessions.add(
                f"{_ending.slug}-{_door.slug}",
                threat=threats.OUTLIVED,
                tries=f"Somebody {_door.tries}, which worked a moment ago, after {_ending.tries}.",
                must=f"It is refused within {BOUND_SECONDS:.0f} seconds.",
                run=_cell(_ending, _door),
            )


@sessions.attack(
    "certificate-revoked-new-credentials", threat=threats.OUTLIVED, must="It is refused at once, and others are served."
)
def _(world: World) -> Outcome:
    """Exchange a server's certificate, which worked a moment ago, after an operator has revoked it."""
    servers = Servers.of(world)
    bearer = servers.new(servers.tenant("revoked"))
    before = granted(servers.exchange(bearer))
    servers.revoke(bearer)
    revoked = time.monotonic()
    reply = servers.exchange(bearer)
    seconds = time.monotonic() - revoked
    outcome = together(("before", before), ("after", refused(reply, 403, control=servers.good)))
    return outcome.within(seconds)


@sessions.attack(
    "certificate-revoked-credentials-in-hand",
    threat=threats.OUTLIVED,
    must="They end after 15 minutes at most: AWS ends no credentials before their time.",
)
def _(world: World) -> Outcome:
    """Look how long the credentials of a server last whose certificate is revoked."""
    servers = Servers.of(world)
    bearer = servers.new(servers.tenant("in-hand"))
    reply = servers.exchange(bearer)
    aws = servers.acting_with(reply)
    before = granted(servers.post(aws, f"/{bearer.tenant}"))
    servers.revoke(bearer)
    seconds = (servers.end_of(reply) - datetime.now(UTC)).total_seconds()
    bound = require(
        seconds <= _MINUTES, otherwise=f"they last {seconds:.0f} s more", observed=f"they end in {seconds:.0f} s"
    )
    return together(("before", before), ("after", bound))
