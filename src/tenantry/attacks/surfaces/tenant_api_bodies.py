"""The tenant API: bodies that rename more than they may, or store other than what was sent."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks import threats
from tenantry.attacks.http import Reply
from tenantry.attacks.judge import refused, require, together
from tenantry.attacks.outcome import Outcome, breached, held
from tenantry.attacks.registry import REGISTRY

if TYPE_CHECKING:
    from tenantry.attacks.people import Person
    from tenantry.attacks.threats import Threat
    from tenantry.attacks.world import World

tenant_api: Final = REGISTRY.surface("tenant-api")

_REFUSALS: Final = (400, 413, 415)


@dataclass(frozen=True, kw_only=True)
class _Body:
    """A body for a PUT of one's own tenant.

    Attributes
    ----------
    slug, tries
        Its name, and what it is.
    text
        The body; OTHER stands for another's tenant.
    stored
        The name that may be stored instead of refusing it; None if it must be refused.
    content_type
        What it says it is.
    """

    slug: str
    tries: str
    text: str | bytes
    stored: str | None = None
    content_type: str = "application/json"
    threat: Threat = threats.INJECTION


def _put(world: World, case: _Body) -> Outcome:
    """Send the body to a tenant kept for such, one at a time, and compare what is stored there and at the victim's."""
    with world.once("bodies' turn", threading.Lock):
        return _put_alone(world, case, world.once("bodies", lambda: world.landlord("bodies", str(uuid.uuid4()))))


def _put_alone(world: World, case: _Body, person: Person) -> Outcome:
    bob, tenant = world.cast.bob, person.tenant
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


def _stored(case: _Body, reply: Reply, before: dict[str, Any], after: dict[str, Any]) -> Outcome:
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
    _Body(
        slug="other-tenant",
        tries="a name and another's tenant id",
        text='{"name": "x", "tenantId": "OTHER"}',
        stored="x",
    ),
    _Body(slug="other-key", tries="a name and another's key", text='{"name": "x", "tenantid": "OTHER"}', stored="x"),
    _Body(slug="key-only", tries="another's key and no name", text='{"tenantid": "OTHER"}'),
    _Body(
        slug="extra-fields",
        tries="a name, roles, a plan and an owner",
        text='{"name": "x", "roles": ["admin"], "plan": "platinum", "owner": "OTHER", "__proto__": {"admin": true}}',
        stored="x",
    ),
    _Body(slug="twice", tries="the name twice", text='{"name": "one", "name": "two"}', stored="two"),
    _Body(
        slug="update-expression",
        tries="an update expression as a name",
        text=_name(":name, tenantid = :other"),
        stored=":name, tenantid = :other",
    ),
    _Body(slug="dynamodb-type", tries="a typed value as a name", text='{"name": {"S": "x"}}'),
    _Body(slug="list", tries="a list as a name", text='{"name": ["x"]}'),
    _Body(slug="number", tries="a number as a name", text='{"name": 7}'),
    _Body(slug="null", tries="null as a name", text='{"name": null}'),
    _Body(slug="boolean", tries="a truth value as a name", text='{"name": true}'),
    _Body(slug="no-name", tries="an object without a name", text="{}"),
    _Body(slug="empty-name", tries="an empty name", text=_name("")),
    _Body(slug="blank-name", tries="a name of white space", text=_name(" \t ")),
    _Body(slug="empty", tries="an empty body", text=""),
    _Body(slug="not-json", tries="a word", text="name"),
    _Body(slug="array", tries="an array around the object", text='[{"name": "x"}]'),
    _Body(slug="string", tries="a string", text='"name"'),
    _Body(slug="half", tries="half an object", text='{"name": "x"'),
    _Body(slug="two-objects", tries="two objects", text='{"name": "x"}{"name": "y"}'),
    _Body(slug="deep", tries="an object nested 5,000 deep", text='{"name":' * 5000 + '"x"' + "}" * 5000),
    _Body(slug="long", tries="a name of 10,000 characters", text=_name("n" * 10_000), stored="n" * 10_000),
    _Body(slug="megabyte", tries="a name of 400,000 characters", text=_name("n" * 400_000)),
    _Body(slug="latin-1", tries="a name that is not UTF-8", text=b'{"name": "caf\xe9"}'),
    _Body(slug="surrogate", tries="half a surrogate pair", text='{"name": "\\ud800"}'),
    _Body(slug="nul", tries="a name with a NUL in it", text=_name("a\0b")),
    _Body(slug="newline", tries="a name of two lines", text=_name("a\nSet-Cookie: x=y")),
    _Body(slug="html", tries="markup", text=_name("<script>alert(1)</script>"), stored="<script>alert(1)</script>"),
    _Body(slug="emoji", tries="emoji and a right-to-left word", text=_name("🏢 שלום"), stored="🏢 שלום"),
    _Body(
        slug="velocity",
        tries="a mapping template",
        text=_name("#set($x = $context.authorizer.tenantId)$x"),
        stored="#set($x = $context.authorizer.tenantId)$x",
    ),
    _Body(
        slug="context",
        tries="a gateway variable",
        text=_name("$context.identity.sourceIp"),
        stored="$context.identity.sourceIp",
    ),
    _Body(
        slug="policy-variable",
        tries="a policy variable",
        text=_name("${aws:PrincipalTag/TenantId}"),
        stored="${aws:PrincipalTag/TenantId}",
    ),
    _Body(
        slug="jinja",
        tries="a template of another engine",
        text=_name("{{7*7}} ${7*7} <%= 7*7 %>"),
        stored="{{7*7}} ${7*7} <%= 7*7 %>",
    ),
    _Body(
        slug="jsonata",
        tries="a state machine's expression",
        text=_name("{% $states.input %}"),
        stored="{% $states.input %}",
    ),
    _Body(slug="quotes", tries="quotes and backslashes", text=_name('a"b\'c\\d\\"'), stored='a"b\'c\\d\\"'),
    _Body(slug="path", tries="a path", text=_name("../../OTHER"), stored="../../OTHER", threat=threats.HOSTILE_NAMES),
    _Body(slug="form", tries="a form", text="name=x", content_type="application/x-www-form-urlencoded"),
    _Body(
        slug="xml",
        tries="XML with an entity",
        text='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><name>&e;</name>',
        content_type="application/xml",
    ),
    _Body(
        slug="text-type",
        tries="an object that says it is text, with a foreign key",
        text='{"name": 7, "tenantid": "OTHER"}',
        content_type="text/plain",
    ),
    _Body(
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
