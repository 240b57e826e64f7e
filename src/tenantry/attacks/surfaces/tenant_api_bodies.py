"""The tenant API: bodies that rename more than they may, or store other than what was sent."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.assertions import refused, require, together
from tenantry.attacks.http import Body, Reply
from tenantry.attacks.outcome import Outcome, breached
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.threats import Threat
    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface("tenant-api")


def _put(world: World, case: Body) -> Outcome:
    """Send the body to a tenant kept for such, one at a time, and compare what is stored there and at the victim's."""
    with world.once("bodies' turn", threading.Lock):
        return _put_alone(world, case, world.once("bodies", lambda: world.tenant_admin("bodies", str(uuid.uuid4()))))


def _put_alone(world: World, case: Body, person: Person) -> Outcome:
    bob, tenant = world.users.bob, person.tenant
    text = case.text.replace("OTHER", bob.tenant) if isinstance(case.text, str) else case.text
    before, victim = world.tenant_row(tenant), world.tenant_row(bob.tenant)
    headers = {"Content-Type": case.content_type}
    reply = world.tenant_api("PUT", f"/tenant/{tenant}", person.tokens.id, text, headers=headers)
    after = world.tenant_row(tenant)
    if world.tenant_row(bob.tenant) != victim:
        return breached("another's tenant is changed")
    case = replace(case, stored=case.stored and case.stored.replace("OTHER", bob.tenant))
    there = require(bool(after), otherwise="the tenant is gone", observed="the tenant is there")
    return together(_stored(case, reply, dict(before or {}), dict(after or {})), ("afterwards", there))


def _stored(case: Body, reply: Reply, before: dict[str, Any], after: dict[str, Any]) -> Outcome:
    if reply.ok:
        if case.stored is None:
            return breached(f"it was accepted: {reply}, stored: {after}")
        exact = after == {**before, "name": {"S": case.stored}}
        return require(
            exact, otherwise=f"something else is stored: {after}", observed=f"{reply.status}, stored exactly"
        )
    return together(
        refused(reply, 400, 413, 415),
        require(after == before, otherwise="refused, yet stored", observed="nothing is stored"),
    )


def _kept(slug: str, tries: str, name: str, threat: Threat = threats.INJECTION) -> Body:
    """Return a body with a name that has to be stored as it is."""
    return Body(slug, tries, _name(name), stored=name, threat=threat)


def _name(value: str) -> str:
    return json.dumps({"name": value})


_BODIES: Final = (
    Body("other-tenant", "a name and another's tenant id", '{"name": "x", "tenantId": "OTHER"}', stored="x"),
    Body("other-key", "a name and another's key", '{"name": "x", "tenantid": "OTHER"}', stored="x"),
    Body("key-only", "another's key and no name", '{"tenantid": "OTHER"}'),
    Body(
        "extra-fields",
        "a name, roles, a plan and an owner",
        '{"name": "x", "roles": ["admin"], "plan": "platinum", "owner": "OTHER", "__proto__": {"admin": true}}',
        stored="x",
    ),
    Body("twice", "the name twice", '{"name": "one", "name": "two"}', stored="two"),
    _kept("update-expression", "an update expression as a name", ":name, tenantid = :other"),
    Body("dynamodb-type", "a typed value as a name", '{"name": {"S": "x"}}'),
    Body("list", "a list as a name", '{"name": ["x"]}'),
    Body("number", "a number as a name", '{"name": 7}'),
    Body("null", "null as a name", '{"name": null}'),
    Body("boolean", "a truth value as a name", '{"name": true}'),
    Body("no-name", "an object without a name", "{}"),
    Body("empty-name", "an empty name", _name("")),
    Body("blank-name", "a name of white space", _name(" \t ")),
    Body("empty", "an empty body", ""),
    Body("not-json", "a word", "name"),
    Body("array", "an array around the object", '[{"name": "x"}]'),
    Body("string", "a string", '"name"'),
    Body("half", "half an object", '{"name": "x"'),
    Body("two-objects", "two objects", '{"name": "x"}{"name": "y"}'),
    Body("deep", "an object nested 5,000 deep", '{"name":' * 5000 + '"x"' + "}" * 5000),
    _kept("long", "a name of 10,000 characters", "n" * 10_000),
    Body("megabyte", "a name of 400,000 characters", _name("n" * 400_000)),
    Body("latin-1", "a name that is not UTF-8", b'{"name": "caf\xe9"}'),
    Body("surrogate", "half a surrogate pair", '{"name": "\\ud800"}'),
    Body("nul", "a name with a NUL in it", _name("a\0b")),
    Body("newline", "a name of two lines", _name("a\nSet-Cookie: x=y")),
    _kept("html", "markup", "<script>alert(1)</script>"),
    _kept("emoji", "emoji and a right-to-left word", "🏢 שלום"),
    _kept("velocity", "a mapping template", "#set($x = $context.authorizer.tenantId)$x"),
    _kept("context", "a gateway variable", "$context.identity.sourceIp"),
    _kept("policy-variable", "a policy variable", "${aws:PrincipalTag/TenantId}"),
    _kept("jinja", "a template of another engine", "{{7*7}} ${7*7} <%= 7*7 %>"),
    _kept("jsonata", "a state machine's expression", "{% $states.input %}"),
    _kept("quotes", "quotes and backslashes", 'a"b\'c\\d\\"'),
    _kept("path", "a path", "../../OTHER", threat=threats.HOSTILE_NAMES),
    Body("form", "a form", "name=x", content_type="application/x-www-form-urlencoded"),
    Body(
        "xml",
        "XML with an entity",
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><name>&e;</name>',
        content_type="application/xml",
    ),
    Body(
        "text-type",
        "an object that says it is text, with a foreign key",
        '{"name": 7, "tenantid": "OTHER"}',
        content_type="text/plain",
    ),
    Body(
        "other-charset",
        "an object in another character set",
        '{"name": "x"}'.encode("utf-16"),
        content_type="application/json; charset=utf-16",
    ),
)
for _case in _BODIES:
    tenant_api.add(
        f"body-{_case.slug}",
        threat=_case.threat,
        tries=f"Rename one's own tenant with {_case.tries}.",
        must="Stored exactly as it was sent, or refused with 400."
        if _case.stored
        else "Refused with 400 and nothing stored.",
        run=partial(_put, case=_case),
    )


@tenant_api.attack("unknown-tenant", threat=threats.INJECTION, must="404 for both, and no tenant comes into being.")
def _(world: World) -> Outcome:
    """Read and rename a tenant that does not exist, with a token and a membership that say it is one's own."""
    tenant = str(uuid.uuid4())
    person = world.member("ghost", tenant, {"admin"})
    read, renamed = world.tenant(tenant, person.tokens.id), world.rename(tenant, person.tokens.id)
    row = require(world.tenant_row(tenant) is None, otherwise="a tenant was made", observed="no tenant is made")
    return together(
        ("reading", refused(read, 404, like=Reply(404, '{"message": "Tenant not found"}'))),
        ("renaming", refused(renamed, 404)),
        row,
    )
