"""Sessions: every access path, after the account, the membership, the role or the session behind it has ended."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.devices import Servers
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.session_revocation import ACCESS_PATHS, BOUND_SECONDS, REVOCATIONS, RevocationRun

if TYPE_CHECKING:
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.session_revocation import AccessPath, Revocation
    from tenantry.attacks.world import World

sessions: Final = REGISTRY.surface(
    "sessions",
    "Every access path after a member was removed, a role withdrawn, an account blocked or deleted, a password "
    "reset, all sessions ended, or a certificate revoked. `make attack` prints the seconds until each was "
    "refused",
)
_MINUTES: Final = 15 * 60


@sessions.each(
    (
        (
            f"{revocation.slug}-{path.slug}",
            f"{path.tries}, which worked a moment ago, after {revocation.tries}",
            revocation,
            path,
        )
        for revocation in REVOCATIONS
        for path in ACCESS_PATHS
        if path.is_closed_by(revocation)
    ),
    threat=threats.OUTLIVED,
    tries="Somebody {}.",
    must=f"It is refused within {BOUND_SECONDS:.0f} seconds.",
)
def _outlives(world: World, revocation: Revocation, path: AccessPath) -> Outcome:
    return RevocationRun.of(world, revocation, path).outcome(path)


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
