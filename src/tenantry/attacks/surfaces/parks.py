"""The parks API: another tenant's parks, by every name, field and cursor that could lead to them."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.outcome import inconclusive
from tenantry.attacks.parks_scenario import OWN, PRIZE, ParksScenario
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.tenant_rows import sweep_parks

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.world import World

parks: Final = REGISTRY.surface(
    "parks",
    "Another tenant's parks by id, path, body and cursor; roles on each route; bodies that break out of the "
    "template of a direct integration",
)


def _scene(world: World) -> ParksScenario:
    return ParksScenario.of(world, "parks")


# Identity


@parks.attack("no-token", threat=threats.NO_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route without a token, naming the victim's tenant in headers and query."""
    at = _scene(world)
    named = {"x-tenant-id": at.victim.tenant, "tenantId": at.victim.tenant}
    steps = [
        at.refusal(world.parks_api(method, f"{path}?tenantId={at.victim.tenant}", None, body, headers=named), 401)
        for method, path, body in at.calls(PRIZE)
    ]
    return at.checked(*steps)


@parks.attack("wrong-token", threat=threats.FORGED_TOKEN, must="401 from every route, and nothing changes.")
def _(world: World) -> Outcome:
    """Call every route with the victim's access token, with their ID token less its signature, and with garbage."""
    at = _scene(world)
    steps = [
        at.refusal(world.parks_api(method, path, token, body), 401)
        for token in at.victim.tokens.unfit
        for method, path, body in at.calls(PRIZE)
    ]
    return at.checked(*steps)


@parks.attack("foreign", threat=threats.WRONG_TENANT, must="404, as for a park that nobody has; it is unchanged.")
def _(world: World) -> Outcome:
    """Show the victim's park and set its status, with their tenant named wherever a request has room for it."""
    at, tenant = _scene(world), _scene(world).victim.tenant
    named = {"x-tenant-id": tenant, "tenantId": tenant, "tenant": tenant}
    query = f"?tenantId={tenant}&pk={tenant}%23park&id={PRIZE}"
    show = at.send("GET", f"/parks/{PRIZE}{query}", headers=named)
    setting = at.send("POST", f"/parks/{PRIZE}/statuses{query}", {"status": "park-closed"}, headers=named)
    unreal = at.send("GET", "/parks/nobody-has-this")
    return at.checked(at.refusal(show, 404, like=unreal), at.refusal(setting, 404))


@parks.attack("list", threat=threats.WRONG_TENANT, must="One's own parks, and nobody else's.")
def _(world: World) -> Outcome:
    """List with the victim's tenant, keys and expressions in headers and query."""
    at, tenant = _scene(world), _scene(world).victim.tenant
    steps = []
    for query in (
        "",
        f"?tenantId={tenant}",
        f"?pk={tenant}%23park&:pk={tenant}%23park",
        f"?ExclusiveStartKey={quote(json.dumps({'pk': {'S': f'{tenant}#park'}, 'sk': {'S': 'a'}}))}",
        "?limit=100&KeyConditionExpression=pk%20%3C%3E%20:pk",
        "?IndexName=other&TableName=other",
    ):
        reply = at.send("GET", f"/parks{query}", headers={"x-tenant-id": tenant})
        steps.append(at.shows_nothing(reply))
        if reply.ok:
            ids = [park["id"] for park in reply.json()["items"]]
            steps.append(require(PRIZE not in ids, otherwise=f"it lists {ids}", observed="one's own"))
    return together(*steps, at.good())


@parks.attack("roles", threat=threats.OWN_ATTRIBUTES, must="403 from what the role does not open, by every spelling.")
def _(world: World) -> Outcome:
    """As a visitor and as a member, call what is for admins, through other routes' patterns and other methods."""
    at = _scene(world)
    steps = []
    owner = f"POST /parks/{OWN}/webhooks/{'0' * 32}/owner"
    for role, forbidden in (
        ("visitor", ("POST /parks", f"POST /parks/{OWN}/statuses", "POST /parks/statuses", owner)),
        (
            "member",
            (
                f"POST /parks/{OWN}/statuses",
                "POST /parks/statuses",
                f"POST /parks/{OWN}/webhooks",
                f"GET /parks/{OWN}/webhooks",
                f"DELETE /parks/{OWN}/webhooks/{'0' * 32}",
                owner,
            ),
        ),
    ):
        person = world.once(f"parks {role}", partial(world.member, f"parks-{role}", at.attacker.tenant, {role}))
        bodies = {f"{method} {path}": body for method, path, body in at.calls(OWN)}
        for route in forbidden:
            method, path = route.split()
            for spelling in _spellings(path):
                sent = at.send(method, spelling, bodies[route], person=person, headers={"roles": '["admin"]'})
                steps.append(at.refusal(sent, 400, 403, 404))
    kept = at.status(OWN) == "park-opened"
    return together(*steps, require(kept, otherwise="the status has changed", observed="unchanged"), at.good())


def _spellings(path: str) -> tuple[str, ...]:
    """Return other ways to write a path, of which a policy may not know."""
    last = path.rsplit("/", 1)[-1]
    return (
        path,
        f"{path}?roles=admin",
        f"{path}/",
        f"{path}//",
        path.replace("/parks", "/parks/../parks", 1),
        path.replace("/parks", "//parks", 1),
        path.removesuffix(last) + f"%{ord(last[0]):02x}{last[1:]}",
        path.removesuffix(last) + last.upper(),
        f"{path}%2F",
        f"{path};x=1",
    )


@parks.attack("switch", threat=threats.CACHED_POLICY, must="Each call is answered for the tenant active at that time.")
def _(world: World) -> Outcome:
    """Belong to two tenants, admin in one and visitor in the other, and switch between calls with one token."""
    at = _scene(world)
    person = world.member("parks-switcher", at.attacker.tenant, {"admin"})
    world.accounts.enrol(person, at.victim.tenant, {"visitor"})
    steps = []
    for _turn in range(3):
        for tenant, own, other, status in (
            (at.victim.tenant, PRIZE, OWN, 403),
            (at.attacker.tenant, OWN, PRIZE, 204),
        ):
            steps.append(granted(world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": tenant})))
            shown, hidden = (at.send("GET", f"/parks/{park}", person=person) for park in (own, other))
            steps += [granted(shown), refused(hidden, 404)]
            body = {"status": "park-opened"}
            setting = at.send("POST", f"/parks/{own}/statuses", body, person=person)
            same = setting.status == status
            steps.append(require(same, otherwise=f"it answers {setting}", observed=str(setting.status)))
    return together(*steps, at.untouched())


_MARK: Final = "natural-disaster"
_DIFFERS: Final = "Expected-Tenant names another tenant than the one this request would act in"


@parks.attack(
    "expected-tenant",
    threat=threats.WRONG_TENANT,
    must="409 in words of its own from every route, and nothing is done.",
)
def _(world: World) -> Outcome:
    """Mean one tenant in `Expected-Tenant` while another one is active, in every spelling, and smuggle text in it."""
    at = _scene(world)
    mine, theirs = at.attacker.tenant, at.victim.tenant
    steps = []
    for method, path, body in at.calls(OWN):
        good = at.send(method, path, body, headers={"Expected-Tenant": mine})
        steps.append(require(_DIFFERS not in good.text, otherwise=f"one's own tenant: {good}", observed="one's own"))
    for name, value in (
        ("Expected-Tenant", theirs),
        ("expected-tenant", mine.upper()),
        ("EXPECTED-TENANT", f"{mine}-2"),
        ("Expected-Tenant", f"{mine}, {theirs}"),
        ("Expected-Tenant", f'{mine}"}},"pk":{{"S":"{theirs}#park'),
        ("Expected-Tenant", "$context.authorizer.tenantId"),
        ("Expected-Tenant", "#set($v2 = true)#end"),
    ):
        for method, path, body in at.calls(OWN):
            sent = at.send(method, f"{path}?Expected-Tenant={mine}", _marked(body), headers={name: value})
            steps.append(_differs(at, sent))
    done = [row for kind in ("park", "webhook") for row in at.rows(mine, kind).values() if _MARK in json.dumps(row)]
    return at.checked(*steps, require(not done, otherwise=f"it was done: {done}", observed="nothing is done"))


@parks.attack(
    "expected-tenant-switch", threat=threats.WRONG_TENANT, must="409, and nothing is made in the tenant that is active."
)
def _(world: World) -> Outcome:
    """Switch the active tenant in one tab, and add a park in another tab that means the tenant from before."""
    at = _scene(world)
    person = world.member("parks-tabs", at.attacker.tenant, {"admin"})
    world.accounts.enrol(person, at.victim.tenant, {"admin"})
    meant = {"Expected-Tenant": at.attacker.tenant}
    first = at.add("tab-1", person=person, **meant)
    switched = world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": at.victim.tenant})
    second = at.add("tab-2", person=person, **meant)
    queued = at.queue(PRIZE, "park-closed", person=person, **meant)
    back = world.membership_api("PUT", "/settings", person.tokens.id, {"tenantId": at.attacker.tenant})
    again = at.add("tab-3", person=person, **meant)
    return together(
        granted(first),
        granted(switched),
        _differs(at, second),
        _differs(at, queued),
        granted(back),
        granted(again),
        at.untouched(),
    )


def _marked(body: object) -> object:
    """Return a body that leaves its mark on whatever it is done to."""
    marks = {"id": _MARK, "status": _MARK, "eventType": _MARK}
    return {name: marks.get(name, value) for name, value in body.items()} if isinstance(body, dict) else body


def _differs(at: ParksScenario, reply: Reply) -> Outcome:
    """Check a request that had to be refused for the tenant that it means."""
    return together(
        at.refusal(reply, 409),
        require(_DIFFERS in reply.text, otherwise=f"it is refused in other words: {reply}", observed="in its words"),
    )


# Names


_HOSTILE: Final = (
    "*",
    "%2A",
    "%3F",
    "..%2F..",
    "%2e%2e",
    f"{PRIZE}%23",
    f"x%2F{PRIZE}",
    "%22%2C%22pk%22%3A%7B%22S%22%3A%22other%22%7D",
    "%24context.authorizer.userId",
    "%23set(%24x%3D1)",
    "%7B%25%20%24states%20%25%7D",
    "%00",
    "%0A",
    "%E2%80%AE",
    f"{PRIZE}%20",
    PRIZE.upper(),
    "a" * 300,
)


@parks.attack("ids", threat=threats.HOSTILE_NAMES, must="400 or 404 for each, and nothing changes.")
def _(world: World) -> Outcome:
    """Show a park, set its status and list its webhooks by ids that mean something in a path, a key or a template."""
    at = _scene(world)
    steps = []
    for park in _HOSTILE:
        for method, path, body in (
            ("GET", f"/parks/{park}", None),
            ("POST", f"/parks/{park}/statuses", {"status": "park-closed"}),
            ("GET", f"/parks/{park}/webhooks", None),
        ):
            steps.append(at.refusal(at.send(method, path, body), 400, 403, 404))
    return at.checked(*steps)


@parks.attack(
    "prefixes", threat=threats.COLLIDING_NAMES, must="Tenants whose ids begin alike have nothing of each other's."
)
def _(world: World) -> Outcome:
    """Found tenants whose ids are prefixes and other cases of each other, and look for each other's parks."""
    at = _scene(world)
    stem = f"{world.run[-8:]}-px"
    people: dict[str, Person] = {}
    for tenant in (stem, f"{stem}-park", f"{stem}1", stem.upper()):
        sweep_parks(world, tenant)
        people[tenant] = world.tenant_admin(f"px{len(people)}", tenant)
    steps = []
    for number, person in enumerate(people.values()):
        steps.append(granted(at.send("POST", "/parks", {"id": f"of-{number}", "name": "x"}, person=person)))
    for number, person in enumerate(people.values()):
        reply = at.send("GET", "/parks", person=person)
        ids = [park["id"] for park in reply.json()["items"]] if reply.ok else []
        steps.append(require(ids == [f"of-{number}"], otherwise=f"it lists {ids}", observed="one's own"))
        others = [other for other in range(len(people)) if other != number]
        steps += [refused(at.send("GET", f"/parks/of-{other}", person=person), 404) for other in others]
    return together(*steps)


@parks.attack("cursor", threat=threats.WRONG_TENANT, must="400, or a page of one's own tenant.")
def _(world: World) -> Outcome:
    """Use the victim's cursor, and cursors made up to begin in the victim's partition."""
    at = _scene(world)
    for number in range(2):
        at.send("POST", "/parks", {"id": f"page-{number}", "name": "x"})
    own = at.send("GET", "/parks?limit=1").json()
    if not isinstance(own, dict) or "cursor" not in own:
        return inconclusive(f"there is no cursor to begin with: {own}")
    victims = [
        f"{at.victim.tenant}:a",
        f"{at.victim.tenant}:{PRIZE}",
        f"{at.attacker.tenant}:a:{at.victim.tenant}#park",
        f'{at.attacker.tenant}:a"}},"pk":{{"S":"{at.victim.tenant}#park"',
        f"{at.attacker.tenant}:${{v1}}",
        f"{at.attacker.tenant}\n:a",
        json.dumps({"pk": {"S": f"{at.victim.tenant}#park"}, "sk": {"S": "a"}}),
    ]
    steps = [
        at.refusal(at.send("GET", f"/parks?cursor={quote(base64.b64encode(text.encode()).decode())}"), 400)
        for text in victims
    ]
    steps += [at.refusal(at.send("GET", f"/parks?cursor={quote(text)}"), 400) for text in (*victims, "%", "==", "A")]
    follows = at.send("GET", f"/parks?limit=1&cursor={quote(own['cursor'])}")
    return at.checked(*steps, granted(follows), at.shows_nothing(follows))


# Data paths


_INJECTED: Final = (
    '"},"pk":{"S":"VICTIM#park"},"sk":{"S":"prize"},"x":{"S":"',
    '","pk":"VICTIM#park',
    "\\",
    '\\","Key":{"pk":{"S":"VICTIM#park"}}}',
    "a'b\"c\\d/e",
    "a\u202fb\u200cc\u2028d",
    '#set($v1 = "VICTIM#park")$v1 ${v1} $context.authorizer.tenantId $input.json("$")',
    "#foreach($i in [1..100000])x#end #stop #end #else",
    "${quote}${hash}${dollar} $!{util.base64Decode('eA==')}",
    "{% $states.context.Execution.Input.tenantId %}",
    ":name, pk = :pk, #status = :other",
    "\ufeff\U0001f3de\u200d\u05e9",
    " leading and trailing ",
)


@parks.attack("exact", threat=threats.INJECTION, must="Each is stored and shown exactly as sent, in one's own tenant.")
def _(world: World) -> Outcome:
    """Add parks whose names a template, an expression or JSON could take for its own."""
    at, steps = _scene(world), []
    for number, value in enumerate(_INJECTED):
        name, park = value.replace("VICTIM", world.users.bob.tenant), f"exact-{number}"
        steps.append(granted(at.send("POST", "/parks", {"id": park, "name": name})))
        shown = at.send("GET", f"/parks/{park}").json()
        same = shown == {"id": park, "name": name, "status": "park-opened"}
        steps.append(require(same, otherwise=f"{name[:40]!r} comes back as {shown}", observed="exact"))
    return together(*steps, at.untouched())


@parks.attack("fields", threat=threats.INJECTION, must="400, and nothing is stored anywhere.")
def _(world: World) -> Outcome:
    """Add parks and set statuses with hostile text in every field but the name, with extra and duplicate fields."""
    at = _scene(world)
    steps = []
    for value in _INJECTED:
        text = value.replace("VICTIM", at.victim.tenant)
        steps += [
            at.refusal(at.add(text), 400),
            at.refusal(at.send("POST", "/parks", {"id": "fields", "name": "x", "status": text}), 400),
            at.refusal(at.send("POST", f"/parks/{OWN}/statuses", {"status": text}), 400),
        ]
    victim = at.victim.tenant
    for body in (
        {"id": "fields", "name": "x", "pk": f"{victim}#park"},
        {"id": "fields", "name": "x", "tenantId": victim},
        {"id": "fields", "name": {"S": "x"}},
        {"id": ["fields"], "name": "x"},
        {"id": PRIZE, "name": "x", "Key": {"pk": {"S": f"{victim}#park"}}},
    ):
        steps.append(at.refusal(at.send("POST", "/parks", body), 400))
    odd = [key for key in at.rows(at.attacker.tenant) if key.startswith("fields") or not key.isprintable()]
    return at.checked(*steps, require(not odd, otherwise=f"there is now {odd}", observed="nothing is stored"))


@parks.attack("content-types", threat=threats.INJECTION, must="415 or 400, and nothing is stored.")
def _(world: World) -> Outcome:
    """Send a request for DynamoDB and for Step Functions as it is, under other content types."""
    at, victim = _scene(world), _scene(world).victim.tenant
    raw = {"TableName": world.target.parks_table, "Key": {"pk": {"S": f"{victim}#park"}, "sk": {"S": PRIZE}}}
    steps = []
    for content_type in (
        "text/plain",
        "application/x-amz-json-1.0",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json+x",
        "*/*",
    ):
        for path, body in (
            ("/parks", {**raw, "id": "typed", "name": "x"}),
            ("/parks", {"id": "typed", "name": "x"}),
            (f"/parks/{OWN}/statuses", {"status": "natural-disaster"}),
            ("/parks/statuses", {"ids": [OWN], "status": "natural-disaster"}),
        ):
            steps.append(at.refusal(at.send("POST", path, body, headers={"Content-Type": content_type}), 400, 415))
    own = at.rows(at.attacker.tenant)
    same = "typed" not in own and own[OWN]["status"] != {"S": "natural-disaster"}
    return together(*steps, require(same, otherwise="it got through", observed="nothing is stored"), at.untouched())


@parks.attack("duplicate-keys", threat=threats.INJECTION, must="What is checked is what is stored.")
def _(world: World) -> Outcome:
    """Send a field twice, once good and once hostile, in both orders."""
    at = _scene(world)
    texts = (
        '{"id": "twice", "name": "x", "id": "twice#x"}',
        '{"id": "twice#x", "name": "x", "id": "twice"}',
        '{"id": "twice", "name": "x", "status": "closed", "status": "park-closed"}',
    )
    steps = [at.shows_nothing(at.send("POST", "/parks", text)) for text in texts]
    odd = [key for key in at.rows(at.attacker.tenant) if "#" in key]
    return together(*steps, require(not odd, otherwise=f"there is {odd}", observed="none is odd"), at.untouched())
