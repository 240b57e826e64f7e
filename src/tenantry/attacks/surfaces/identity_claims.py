"""Claims: what a token says when the directory is not as it should be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import refused, require, together
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

identity: Final = REGISTRY.surface("identity")


@identity.attack("active-not-member", threat=threats.WRONG_TENANT, must="The token carries no tenant.")
def _(world: World) -> Outcome:
    """Have a tenant active that one does not belong to, as after a removal."""
    person = world.accounts.admit("expelled")
    world.accounts.activate(person, world.users.bob.tenant)
    tokens = world.accounts.sign_in(person)
    claimless = require(
        tokens.tenant is None, otherwise="the token carries a tenant", observed="the token carries no tenant"
    )
    return together(claimless, world.refusal(tokens))


@identity.attack("removed-member", threat=threats.WRONG_TENANT, must="The next token no longer carries the tenant.")
def _(world: World) -> Outcome:
    """Sign in anew after having been removed from a tenant."""
    person = world.member("removed", world.users.bob.tenant, {"member"})
    world.accounts.dismiss(person, person.tenant)
    tokens = world.accounts.sign_in(person)
    claimless = require(
        tokens.tenant is None, otherwise="the token still carries the tenant", observed="the token carries no tenant"
    )
    return together(claimless, world.refusal(tokens))


def _hostile_claim(world: World, hostile: Callable[[str], str]) -> Outcome:
    bob, person = world.users.bob, world.accounts.admit("hostile")
    tenant = hostile(bob.tenant)
    world.accounts.enrol(person, tenant, {"admin"})
    world.accounts.activate(person, tenant)
    tokens = world.accounts.sign_in(person)
    got = "the token carries it" if tokens.tenant else "the token carries no tenant"
    renamed = refused(world.rename(bob.tenant, tokens.id), 401, 403, hidden=world.hidden)
    named = refused(world.tenant(quote(tenant, safe=""), tokens.id), 400, 401, 403, 404, hidden=world.hidden)
    return together((f"{got}; reading", world.refusal(tokens)), ("renaming", renamed), ("by that name", named))


_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

_HOSTILE: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("asterisk", "`*`", lambda _: "*"),
    ("question-marks", "36 question marks", lambda _: "?" * 36),
    ("prefix-asterisk", "the first letters of another's and `*`", lambda tenant: f"{tenant[:8]}*"),
    ("policy-variable", "`${aws:username}`", lambda _: "${aws:username}"),
    ("context-variable", "`$context.authorizer.tenantId`", lambda _: "$context.authorizer.tenantId"),
    ("dots", "`x/../` and another's", lambda tenant: f"x/../{tenant}"),
    ("slash", "another's and a slash", lambda tenant: f"{tenant}/"),
    ("space", "another's and a space", lambda tenant: f"{tenant} "),
    ("newline", "another's and a line break", lambda tenant: f"{tenant}\n"),
    ("nul", "another's and a NUL", lambda tenant: f"{tenant}\0"),
    ("quote", "another's in quotes", lambda tenant: f'"{tenant}"'),
    ("list", "two with a comma between them", lambda tenant: f"abc,{tenant}"),
    ("look-alike", "another's in full-width letters", lambda tenant: tenant.translate(_FULL_WIDTH)),
    ("reserved", "the name of a shared bucket", lambda _: "prefix"),
    ("long", "1,000 letters", lambda _: "a" * 1000),
)

for _slug, _what, _hostile in _HOSTILE:
    identity.add(
        f"tenant-claim-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Belong to a tenant whose id is {_what}.",
        must="No access to another tenant: the hook and the authorizer refuse an id that is not one.",
        run=partial(_hostile_claim, hostile=_hostile),
    )
