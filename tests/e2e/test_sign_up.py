"""From a sign-up to a token with the tenant, as a client does it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import jwt

from tenantry.attacks.accounts import sign_up, srp
from tenantry.local import mail
from tests.waiting import until

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Tokens
    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud


def _address(world: World) -> str:
    return world.accounts.mailbox(f"e2e-{secrets.token_hex(4)}")


def _password() -> str:
    return f"{secrets.token_urlsafe(15)}aA1!"


def _sign_in(world: World, email: str, password: str) -> Tokens:
    target = world.target
    return srp(target.aws.anonymous().cognito, target.user_pool_id, target.client_id, email, password)


def _mailed_code(cloud: LocalCloud, email: str) -> str:
    message = mail.latest(cloud.folder, email)
    assert message is not None
    return message.code


def _sign_up(world: World, cloud: LocalCloud, email: str, password: str) -> str:
    cognito = world.target.aws.anonymous().cognito
    user_id = sign_up(cognito, world.target.client_id, email, password, name="Ada")
    world.run_resources.user(user_id)
    cognito.confirm_sign_up(
        ClientId=world.target.client_id, Username=email, ConfirmationCode=_mailed_code(cloud, email)
    )
    return user_id


def _claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_sign_up_gives_a_token_with_the_tenant(world: World, deployed: LocalCloud) -> None:
    email, password = _address(world), _password()
    user = _sign_up(world, deployed, email, password)

    until(lambda: _sign_in(world, email, password).tenant, "a token with a tenant")
    tokens = _sign_in(world, email, password)

    claims = _claims(tokens.id)
    assert claims["cognito:username"] == user
    assert claims["token_use"] == "id"
    assert world.accounts.tenants_of(user) == [claims["tenant"]]
    assert _claims(tokens.access)["tenant"] == claims["tenant"]
    assert world.membership(claims["tenant"], user) == {
        "tenantid": {"S": claims["tenant"]},
        "userid": {"S": user},
        "name": {"S": "Ada"},
        "email": {"S": email},
        "roles": {"SS": ["admin"]},
    }
    row = world.user_row(user)
    assert row is not None
    assert row["activetenantid"] == {"S": claims["tenant"]}


def test_password_reset_creates_no_tenant(world: World, deployed: LocalCloud) -> None:
    person = world.accounts.admit("forgetful")  # the operator's hand: such an account founds no tenant
    cognito = world.target.aws.anonymous().cognito
    cognito.forgot_password(ClientId=world.target.client_id, Username=person.email)
    password = _password()
    cognito.confirm_forgot_password(
        ClientId=world.target.client_id,
        Username=person.email,
        ConfirmationCode=_mailed_code(deployed, person.email),
        Password=password,
    )
    world.accounts.sign_up("afterwards")  # whose sagas have ended after any that the reset could have started

    assert _sign_in(world, person.email, password).tenant is None
    assert world.accounts.tenants_of(person.user_id) == []
    assert "email" not in (world.user_row(person.user_id) or {})


def test_sign_in_before_the_saga_ends_has_no_tenant_claim(world: World) -> None:
    person = world.accounts.admit("early")

    tokens = world.accounts.sign_in(person)

    assert tokens.tenant is None
    answer = world.tenant_api("GET", f"/tenants/{person.user_id}", tokens.id)
    assert (answer.status, answer.text) == (200, '{"tenants": []}')
    assert world.tenant("5f0c2f4e-9d0c-4d6e-8f53-0c6d3b1f2a77", tokens.id).status == 403
