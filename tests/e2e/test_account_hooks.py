"""Account ownership, the end of sessions, and repair of failed hooks, as clients see them."""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tenantry.attacks.accounts import Tokens, sign_up, srp
from tenantry.local import mail
from tests.waiting import until, until_clock_passes, until_next_second

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    from tenantry.attacks.world import World
    from tenantry.local.cloud import LocalCloud

_SIGN_UPS = 10
_MARGIN_SECONDS = 5  # of a sign-in, whose hook ends the sessions of before


@dataclass(frozen=True, kw_only=True)
class _Account:
    """An account, and whoever reads the mail to its address."""

    world: World
    cloud: LocalCloud
    email: str
    password: str
    user_id: str

    @classmethod
    def signed_up(cls, world: World, cloud: LocalCloud, **metadata: str) -> _Account:
        """Sign up and confirm nothing."""
        email = world.accounts.mailbox(f"e2e-{secrets.token_hex(4)}")
        password = _password()
        cognito = world.target.aws.anonymous().cognito
        user_id = sign_up(cognito, world.target.client_id, email, password, name="Ada", metadata=metadata)
        world.run_resources.user(user_id)
        world.run_resources.event_sent()
        return cls(world=world, cloud=cloud, email=email, password=password, user_id=user_id)

    @classmethod
    def confirmed(cls, world: World, cloud: LocalCloud) -> _Account:
        """Sign up, confirm with the mailed code, and wait for the tenant."""
        account = cls.signed_up(world, cloud)
        account.confirm()
        world.accounts.await_tenant(account.user_id)
        return account

    @property
    def cognito(self) -> CognitoIdentityProviderClient:
        return self.world.target.aws.anonymous().cognito

    @property
    def who(self) -> dict[str, Any]:
        return {"ClientId": self.world.target.client_id, "Username": self.email}

    def code(self, email: str = "") -> str:
        message = mail.latest(self.cloud.folder, email or self.email)
        assert message is not None
        return message.code

    def confirm(self, **metadata: str) -> None:
        self.cognito.confirm_sign_up(**self.who, ConfirmationCode=self.code(), ClientMetadata=metadata)

    def reset(self) -> str:
        """Choose a new password with a mailed code, and return it."""
        self.cognito.forgot_password(**self.who)
        password = _password()
        self.cognito.confirm_forgot_password(**self.who, ConfirmationCode=self.code(), Password=password)
        return password

    def sign_in(self, password: str = "", email: str = "") -> Tokens:
        target = self.world.target
        return srp(self.cognito, target.user_pool_id, target.client_id, email or self.email, password or self.password)

    def sign_in_with_tenant(self, password: str = "") -> Tokens:
        """Sign in until the saga has made the tenant."""
        signed_in: list[Tokens] = []

        def has_tenant() -> bool:
            signed_in.append(self.sign_in(password))
            return bool(signed_in[-1].tenant)

        until(has_tenant, "a token with a tenant")
        return signed_in[-1]

    def await_status(self, tokens: Tokens, status: int) -> None:
        """Wait for a status: API Gateway may keep an authorizer's policy for three seconds."""
        until(lambda: self.status(tokens) == status, f"status {status}", timeout=5, poll=0.2)

    def refresh(self, refresh_token: str) -> Tokens:
        answer = self.cognito.get_tokens_from_refresh_token(
            ClientId=self.world.target.client_id, RefreshToken=refresh_token
        )
        return Tokens.of(answer["AuthenticationResult"])

    def row(self) -> dict[str, Any]:
        return dict(self.world.user_row(self.user_id) or {})

    def status(self, tokens: Tokens) -> int:
        """Return the status of a call of the tenant API with these tokens."""
        return self.world.tenant_api("GET", f"/tenants/{self.user_id}", tokens.id).status


def _password() -> str:
    return f"{secrets.token_urlsafe(15)}aA1!"


def _refusal(call: Any) -> str:  # noqa: ANN401 - whatever is called
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@contextmanager
def _broken_hook(world: World) -> Iterator[None]:
    """Let the hook fail whenever it is called."""
    functions = world.target.aws.functions
    pool = world.target.aws.cognito.describe_user_pool(UserPoolId=world.target.user_pool_id)["UserPool"]
    name = pool["LambdaConfig"]["PostConfirmation"]
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="broken.handler")
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)


def test_resent_code_makes_its_receiver_the_owner(world: World, deployed: LocalCloud) -> None:
    account = _Account.signed_up(world, deployed)  # by a stranger, who knows its password
    account.cognito.resend_confirmation_code(**account.who)
    account.confirm()  # by the owner of the address

    assert "Choose a new password" in _refusal(account.sign_in)
    chosen = account.reset()

    assert _refusal(account.sign_in).startswith("NotAuthorizedException")
    assert world.accounts.tenants_of(account.user_id) == [account.sign_in_with_tenant(chosen).tenant]
    assert "newpassword" not in account.row()


def test_confirmation_from_elsewhere_makes_its_sender_the_owner(world: World, deployed: LocalCloud) -> None:
    proof = hashlib.sha256(b"the stranger's").hexdigest()
    account = _Account.signed_up(world, deployed, confirmationHash=proof)
    account.confirm(confirmationSecret="the owner's")

    assert "Choose a new password" in _refusal(account.sign_in)
    assert account.sign_in_with_tenant(account.reset()).tenant


def test_confirmation_from_the_same_client_keeps_the_password(world: World, deployed: LocalCloud) -> None:
    secret = secrets.token_urlsafe()
    account = _Account.signed_up(world, deployed, confirmationHash=hashlib.sha256(secret.encode()).hexdigest())
    account.confirm(confirmationSecret=secret)

    assert account.sign_in_with_tenant().tenant


def test_confirmed_account_keeps_its_password(world: World, deployed: LocalCloud) -> None:
    account = _Account.confirmed(world, deployed)

    assert _refusal(lambda: account.cognito.resend_confirmation_code(**account.who)).startswith(
        "InvalidParameterException"
    )
    assert account.sign_in().tenant


def test_password_reset_ends_every_session(world: World, deployed: LocalCloud) -> None:
    account = _Account.confirmed(world, deployed)
    before = account.sign_in()
    assert account.status(before) == 200
    until_next_second("a sign-in in the second of the reset counts")

    chosen = account.reset()

    assert _refusal(lambda: account.refresh(before.refresh)).startswith("NotAuthorizedException")
    assert int(account.row()["validafter"]["N"]) > before.claims["auth_time"]
    assert account.status(account.sign_in(chosen)) == 200
    account.await_status(before, 401)


def test_lost_reset_hook_ends_sessions_at_next_sign_in(world: World, deployed: LocalCloud) -> None:
    account = _Account.confirmed(world, deployed)
    before = account.sign_in()
    account.cognito.forgot_password(**account.who)
    chosen = _password()
    with _broken_hook(world):
        assert _refusal(
            lambda: account.cognito.confirm_forgot_password(
                **account.who, ConfirmationCode=account.code(), Password=chosen
            )
        ).startswith("UserLambdaValidationException")
    until_clock_passes(before.claims["auth_time"] + _MARGIN_SECONDS + 1, "a sign-in within the margin counts")

    tokens = account.sign_in(chosen)

    assert account.status(tokens) == 200
    account.await_status(before, 401)


def test_changed_address_ends_every_session(world: World, deployed: LocalCloud) -> None:
    account = _Account.confirmed(world, deployed)
    before, new = account.sign_in(), world.accounts.mailbox(f"new-{secrets.token_hex(4)}")
    account.cognito.update_user_attributes(AccessToken=before.access, UserAttributes=[{"Name": "email", "Value": new}])
    assert account.status(account.sign_in()) == 200  # with the old address, as long as the new one is not verified
    account.cognito.verify_user_attribute(AccessToken=before.access, AttributeName="email", Code=account.code(new))
    until_next_second("a sign-in in the second of the change counts")

    # The hook refuses it, or the pool does, if the reconciliation came by first.
    refusal = _refusal(lambda: account.refresh(before.refresh))
    assert "Sign in again" in refusal or refusal == "NotAuthorizedException: Refresh Token has been revoked"

    assert account.row()["email"] == {"S": new}
    until_next_second("sessions that began before the end of this second have ended")
    assert account.status(account.sign_in(email=new)) == 200
    account.await_status(before, 401)


def test_refresh_keeps_the_session(world: World, deployed: LocalCloud) -> None:
    account = _Account.confirmed(world, deployed)
    before = account.sign_in()
    until_next_second("a sign-in now would have another auth_time")

    after = account.refresh(before.refresh)

    assert after.refresh not in {"", before.refresh}
    assert {name: after.claims[name] for name in ("auth_time", "origin_jti")} == {
        name: before.claims[name] for name in ("auth_time", "origin_jti")
    }
    refused = _refusal(
        lambda: account.cognito.initiate_auth(
            ClientId=world.target.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": after.refresh},
        )
    )
    assert refused.startswith("InvalidParameterException")


def test_failed_sign_up_hook_is_repaired_at_next_sign_in(world: World, deployed: LocalCloud) -> None:
    with ThreadPoolExecutor(2) as pool:
        accounts = list(pool.map(lambda _: _Account.signed_up(world, deployed), range(_SIGN_UPS)))
    with _broken_hook(world):
        for account in accounts:
            assert _refusal(account.confirm).startswith("UserLambdaValidationException")

    for account in accounts:
        account.sign_in()  # and again, before the saga can have ended
        account.sign_in()
    for account in accounts:
        world.accounts.await_tenant(account.user_id)
    world.accounts.sign_up("afterwards")  # whose sagas have ended after any other that a sign-in could have started

    for account in accounts:
        tokens = account.sign_in_with_tenant()
        assert world.accounts.tenants_of(account.user_id) == [tokens.tenant]
