"""The tenant API: paths and methods that may be read in another way than they are checked."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, indiscretion, refused, require, together
from tenantry.attacks.http import shortened
from tenantry.attacks.outcome import Outcome, breached, held, inconclusive
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface("tenant-api")

_NAME: Final = {"name": "tenantry-attack was here"}


_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_PATHS: Final = (
    ("encoded", "/tenant/ENCODED"),
    ("dots", "/tenant/OWN/../OTHER"),
    ("encoded-dots", "/tenant/OWN/%2e%2e/OTHER"),
    ("encoded-slash", "/tenant/OWN%2F..%2FOTHER"),
    ("twice-encoded", "/tenant/OWN%252F..%252FOTHER"),
    ("backslash", "/tenant/OWN%5C..%5COTHER"),
    ("slash", "/tenant/OTHER/"),
    ("double-slash", "//tenant//OTHER"),
    ("below-own", "/tenant/OWN/OTHER"),
    ("semicolon", "/tenant/OTHER;OWN"),
    ("fragment", "/tenant/OTHER%23OWN"),
    ("encoded-query", "/tenant/OTHER%3F/OWN"),
    ("comma", "/tenant/OWN,OTHER"),
    ("space", "/tenant/OTHER%20"),
    ("plus", "/tenant/OTHER+"),
    ("nul", "/tenant/OTHER%00OWN"),
    ("nul-after-own", "/tenant/OWN%00OTHER"),
    ("newline", "/tenant/OTHER%0A"),
    ("header-split", "/tenant/OWN%0D%0AX-Tenant-Id:%20OTHER"),
    ("asterisk", "/tenant/*"),
    ("own-asterisk", "/tenant/OWN*"),
    ("question-mark", "/tenant/%3F%3F%3F%3F%3F%3F%3F%3F"),
    ("variable", "/tenant/$%7Baws:PrincipalTag/TenantId%7D"),
    ("template", "/tenant/%7BtenantId%7D"),
    ("context", "/tenant/$context.authorizer.tenantId"),
    ("quote", "/tenant/OTHER%22"),
    ("look-alike", "/tenant/WIDE"),
    ("zero-width", "/tenant/OTHER%E2%80%8B"),
    ("overlong", "/tenant/%C0%AEOTHER"),
    ("bad-escape", "/tenant/OTHER%ZZ"),
    ("long", f"/tenant/OTHER{'A' * 2000}"),
    ("stage-again", "/prod/tenant/OTHER"),
    ("other-route", "/tenants/OTHER"),
    ("list-dots", "/tenants/ME/../BOB"),
    ("list-encoded-slash", "/tenants/ME%2F..%2FBOB"),
    ("list-asterisk", "/tenants/*"),
    ("list-email", "/tenants/ME@simulator.amazonses.com"),
)


@tenant_api.each(
    ((slug, shortened(raw), raw) for slug, raw in _PATHS),
    "path-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Ask for `{}` with one's own token.",
    must="Refused, or one's own tenant alone: not a byte of another's.",
)
def _ask(world: World, path: str) -> Outcome:
    alice, bob = world.users.alice, world.users.bob
    words = {
        "ENCODED": "".join(f"%{ord(letter):02x}" for letter in bob.tenant),
        "WIDE": quote(bob.tenant.translate(_FULL_WIDTH)),
        "OWN": alice.tenant,
        "OTHER": bob.tenant,
        "BOB": bob.user_id,
        "ME": alice.user_id,
    }
    for word, value in words.items():
        path = path.replace(word, value)
    reply = world.tenant_api("GET", path, alice.tokens.id)
    if reply.ok and alice.tenant in reply.text and not indiscretion(reply, (*world.hidden, bob.tenant)):
        return held(str(reply))
    return world.refusal(reply, 400, 401, 403, 404)


@tenant_api.attack(
    "path-upper-case",
    threat=threats.COLLIDING_NAMES,
    must="Refused: ids are compared exactly, or two tenants could be one.",
)
def _(world: World) -> Outcome:
    """Ask for one's own tenant in capitals."""
    alice = world.users.alice
    upper = alice.tenant.upper()
    if upper == alice.tenant:
        return inconclusive("the tenant's id has no letters")
    return world.refusal(world.tenant(upper, alice.tokens.id), 400, 403, 404)


_TWINS: Final[tuple[tuple[str, str, Callable[[str], str]], ...]] = (
    ("longer", "is another's with a digit after it", lambda tenant: f"{tenant}0"),
    ("shorter", "is another's without its last character", lambda tenant: tenant[:-1]),
    ("hyphenated", "is another's with a hyphen and a letter after it", lambda tenant: f"{tenant}-a"),
    ("upper", "is another's in capitals", lambda tenant: tenant.upper()),
)


@tenant_api.each(
    _TWINS,
    "neighbour-{}",
    threat=threats.COLLIDING_NAMES,
    tries="Belong to a tenant whose id {}, and ask for the other.",
    must="403 both ways; one's own is allowed.",
)
def _neighbour(world: World, twin: Callable[[str], str]) -> Outcome:
    """Attack a tenant from one whose id differs by one character at the end, in both directions."""
    bob = world.users.bob
    near = twin(bob.tenant)
    neighbour = world.tenant_admin("neighbour", near)
    control = granted(world.tenant(near, neighbour.tokens.id))
    inward = refused(world.tenant(bob.tenant, neighbour.tokens.id), 403, hidden=world.hidden)
    rename = refused(world.rename(bob.tenant, neighbour.tokens.id), 403, hidden=world.hidden)
    outward = refused(world.tenant(near, bob.tokens.id), 403, hidden=(neighbour.email, f"{world.run} neighbour"))
    return together(("its own", control), ("the other's", inward), ("renaming it", rename), ("from there", outward))


# Methods and preflights


@tenant_api.each(
    ((verb.lower(), verb, verb) for verb in ("POST", "PATCH", "DELETE", "TRACE", "PROPFIND")),
    "method-{}",
    threat=threats.WRONG_TENANT,
    tries="Send {} to one's own and to another's tenant, with and without a token.",
    must="Refused, and neither tenant changes.",
)
def _method(world: World, method: str) -> Outcome:
    bob, alice = world.users.bob, world.users.alice
    before = world.tenant_row(alice.tenant), world.tenant_row(bob.tenant)
    replies = [
        world.tenant_api(method, f"/tenant/{person.tenant}", token, _NAME)
        for person in (alice, bob)
        for token in (alice.tokens.id, None)
    ]
    outcomes = [world.refusal(reply, 401, 403, 404, 405) for reply in replies]
    after = world.tenant_row(alice.tenant), world.tenant_row(bob.tenant)
    return together(*outcomes, require(before == after, otherwise="a tenant is changed", observed="nothing is changed"))


@tenant_api.attack(
    "method-override", threat=threats.CACHED_POLICY, must="It stays a GET, and the tenant keeps its name."
)
def _(world: World) -> Outcome:
    """Send, as a member, a GET with headers and a query that ask for it to be taken as a PUT."""
    carol = world.users.carol
    before = world.tenant_row(carol.tenant)
    headers = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "PUT")
    reply = world.tenant_api("GET", f"/tenant/{carol.tenant}?_method=PUT", carol.tokens.id, _NAME, headers=headers)
    kept = require(
        world.tenant_row(carol.tenant) == before, otherwise="it is renamed", observed=f"name kept ({reply.status})"
    )
    return together(kept, ("without it", granted(world.tenant(carol.tenant, carol.tokens.id))))


@tenant_api.attack(
    "preflight",
    threat=threats.EXISTENCE_SHOWN,
    must="The CORS headers alone, the same for both, and no word of a tenant.",
)
def _(world: World) -> Outcome:
    """Send OPTIONS, which needs no token, for another's tenant and for one that does not exist."""
    bob = world.users.bob
    headers = {"Origin": "https://attacker.example", "Access-Control-Request-Method": "PUT"}
    there = world.tenant_api("OPTIONS", f"/tenant/{bob.tenant}", headers=headers)
    nowhere = world.tenant_api("OPTIONS", f"/tenant/{uuid.uuid4()}", headers=headers)
    if not there.ok:
        return inconclusive(f"the preflight fails: {there}")
    if there.text != nowhere.text or set(there.headers) != set(nowhere.headers):
        return breached(f"the replies differ: {there} and {nowhere}")
    if shown := indiscretion(there, world.hidden):
        return breached(f"the reply shows {shown}")
    return require(
        not there.text.strip(), otherwise=f"the reply has a body: {there}", observed=f"{there.status}, no body"
    )


@tenant_api.attack(
    "foreign-origin",
    threat=threats.SECRETS_SHOWN,
    must="Each reply allows the one right origin, and never with credentials.",
)
def _(world: World) -> Outcome:
    """Call from a page of another origin: preflight, good request and refusal."""
    alice, origin = world.users.alice, {"Origin": "https://attacker.example"}
    path = f"/tenant/{alice.tenant}"
    replies = {
        "preflight": world.tenant_api("OPTIONS", path, headers={**origin, "Access-Control-Request-Method": "GET"}),
        "good request": world.tenant_api("GET", path, alice.tokens.id, headers=origin),
        "refusal": world.tenant_api("GET", path, headers=origin),
    }
    allowed = {what: reply.headers.get("access-control-allow-origin", "none") for what, reply in replies.items()}
    credentials = [what for what, reply in replies.items() if "access-control-allow-credentials" in reply.headers]
    if credentials or "https://attacker.example" in allowed.values():
        return breached(f"allowed origins: {allowed}; with credentials: {credentials or 'none'}")
    if "none" in allowed.values():
        return inconclusive(f"a reply allows no origin at all, not even the right one: {allowed}")
    return held("; ".join(f"{what}: {origin}" for what, origin in allowed.items()))
