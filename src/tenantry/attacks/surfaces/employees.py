"""The employees API: another tenant's rows, by every id that could lead to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tenantry.attacks import threats
from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import expect, granted, refused, require, together
from tenantry.attacks.outcome import Outcome, inconclusive
from tenantry.attacks.per_run import once_per_run
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.scenario import Scenario
from tenantry.attacks.surfaces.vending import put_employee
from tenantry.attacks.tenant_rows import employees_of, sweep_employees

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


def _body(employee: str, name: str = "the attacker's") -> dict[str, str]:
    return {"Id": employee, "Name": name}


@dataclass(frozen=True, kw_only=True)
class _Scenario(Scenario):
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

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send a request as the attacker."""
        return self.world.employees_api(method, path, self.alice.tokens.id, body, headers=headers)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no reply to the attacker may show."""
        return (self.name, *_INNER)

    def good(self) -> Outcome:
        """Check whether the attacker still lists their own."""
        reply = self.world.recent("employees", lambda: self.send("GET", "/employees"))
        if not reply.ok or '"own-1"' not in reply.text:
            return inconclusive(f"a good request failed: {reply}")
        return self.shows_nothing(reply)

    def untouched(self) -> Outcome:
        """Check whether the victim's employee is there, alone and unchanged."""
        rows = {key: row for key, row in employees_of(self.world, self.bob.tenant).items() if key != "prize.txt"}
        same = list(rows) == [_VICTIM] and rows[_VICTIM]["Name"] == {"S": self.name}
        return require(
            same, otherwise=f"the victim's employees are {sorted(rows)}", observed="the victim's is unchanged"
        )


@once_per_run
def _scene(world: World) -> _Scenario:
    users = world.users
    made = _Scenario(world=world, alice=users.alice, bob=users.bob, name=f"the victim's {world.accounts.mark}")
    for person, employee, name in ((made.bob, _VICTIM, made.name), (made.alice, "own-1", "the attacker's")):
        sweep_employees(world, person.tenant)
        reply = world.employees_api("POST", "/employees", person.tokens.id, _body(employee, name))
        expect(reply, "Adding an employee")
        if employee not in employees_of(world, person.tenant):
            raise SetupError(f"An employee is not stored: {reply}")
    return made


# Without a token, and with a wrong one


_CALLS: Final = (
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
    query = f"?Tenant={at.bob.tenant}"
    return at.checked(
        *(
            at.refusal(world.employees_api(method, path + query, None, body, headers=headers), 401)
            for method, path, body in _CALLS
        )
    )


@employees.attack("wrong-token", threat=threats.FORGED_TOKEN, must="401, and nothing changes.")
def _(world: World) -> Outcome:
    """List, add, replace and remove with an access token, a stripped token, and garbage."""
    at = _scene(world)
    return at.checked(
        *(
            at.refusal(world.employees_api(method, path, token, body), 401)
            for token in at.bob.tokens.unfit
            for method, path, body in _CALLS
        )
    )


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
        listed = reply.field("employees") or [] if reply.ok else []
        foreign = [row for row in listed if row.get("Tenant") != at.alice.tenant]
        steps.append(require(not foreign, otherwise=f"it lists {foreign}", observed=f"{len(listed)} of one's own"))
        steps.append(at.shows_nothing(reply))
    return together(*steps, ("a good request", at.good()))


@employees.attack(
    "foreign-put", threat=threats.WRONG_TENANT, must="404, as for one that nobody has; the victim's is unchanged."
)
def _(world: World) -> Outcome:
    """Replace the victim's employee by its id."""
    at = _scene(world)
    like = at.send("PUT", "/employees/nobodys-1", _body("nobodys-1"))
    reply = at.send("PUT", f"/employees/{_VICTIM}", _body(_VICTIM))
    return at.checked(at.refusal(reply, 404, like=like))


@employees.attack(
    "foreign-delete", threat=threats.WRONG_TENANT, must="404, as for one that nobody has; the victim's is there."
)
def _(world: World) -> Outcome:
    """Remove the victim's employee by its id."""
    at = _scene(world)
    like = at.send("DELETE", "/employees/nobodys-1")
    reply = at.send("DELETE", f"/employees/{_VICTIM}")
    return at.checked(at.refusal(reply, 404, like=like))


@employees.attack("same-id", threat=threats.EXISTENCE_SHOWN, must="201: an id is taken within one's own tenant only.")
def _(world: World) -> Outcome:
    """Add an employee under the id that the victim's has, as someone of a third tenant."""
    at = _scene(world)
    third = _writer(world)
    reply = world.employees_api("POST", "/employees", third.tokens.id, _body(_VICTIM))
    stored = _VICTIM in employees_of(world, third.tenant)
    return together(
        granted(reply), require(stored, otherwise="it is stored elsewhere", observed="stored"), at.untouched()
    )


@once_per_run
def _writer(world: World) -> Person:
    """Return someone of a third tenant, for attacks that store much."""
    tenant = f"{world.run[-8:]}-employer"
    person = world.tenant_admin("employer", tenant)
    sweep_employees(world, tenant)
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


@employees.each(
    ((slug, json.dumps(value)[:60], value) for slug, value in _IDS),
    "id-{}",
    threat=threats.HOSTILE_NAMES,
    tries="Add, replace and remove by the id {}, the victim's tenant for BOB.",
    must="Refused, or one's own; the victim's employee is unchanged.",
)
def _hostile(world: World, employee: str) -> Outcome:
    """Add, replace and remove by the id; what is added, if it is, is one's own."""
    at, writer = _scene(world), _writer(world)
    employee = employee.replace("BOB", at.bob.tenant)
    path, steps = f"/employees/{quote(employee, safe='')}", []
    for method, where, body in (
        ("POST", "/employees", _body(employee)),
        ("PUT", path, _body(employee)),
        ("DELETE", path, None),
    ):
        reply = world.employees_api(method, where, writer.tokens.id, body)
        # Where an id is legal, it is one's own that is added, replaced and removed.
        steps.append((method, at.shows_nothing(reply) if reply.ok else at.refusal(reply, 400, 403, 404)))
    return at.checked(*steps)


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


@employees.each(
    _BODIES,
    "body-{}",
    threat=threats.INJECTION,
    tries="Add an employee, and replace one, with {}.",
    must="400, and nothing is stored anywhere.",
)
def _refused_body(world: World, text: str) -> Outcome:
    at = _scene(world)
    text = text.replace("BOB", at.bob.tenant)
    added = at.send("POST", "/employees", text)
    replaced = at.send("PUT", "/employees/own-1", text.replace("bad-1", "own-1"))
    kept = employees_of(world, at.alice.tenant)
    same = not any(key.startswith("bad-") for key in kept) and kept["own-1"]["Name"] == {"S": "the attacker's"}
    return at.checked(
        ("POST", at.refusal(added, 400, 413, 415)),
        ("PUT", at.refusal(replaced, 400, 413, 415)),
        require(same, otherwise=f"something is stored: {sorted(kept)}", observed="nothing is stored"),
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
    send = partial(world.employees_api, token=writer.tokens.id)
    for number, value in enumerate(_VALUES):
        key = f"exact-{number}"
        steps += [
            granted(send("POST", "/employees", body=_body(key, "x"))),
            granted(send("PUT", f"/employees/{key}", body={**_body(key, value), "Title": value})),
        ]
    listed = {row["Id"]: row for row in send("GET", "/employees").field("employees") or []}
    for number, value in enumerate(_VALUES):
        wanted = {"Tenant": writer.tenant, "Id": f"exact-{number}", "Name": value, "Title": value}
        found = listed.get(f"exact-{number}")
        steps.append(require(found == wanted, otherwise=f"{value[:30]!r} comes back as {found}", observed="exact"))
    return together(*steps, told="exact")


@employees.attack("id-mismatch", threat=threats.INJECTION, must="400, and nothing is stored.")
def _(world: World) -> Outcome:
    """Replace one's own employee by its path, with the victim's id in the body, and the other way round."""
    at = _scene(world)
    return at.checked(
        at.refusal(at.send("PUT", "/employees/own-1", _body(_VICTIM)), 400),
        at.refusal(at.send("PUT", f"/employees/{_VICTIM}", _body("own-1")), 400),
    )


# Cached policies, and memberships that change


@employees.attack("warm", threat=threats.CACHED_POLICY, must="Each token reaches its own tenant's, in any order.")
def _(world: World) -> Outcome:
    """Use two tokens by turns, for every method, so that a policy cached for one would serve the other."""
    at, writer, steps = _scene(world), _writer(world), []
    for turn in range(3):
        key = f"warm-{turn}"
        steps += [
            granted(world.employees_api("POST", "/employees", writer.tokens.id, _body(key))),
            at.refusal(at.send("DELETE", f"/employees/{key}"), 404),
            at.refusal(at.send("PUT", f"/employees/{key}", _body(key)), 404),
            granted(world.employees_api("DELETE", f"/employees/{key}", writer.tokens.id)),
        ]
    bad = f"{at.alice.tokens.id[:-6]}AAAAAA"
    return at.checked(*steps, at.refusal(world.employees_api("GET", "/employees", bad), 401))


@employees.attack("switch", threat=threats.CACHED_POLICY, must="With a new token, the active tenant's employees alone.")
def _(world: World) -> Outcome:
    """Belong to two tenants, list in the first, switch to the second, and list with the new token."""
    first, second = f"{world.run[-8:]}-first", f"{world.run[-8:]}-second"
    person = world.tenant_admin("switcher", first)
    world.accounts.found_tenant(second, f"{world.run} second")
    for tenant in (first, second):
        sweep_employees(world, tenant)
        put_employee(world, tenant, f"of-{tenant}")
    before = world.employees_api("GET", "/employees", person.tokens.id)
    token = world.accounts.move(person, second, {"admin"}).tokens.id
    after = world.employees_api("GET", "/employees", token)
    theirs = world.employees_api("DELETE", f"/employees/of-{first}", token)
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
        steps.append(at.refusal(at.send(method, path, _body(_VICTIM)), 403, 404, 405))
    override = at.send("GET", "/employees", **{"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"})
    steps.append(at.shows_nothing(override))
    return at.checked(*steps)
