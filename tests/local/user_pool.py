"""A user pool with one app client, for tests of how Cognito behaves."""

import json
from base64 import urlsafe_b64decode
from typing import Any

from tests.local.emulator import Emulator

PASSWORD = "Correct-horse-1"


class Pool:
    """A user pool with one app client, in which addresses are user names."""

    def __init__(
        self,
        emulator: Emulator,
        triggers: dict[str, Any] | None = None,
        *,
        verify_first: bool = False,
        **client: Any,  # noqa: ANN401
    ) -> None:
        self.emulator, self.cognito = emulator, emulator.client("cognito-idp")
        made = self.cognito.create_user_pool(
            PoolName=emulator.name("pool"),
            UsernameConfiguration={"CaseSensitive": False},
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            Schema=[{"Name": "tenant", "AttributeDataType": "String", "Mutable": True}],
            LambdaConfig=triggers or {},
            UserAttributeUpdateSettings={
                "AttributesRequireVerificationBeforeUpdate": ["email"] if verify_first else []
            },
        )
        self.id = str(made["UserPool"]["Id"])
        settings = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], **client}
        found = self.cognito.create_user_pool_client(UserPoolId=self.id, ClientName="app", **settings)
        self.client_id = str(found["UserPoolClient"]["ClientId"])

    def sign_up(self, *, metadata: dict[str, str] | None = None, **attributes: str) -> str:
        """Sign somebody up and return the address."""
        given = {"email": f"{self.emulator.name('user')}@example.com", **attributes}
        address = given["email"]
        self.cognito.sign_up(
            ClientId=self.client_id,
            Username=address,
            Password=PASSWORD,
            UserAttributes=[{"Name": name, "Value": value} for name, value in given.items()],
            ClientMetadata=metadata or {},
        )
        return address

    def confirmed(self) -> str:
        """Return the address of somebody who has signed up and may sign in."""
        address = self.sign_up()
        self.cognito.admin_confirm_sign_up(UserPoolId=self.id, Username=address)
        return address

    def confirm(self, address: str, code: str) -> None:
        """Confirm a sign-up with a code."""
        self.cognito.confirm_sign_up(ClientId=self.client_id, Username=address, ConfirmationCode=code)

    def tokens(self, address: str) -> dict[str, str]:
        """Sign in and return the tokens."""
        reply = self.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": address, "PASSWORD": PASSWORD},
        )
        return dict(reply["AuthenticationResult"])

    def attributes(self, address: str) -> dict[str, str]:
        """Return a user's attributes."""
        user = self.cognito.admin_get_user(UserPoolId=self.id, Username=address)
        return {item["Name"]: item["Value"] for item in user["UserAttributes"]}

    def refresh(self, refresh_token: str, **metadata: str) -> dict[str, str]:
        """Return the tokens that a refresh token is exchanged for."""
        reply = self.cognito.get_tokens_from_refresh_token(
            ClientId=self.client_id, RefreshToken=refresh_token, ClientMetadata=metadata
        )
        return dict(reply["AuthenticationResult"])


def claims(token: str) -> dict[str, Any]:
    """Return a token's claims, whoever has signed it."""
    return dict(json.loads(urlsafe_b64decode(token.split(".")[1] + "==")))


def trigger(emulator: Emulator, source: str) -> str:
    """Return the ARN of a function that Cognito may call."""
    function = emulator.function(source)
    emulator.permit(function, "cognito-idp.amazonaws.com")
    return function
