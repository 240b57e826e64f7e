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
from tenantry.attacks.http import Reply
from tenantry.attacks.outcome import Outcome, breached, held
from tenantry.attacks.registry import REGISTRY
from tenantry.attacks.request_body import Body

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface("tenant-api")

_REFUSALS: Final = (400, 413, 415)


def _put(world: World, case: Body) -> Outcome:
    """Send the body to a tenant kept for such, one at a time, and compare what is stored there and at the victim's."""
    with world.once("bodies' turn", threading.Lock):
        return _put_alone(world, case, world.once("bodies", lambda: world.tenant_admin("bodies", str(uuid.uuid4()))))


def _put_alone(world: World, case: Body, person: Person) -> Outcome:
    bob, tenant = world.users.bob, person.tenant
    text = case.text.replace("OTHER", bob.tenant) if isinstance(case.text, str) else case.text
    before, victim = world.tenant_row(tenant), world.tenant_row(bob.tenant)
    reply = world.tenant_api(
        f"/tenant/{tenant}", person.tokens.id, method="PUT", body=text, headers={"Content-Type": case.content_type}
    )
    after = world.tenant_row(tenant)
    if world.tenant_row(bob.tenant) != victim:
        return breached("another's tenant is changed")
    case = replace(case, stored=case.stored and case.stored.replace("OTHER", bob.tenant))
    return together(
        _stored(case, reply, dict(before or {}), dict(after or {})), ("afterwards", _working(world, tenant))
    )


def _stored(case: Body, reply: Reply, before: dict[str, Any], after: dict[str, Any]) -> Outcome:
    if reply.ok:
        if case.stored is None:
            return breached(f"it was accepted: {reply}, stored: {after}")
        exact = after == {**before, "name": {"S": case.stored}}
        return require(
            exact, otherwise=f"something else is stored: {after}", observed=f"{reply.status}, stored exactly"
        )
    return together(
        refused(reply, *_REFUSALS),
        require(after == before, otherwise="refused, yet stored", observed="nothing is stored"),
    )


def _working(world: World, tenant: str) -> Outcome:
    row = world.tenant_row(tenant)
    return held("the tenant is there") if row else breached("the tenant is gone")


def _name(value: str) -> str:
    return json.dumps({"name": value})


_BODIES: Final = (
    Body(
        slug="other-tenant",
        tries="a name and another's tenant id",
        text='{"name": "x", "tenantId": "OTHER"}',
        stored="x",
    ),
    Body(slug="other-key", tries="a name and another's key", text='{"name": "x", "tenantid": "OTHER"}', stored="x"),
    Body(slug="key-only", tries="another's key and no name", text='{"tenantid": "OTHER"}'),
    Body(
        slug="extra-fields",
        tries="a name, roles, a plan and an owner",
        text='{"name": "x", "roles": ["admin"], "plan": "platinum", "owner": "OTHER", "__proto__": {"admin": true}}',
        stored="x",
    ),
    Body(slug="twice", tries="the name twice", text='{"name": "one", "name": "two"}', stored="two"),
    Body(
        slug="update-expression",
        tries="an update expression as a name",
        text=_name(":name, tenantid = :other"),
        stored=":name, tenantid = :other",
    ),
    Body(slug="dynamodb-type", tries="a typed value as a name", text='{"name": {"S": "x"}}'),
    Body(slug="list", tries="a list as a name", text='{"name": ["x"]}'),
    Body(slug="number", tries="a number as a name", text='{"name": 7}'),
    Body(slug="null", tries="null as a name", text='{"name": null}'),
    Body(slug="boolean", tries="a truth value as a name", text='{"name": true}'),
    Body(slug="no-name", tries="an object without a name", text="{}"),
    Body(slug="empty-name", tries="an empty name", text=_name("")),
    Body(slug="blank-name", tries="a name of white space", text=_name(" \t ")),
    Body(slug="empty", tries="an empty body", text=""),
    Body(slug="not-json", tries="a word", text="name"),
    Body(slug="array", tries="an array around the object", text='[{"name": "x"}]'),
    Body(slug="string", tries="a string", text='"name"'),
    Body(slug="half", tries="half an object", text='{"name": "x"'),
    Body(slug="two-objects", tries="two objects", text='{"name": "x"}{"name": "y"}'),
    Body(slug="deep", tries="an object nested 5,000 deep", text='{"name":' * 5000 + '"x"' + "}" * 5000),
    Body(slug="long", tries="a name of 10,000 characters", text=_name("n" * 10_000), stored="n" * 10_000),
    Body(slug="megabyte", tries="a name of 400,000 characters", text=_name("n" * 400_000)),
    Body(slug="latin-1", tries="a name that is not UTF-8", text=b'{"name": "caf\xe9"}'),
    Body(slug="surrogate", tries="half a surrogate pair", text='{"name": "\\ud800"}'),
    Body(slug="nul", tries="a name with a NUL in it", text=_name("a\0b")),
    Body(slug="newline", tries="a name of two lines", text=_name("a\nSet-Cookie: x=y")),
    Body(slug="html", tries="markup", text=_name("<script>alert(1)</script>"), stored="<script>alert(1)</script>"),
    Body(slug="emoji", tries="emoji and a right-to-left word", text=_name("🏢 שלום"), stored="🏢 שלום"),
    Body(
        slug="velocity",
        tries="a mapping template",
        text=_name("#set($x = $context.authorizer.tenantId)$x"),
        stored="#set($x = $context.authorizer.tenantId)$x",
    ),
    Body(
        slug="context",
        tries="a gateway variable",
        text=_name("$context.identity.sourceIp"),
        stored="$context.identity.sourceIp",
    ),
    Body(
        slug="policy-variable",
        tries="a policy variable",
        text=_name("${aws:PrincipalTag/TenantId}"),
        stored="${aws:PrincipalTag/TenantId}",
    ),
    Body(
        slug="jinja",
        tries="a template of another engine",
        text=_name("{{7*7}} ${7*7} <%= 7*7 %>"),
        stored="{{7*7}} ${7*7} <%= 7*7 %>",
    ),
    Body(
        slug="jsonata",
        tries="a state machine's expression",
        text=_name("{% $states.input %}"),
        stored="{% $states.input %}",
    ),
    Body(slug="quotes", tries="quotes and backslashes", text=_name('a"b\'c\\d\\"'), stored='a"b\'c\\d\\"'),
    Body(slug="path", tries="a path", text=_name("../../OTHER"), stored="../../OTHER", threat=threats.HOSTILE_NAMES),
    Body(slug="form", tries="a form", text="name=x", content_type="application/x-www-form-urlencoded"),
    Body(
        slug="xml",
        tries="XML with an entity",
        text='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><name>&e;</name>',
        content_type="application/xml",
    ),
    Body(
        slug="text-type",
        tries="an object that says it is text, with a foreign key",
        text='{"name": 7, "tenantid": "OTHER"}',
        content_type="text/plain",
    ),
    Body(
        slug="other-charset",
        tries="an object in another character set",
        text='{"name": "x"}'.encode("utf-16"),
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
