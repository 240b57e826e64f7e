"""The tenant API as its callers use it. Refusals are in `attacks`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World

_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET,PUT,POST,DELETE,OPTIONS",
    "access-control-allow-headers": "Content-Type,Authorization,X-Amz-Date,X-Api-Key,X-Amz-Security-Token,Expected-Tenant",
}


@pytest.fixture(scope="module")
def admin(world: World) -> Person:
    return world.users.alice


def test_get_put_get_with_one_token(world: World, admin: Person) -> None:
    name = "Grüße <b>\"Ada\"</b> & 'co' 🎉"

    before = world.tenant(admin.tenant, admin.tokens.id)
    renamed = world.tenant_api("PUT", f"/tenant/{admin.tenant}", admin.tokens.id, {"name": name})
    after = world.tenant(admin.tenant, admin.tokens.id)

    assert before.status == renamed.status == after.status == 200
    assert json.loads(renamed.text) == {
        "message": "Tenant name updated successfully",
        "updatedAttributes": {"name": name},
    }
    (item,) = json.loads(after.text)
    assert item["tenantid"] == admin.tenant
    assert item["name"] == name


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_authorization_header_is_case_insensitive(world: World, admin: Person, name: str) -> None:
    answer = world.tenant_api("GET", f"/tenant/{admin.tenant}", headers={name: f"Bearer {admin.tokens.id}"})

    assert answer.status == 200


def test_member_may_read_but_not_rename(world: World) -> None:
    carol = world.users.carol

    assert world.tenant(carol.tenant, carol.tokens.id).status == 200
    assert world.rename(carol.tenant, carol.tokens.id).status == 403


@pytest.mark.parametrize(
    "body", ["{", "", "[]", "null", "{}", '{"name": ""}', '{"name": 1}', json.dumps({"name": "x" * 10_000})]
)
def test_bad_body_is_400_with_a_reason(world: World, admin: Person, body: str) -> None:
    before = world.tenant_row(admin.tenant)

    answer = world.tenant_api("PUT", f"/tenant/{admin.tenant}", admin.tokens.id, body)

    assert answer.status == 400
    assert "Invalid request body" in json.loads(answer.text)["message"]
    assert world.tenant_row(admin.tenant) == before


def test_every_reply_carries_the_cors_headers(world: World, admin: Person) -> None:
    own = f"/tenant/{admin.tenant}"
    replies = {
        200: world.tenant(admin.tenant, admin.tokens.id),
        400: world.tenant_api("PUT", own, admin.tokens.id, "{"),
        401: world.tenant_api("GET", own),
        403: world.tenant(world.users.bob.tenant, admin.tokens.id),
    }

    for status, reply in replies.items():
        assert reply.status == status
        assert {name: reply.headers.get(name) for name in _CORS} == _CORS, status


def test_preflight_needs_no_token(world: World, admin: Person) -> None:
    reply = world.tenant_api("OPTIONS", f"/tenant/{admin.tenant}", headers={"Origin": "https://app.example"})

    assert reply.status in {200, 204}
    assert reply.headers["access-control-allow-methods"] == _CORS["access-control-allow-methods"]


def test_admin_api_accepts_signed_requests(world: World, admin: Person) -> None:
    reply = world.admin_api("GET", f"/tenants/{admin.user_id}", signer=world.signer())

    assert (reply.status, json.loads(reply.text)) == (200, {"tenants": [admin.tenant]})
