"""The employees API: another tenant's rows, by every id that could lead to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import granted, refused, require, together
from tenantry.attacks.outcome import AttackResult, Outcome, inconclusive
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.surfaces.vending import put_employee
from tenantry.attacks.tenant_rows import employees_of, sweep_employees
from tenantry.attacks.ttl_cache import TtlCache

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

employees: Final = REGISTRY.surface(
    "employees",
    "Another tenant's rows by id, path and body; cached authorizer policies; a switch of the active tenant",
)

_VICTIM: Final = "victim-1"
_INNER: Final = ("arn:aws", "AccessDenied", "ConditionalCheck", "ValidationException")


def _send(
    world: World,
    method: str,
    path: str,
    token: str | None,
    body: str | bytes | None = None,
    **headers: str,
) -> Reply:
    sent = {"Authorization": f"Bearer {token}"} if token is not None else {}
    if body is not None:
        sent["Content-Type"] = "application/json"
    url = f"{world.target.employees_api}{path}"
    return world.http.send(method, url, headers={**sent, **headers}, body=body)


def _body(employee: object, name: object = "the attacker's", **more: object) -> str:
    return json.dumps({"Id": employee, "Name": name, **more})


@dataclass(frozen=True, kw_only=True)
class _Scenario:
    """Who has which employees.

    Attributes
    ----------
    world
        The run.
    alice, bob
        The attacker and the victim.
    name
        The name of the victim's employee, which nobody else may see.
    """

    world: World
    alice: Person
    bob: Person
    name: str

    def send(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Reply:
        """Send a request as the attacker."""
        return _send(self.world, method, path, self.alice.tokens.id, body, **headers)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no reply to the attacker may show."""
        return (self.name, *_INNER)

    def good(self) -> Outcome:
        """Check whether the attacker still lists their own."""
        reply = self.world.once("employees good", lambda: TtlCache(lambda: self.send("GET", "/employees")))()
        if not reply.ok or '"own-1"' not in reply.text:
            return inconclusive(f"a good request failed: {reply}")
        return refused_nothing(reply, self.hidden)

    def untouched(self) -> Outcome:
        """Check whether the victim's employee is there, alone and unchanged."""
        rows = {key: row for key, row in employees_of(self.world, self.bob.tenant).items() if key != "prize.txt"}
        same = list(rows) == [_VICTIM] and rows[_VICTIM]["Name"] == {"S": self.name}
        return require(
            same, otherwise=f"the victim's employees are {sorted(rows)}", observed="the victim's is unchanged"
        )


def refused_nothing(reply: Reply, hidden: tuple[str, ...]) -> Outcome:
    """Check a reply that may succeed, as long as it shows nothing of another's."""
    shown = any(value in reply.text for value in hidden)
    return require(not shown, otherwise=f"it shows another's: {reply}", observed=str(reply.status))


def _scene(world: World) -> _Scenario:
    return world.once("employees scenario", lambda: _set(world))


def _set(world: World) -> _Scenario:
    users = world.users
    made = _Scenario(world=world, alice=users.alice, bob=users.bob, name=f"the victim's {world.accounts.mark}")
    for person, employee, name in ((made.bob, _VICTIM, made.name), (made.alice, "own-1", "the attacker's")):
        tenant = person.tenant
        world.cleanup.later(f"the employees of {tenant}", partial(sweep_employees, world, tenant))
        reply = _send(world, "POST", "/employees", person.tokens.id, _body(employee, name))
        if not reply.ok or employee not in employees_of(world, tenant):
            raise SetupError(f"An employee cannot be added: {reply}")
    return made


# Without a token, and with a wrong one


def _calls() -> tuple[tuple[str, str, str | None], ...]:
    return (
        ("GET", "/employees", None),
        ("POST", "/employees", _body("new")),
        ("PUT", f"/employees/{_VICTIM}", _body(_VICTIM)),
        ("DELETE", f"/employees/{_VICTIM}", None),
    )


@employees.attack("no-token", threat=threats.NO_TOKEN, must="401, and nothing changes.")
def _(world: World) -> Outcome:
    """List, add, replace and remove without a token, naming the victim's tenant in headers and query."""
    at = _scene(world)
    headers = {"x-tenant-id": at.bob.tenant, "Tenant": at.bob.tenant, "x-token": at.bob.tokens.id}
    steps = [
        refused(_send(world, method, f"{path}?Tenant={at.bob.tenant}", None, body, **headers), 401, hidden=at.hidden)
        for method, path, body in _calls()
    ]
    return together(*steps, at.untouched(), ("a good request", at.good()))


@employees.attack("wrong-token", threat=threats.FORGED_TOKEN, must="401, and nothing changes.")
def _(world: World) -> Outcome:
    """List, add, replace and remove with an access token, a stripped token, and garbage."""
    at = _scene(world)
    tokens = (at.bob.tokens.access, ".".join([*at.bob.tokens.id.split(".")[:2], ""]), "garbage")
    steps = [
        refused(_send(world, method, path, token, body), 401, hidden=at.hidden)
        for token in tokens
        for method, path, body in _calls()
    ]
    return together(*steps, at.untouched(), ("a good request", at.good()))


# Another tenant's


@employees.attack("list", threat=threats.WRONG_TENANT, must="One's own employees, and nobody else's.")
def _(world: World) -> Outcome:
    """List with the victim's tenant named in headers and query."""
    at, tenant = _scene(world), _scene(world).bob.tenant
    steps = []
    for query in (
        "",
        f"?Tenant={tenant}",
        f"?tenantId={tenant}&tenant={tenant}",
        "?ExclusiveStartKey=x",
        "?limit=9999",
    ):
        reply = at.send("GET", f"/employees{query}", **{"x-tenant-id": tenant, "tenant": tenant})
        answer = reply.json()
        listed = answer.get("employees", []) if reply.ok and isinstance(answer, dict) else []
        foreign = [row for row in listed if row.get("Tenant") != at.alice.tenant]
        steps.append(require(not foreign, otherwise=f"it lists {foreign}", observed=f"{len(listed)} of one's own"))
        steps.append(refused_nothing(reply, at.hidden))
    return together(*steps, ("a good request", at.good()))


@employees.attack(
    "foreign-put", threat=threats.WRONG_TENANT, must="404, as for one that nobody has; the victim's is unchanged."
)
def _(world: World) -> Outcome:
    """Replace the victim's employee by its id."""
    at = _scene(world)
    like = at.send("PUT", "/employees/nobodys-1", _body("nobodys-1"))
    reply = at.send("PUT", f"/employees/{_VICTIM}", _body(_VICTIM))
    return together(refused(reply, 404, like=like, hidden=at.hidden), at.untouched(), ("a good request", at.good()))


@employees.attack(
    "foreign-delete", threat=threats.WRONG_TENANT, must="404, as for one that nobody has; the victim's is there."
)
def _(world: World) -> Outcome:
    """Remove the victim's employee by its id."""
    at = _scene(world)
    like = at.send("DELETE", "/employees/nobodys-1")
    reply = at.send("DELETE", f"/employees/{_VICTIM}")
    return together(refused(reply, 404, like=like, hidden=at.hidden), at.untouched(), ("a good request", at.good()))


@employees.attack("same-id", threat=threats.EXISTENCE_SHOWN, must="201: an id is taken within one's own tenant only.")
def _(world: World) -> Outcome:
    """Add an employee under the id that the victim's has, as someone of a third tenant."""
    at = _scene(world)
    third = _writer(world)
    reply = _send(world, "POST", "/employees", third.tokens.id, _body(_VICTIM))
    stored = _VICTIM in employees_of(world, third.tenant)
    return together(
        granted(reply), require(stored, otherwise="it is stored elsewhere", observed="stored"), at.untouched()
    )


def _writer(world: World) -> Person:
    """Return someone of a third tenant, for attacks that store much."""
    return world.once("employees writer", lambda: _make_writer(world))


def _make_writer(world: World) -> Person:
    tenant = f"{world.run[-8:]}-employer"
    person = world.tenant_admin("employer", tenant)
    world.cleanup.later(f"the employees of {tenant}", partial(sweep_employees, world, tenant))
    return person


_IDS: Final = (
    ("wildcard", "*"),
    ("question", "victim-?"),
    ("hash", f"BOB#{_VICTIM}"),
    ("caret", f"BOB^{_VICTIM}"),
    ("slash", f"BOB/{_VICTIM}"),
    ("up", f"../BOB/{_VICTIM}"),
    ("dots", ".."),
    ("quote", f"{_VICTIM}'"),
    ("double-quote", f'{_VICTIM}"'),
    ("backslash", f"{_VICTIM}\\"),
    ("variable", "${aws:PrincipalTag/TenantId}"),
    ("placeholder", "{{tenant_id}}"),
    ("expression", f"{_VICTIM} OR attribute_exists(Id)"),
    ("space", f"{_VICTIM} "),
    ("newline", f"{_VICTIM}\n"),
    ("nul", f"{_VICTIM}\0"),
    ("look-alike", "v\u0456ctim-1"),
    ("full-width", "\uff56ictim-1"),
    ("emoji", "\U0001f3e2"),
    ("other-case", "VICTIM-1"),
    ("long", "v" * 65),
    ("very-long", "v" * 3000),
)


def _hostile(world: World, employee: str) -> Outcome:
    """Add, replace and remove by the id; what is added, if it is, is one's own."""
    at, writer = _scene(world), _writer(world)
    employee = employee.replace("BOB", at.bob.tenant)
    token, path = writer.tokens.id, f"/employees/{quote(employee, safe='')}"
    steps = []
    for method, where, body in (
        ("POST", "/employees", _body(employee)),
        ("PUT", path, _body(employee)),
        ("DELETE", path, None),
    ):
        reply = _send(world, method, where, token, body)
        # Where an id is legal, it is one's own that is added, replaced and removed.
        steps.append(
            (method, refused_nothing(reply, at.hidden) if reply.ok else refused(reply, 400, 403, 404, hidden=at.hidden))
        )
    return together(*steps, at.untouched(), ("a good request", at.good()))


for _slug, _id in _IDS:
    employees.add(
        f"id-{_slug}",
        threat=threats.HOSTILE_NAMES,
        tries=f"Add, replace and remove by the id {json.dumps(_id)[:60]}, the victim's tenant for BOB.",
        must="Refused, or one's own; the victim's employee is unchanged.",
        run=partial(_hostile, employee=_id),
    )


# Bodies

_BODIES: Final = (
    ("tenant", "another tenant beside the id", '{"Id": "bad-1", "Name": "x", "Tenant": "BOB"}'),
    ("tenant-id", "another tenant id", '{"Id": "bad-1", "Name": "x", "tenantId": "BOB", "tenant_id": "BOB"}'),
    ("tenant-first", "another tenant first", '{"Tenant": "BOB", "Id": "bad-1", "Name": "x"}'),
    ("tenant-type", "a typed tenant", '{"Id": "bad-1", "Name": "x", "Tenant": {"S": "BOB"}}'),
    ("tenant-case", "a tenant in lower case", '{"Id": "bad-1", "Name": "x", "tenant": "BOB"}'),
    ("more", "another attribute", '{"Id": "bad-1", "Name": "x", "Admin": "true"}'),
    ("typed", "typed values", '{"Id": {"S": "bad-1"}, "Name": {"S": "x"}}'),
    ("list", "a list as an id", '{"Id": ["bad-1"], "Name": "x"}'),
    ("number", "a number as a name", '{"Id": "bad-1", "Name": 7}'),
    ("no-id", "no id", '{"Name": "x"}'),
    ("no-name", "no name", '{"Id": "bad-1"}'),
    ("empty-name", "an empty name", '{"Id": "bad-1", "Name": ""}'),
    ("long-name", "a name of 257 characters", json.dumps({"Id": "bad-1", "Name": "n" * 257})),
    ("array", "an array", '[{"Id": "bad-1", "Name": "x"}]'),
    ("two", "two objects", '{"Id": "bad-1", "Name": "x"}{"Id": "bad-2", "Name": "x"}'),
    ("half", "half an object", '{"Id": "bad-1", "Name": "x"'),
    ("empty", "nothing", ""),
    ("deep", "arrays nested 5,000 deep", '{"Id": "bad-1", "Name": ' + "[" * 5000 + "]" * 5000 + "}"),
    ("surrogate", "half a surrogate pair", '{"Id": "bad-1", "Name": "\\ud800"}'),
    ("nul", "a NUL in the name", '{"Id": "bad-1", "Name": "a\\u0000b"}'),
    ("lines", "a name of two lines", '{"Id": "bad-1", "Name": "a\\r\\nb"}'),
    ("reversed", "a title shown backwards", '{"Id": "bad-1", "Name": "x", "Title": "a\\u202eb"}'),
)


def _refused_body(world: World, text: str) -> Outcome:
    at = _scene(world)
    text = text.replace("BOB", at.bob.tenant)
    added = at.send("POST", "/employees", text)
    replaced = at.send("PUT", "/employees/own-1", text.replace("bad-1", "own-1"))
    kept = employees_of(world, at.alice.tenant)
    same = not any(key.startswith("bad-") for key in kept) and kept["own-1"]["Name"] == {"S": "the attacker's"}
    return together(
        ("POST", refused(added, 400, 413, 415, hidden=at.hidden)),
        ("PUT", refused(replaced, 400, 413, 415, hidden=at.hidden)),
        require(same, otherwise=f"something is stored: {sorted(kept)}", observed="nothing is stored"),
        at.untouched(),
        ("a good request", at.good()),
    )


for _slug, _what, _text in _BODIES:
    employees.add(
        f"body-{_slug}",
        threat=threats.INJECTION,
        tries=f"Add an employee, and replace one, with {_what}.",
        must="400, and nothing is stored anywhere.",
        run=partial(_refused_body, text=_text),
    )


_VALUES: Final = (
    "a'b\"c\\d",
    '#set($x = $context.authorizer.tenantId)$x $input.json("$")',
    "${aws:PrincipalTag/TenantId} ${stageVariables.x}",
    "{{tenant_id}} {{7*7}} ${7*7} <%= 7*7 %>",
    ":name, Tenant = :other",
    "x' OR '1'='1",
    '{"S": "x"}',
    "<script>alert(1)</script>&amp;",
    "\U0001f3e2 \u05e9\u05dc\u05d5\u05dd e\u0301 \ufeff",
    " leading and trailing ",
    "n" * 256,
)


@employees.attack("exact", threat=threats.INJECTION, must="Each is stored and listed exactly as it was sent.")
def _(world: World) -> Outcome:
    """Add and replace employees whose names and titles a template or an expression could take for its own."""
    writer, steps = _writer(world), []
    for number, value in enumerate(_VALUES):
        key = f"exact-{number}"
        added = _send(world, "POST", "/employees", writer.tokens.id, _body(key, "x"))
        replaced = _send(world, "PUT", f"/employees/{key}", writer.tokens.id, _body(key, value, Title=value))
        steps += [granted(added), granted(replaced)]
    listing = _send(world, "GET", "/employees", writer.tokens.id).json()
    listed = {row["Id"]: row for row in listing["employees"]} if isinstance(listing, dict) else {}
    for number, value in enumerate(_VALUES):
        wanted = {"Tenant": writer.tenant, "Id": f"exact-{number}", "Name": value, "Title": value}
        found = listed.get(f"exact-{number}")
        steps.append(require(found == wanted, otherwise=f"{value[:30]!r} comes back as {found}", observed="exact"))
    worst = together(*steps)
    return worst if worst.result is not AttackResult.HELD else together(*steps[-1:])


@employees.attack("id-mismatch", threat=threats.INJECTION, must="400, and nothing is stored.")
def _(world: World) -> Outcome:
    """Replace one's own employee by its path, with the victim's id in the body, and the other way round."""
    at = _scene(world)
    return together(
        refused(at.send("PUT", "/employees/own-1", _body(_VICTIM)), 400, hidden=at.hidden),
        refused(at.send("PUT", f"/employees/{_VICTIM}", _body("own-1")), 400, hidden=at.hidden),
        at.untouched(),
        ("a good request", at.good()),
    )


# Cached policies, and memberships that change


@employees.attack("warm", threat=threats.CACHED_POLICY, must="Each token reaches its own tenant's, in any order.")
def _(world: World) -> Outcome:
    """Use two tokens by turns, for every method, so that a policy cached for one would serve the other."""
    at, writer, steps = _scene(world), _writer(world), []
    for turn in range(3):
        key = f"warm-{turn}"
        mine = _send(world, "POST", "/employees", writer.tokens.id, _body(key))
        theirs = at.send("DELETE", f"/employees/{key}")
        again = at.send("PUT", f"/employees/{key}", _body(key))
        removed = _send(world, "DELETE", f"/employees/{key}", writer.tokens.id)
        steps += [
            granted(mine),
            refused(theirs, 404, hidden=at.hidden),
            refused(again, 404, hidden=at.hidden),
            granted(removed),
        ]
    bad = f"{at.alice.tokens.id[:-6]}AAAAAA"
    steps.append(refused(_send(world, "GET", "/employees", bad), 401, hidden=at.hidden))
    return together(*steps, at.untouched(), ("a good request", at.good()))


@employees.attack("switch", threat=threats.CACHED_POLICY, must="With a new token, the active tenant's employees alone.")
def _(world: World) -> Outcome:
    """Belong to two tenants, list in the first, switch to the second, and list with the new token."""
    first, second = f"{world.run[-8:]}-first", f"{world.run[-8:]}-second"
    person = world.tenant_admin("switcher", first)
    world.accounts.found_tenant(second, f"{world.run} second")
    for tenant in (first, second):
        world.cleanup.later(f"the employees of {tenant}", partial(sweep_employees, world, tenant))
        put_employee(world, tenant, f"of-{tenant}")
    before = _send(world, "GET", "/employees", person.tokens.id)
    moved = world.accounts.move(person, second, {"admin"})
    after = _send(world, "GET", "/employees", moved.tokens.id)
    theirs = _send(world, "DELETE", f"/employees/of-{first}", moved.tokens.id)
    return together(
        ("before", _sees(before, first, second)),
        ("after", _sees(after, second, first)),
        ("the first tenant's", refused(theirs, 404, hidden=_INNER)),
        require(f"of-{first}" in employees_of(world, first), otherwise="it is gone", observed="it is there"),
    )


def _sees(reply: Reply, tenant: str, other: str) -> Outcome:
    if not reply.ok or f"of-{tenant}" not in reply.text:
        return inconclusive(f"the active tenant's employees are not listed: {reply}")
    return require(
        f"of-{other}" not in reply.text, otherwise=f"the other tenant's are listed: {reply}", observed="one's own"
    )


@employees.attack("methods", threat=threats.WRONG_TENANT, must="No method but the API's own does anything.")
def _(world: World) -> Outcome:
    """Send other methods, and methods that a header puts in place of the real one."""
    at, steps = _scene(world), []
    for method, path in (
        ("PATCH", f"/employees/{_VICTIM}"),
        ("GET", f"/employees/{_VICTIM}"),
        ("DELETE", "/employees"),
    ):
        steps.append(refused(at.send(method, path, _body(_VICTIM)), 403, 404, 405, hidden=at.hidden))
    override = at.send("GET", "/employees", **{"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"})
    steps.append(refused_nothing(override, at.hidden))
    return together(*steps, at.untouched(), ("a good request", at.good()))
