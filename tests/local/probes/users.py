"""User pools."""

import json
import time
from base64 import urlsafe_b64decode
from typing import Any

import requests

from tests.local.ground import Ground, allow, outcome
from tests.local.probes import probe

PASSWORD = "Correct-horse-1"
_CONFIRMED = "PostConfirmation"


class Pool:
    """A user pool with one app client, in which addresses are user names."""

    def __init__(
        self,
        ground: Ground,
        triggers: dict[str, Any] | None = None,
        *,
        verify_first: bool = False,
        **client: Any,  # noqa: ANN401
    ) -> None:
        self.ground, self.cognito = ground, ground.client("cognito-idp")
        made = self.cognito.create_user_pool(
            PoolName=ground.name("pool"),
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
        given = {"email": f"{self.ground.name('user')}@example.com", **attributes}
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


def trigger(ground: Ground, source: str) -> str:
    """Return the ARN of a function that Cognito may call."""
    function = ground.function(source)
    ground.permit(function, "cognito-idp.amazonaws.com")
    return function


@probe("cognito_triggers", aws="UserLambdaValidationException", ministack="done")
def a_failing_post_confirmation_trigger(ground: Ground) -> str:
    pool = Pool(ground, {_CONFIRMED: trigger(ground, "def handler(event, context): raise ValueError('no')")})
    return outcome(pool.confirmed)


@probe("cognito_triggers", aws="UserLambdaValidationException", ministack="done")
def a_trigger_that_does_not_let_cognito_in(ground: Ground) -> str:
    function = ground.function("def handler(event, context): return event")
    return outcome(Pool(ground, {_CONFIRMED: function}).confirmed)


_COUNTING = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    claim = {"claimsToAddOrOverride": {"calls": str(calls)}}
    event["response"] = {"claimsAndScopeOverrideDetails": {"idTokenGeneration": claim, "accessTokenGeneration": claim}}
    return event
"""


@probe("cognito_triggers", aws=["1", "1"], ministack=["1", "2"])
def calls_of_a_pre_token_trigger(ground: Ground) -> list[str]:
    settings = {"LambdaArn": trigger(ground, _COUNTING), "LambdaVersion": "V2_0"}
    pool = Pool(ground, {"PreTokenGenerationConfig": settings})
    tokens = pool.tokens(pool.confirmed())
    return [claims(tokens[name])["calls"] for name in ("AccessToken", "IdToken")]


@probe("cognito_case", aws=["done", "UsernameExistsException"], ministack=["UserNotFoundException", "done"])
def a_user_name_in_another_case(ground: Ground) -> list[str]:
    pool = Pool(ground)
    address = pool.confirmed()
    return [outcome(lambda: pool.tokens(address.upper())), outcome(lambda: pool.sign_up(email=address.upper()))]


@probe("cognito_mail", aws="CodeMismatchException", ministack="done")
def a_well_known_code(ground: Ground) -> str:
    pool = Pool(ground)
    address = pool.sign_up()
    return outcome(lambda: pool.confirm(address, "123456"))


@probe("cognito_attributes", aws=["NotAuthorizedException"] * 2, ministack=["done"] * 2)
def attributes_that_users_may_not_write_at_sign_up(ground: Ground) -> list[str]:
    pool = Pool(ground)
    forbidden = [{"email_verified": "true"}, {"custom:tenant": "other"}]
    return [outcome(lambda given=given: pool.sign_up(**given)) for given in forbidden]  # type: ignore[misc]


@probe("cognito_attributes", aws=["NotAuthorizedException"] * 2 + ["done"], ministack=["done"] * 3)
def attributes_that_users_may_not_write_later(ground: Ground) -> list[str]:
    pool = Pool(ground)
    token = pool.tokens(pool.confirmed())["AccessToken"]

    def update(name: str) -> object:
        return pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": name, "Value": "true"}])

    return [outcome(lambda name=name: update(name)) for name in ("email_verified", "custom:tenant", "name")]  # type: ignore[misc]


@probe("cognito_auth_flows", aws="InvalidParameterException", ministack="done")
def a_password_in_the_clear_where_no_flow_is_named(ground: Ground) -> str:
    pool = Pool(ground, ExplicitAuthFlows=[])
    address = pool.confirmed()
    return outcome(lambda: pool.tokens(address))


@probe("cognito_domain", aws="invalid_client", ministack="signed in")
def the_sign_in_page_of_a_pool_without_a_domain(ground: Ground) -> str:
    back = "https://example.com/callback"
    pool = Pool(ground, CallbackURLs=[back], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"])
    form = {"client_id": pool.client_id, "username": pool.confirmed(), "password": PASSWORD, "redirect_uri": back}
    url = f"{ground.cloud.endpoint}/oauth2/login"
    reply = requests.post(url, data=form, verify=str(ground.cloud.ca_bundle), timeout=10, allow_redirects=False)
    return "signed in" if "code=" in reply.headers.get("Location", "") else str(reply.json()["error"])


_NOTING = """
import boto3
def handler(event, context):
    ssm, name = boto3.client("ssm"), %r
    request, caller = event["request"], event["callerContext"]["clientId"] != "CLIENT_ID_NOT_APPLICABLE"
    noted = f"{event['triggerSource']} {request.get('clientMetadata', {}).get('page', '')} {caller}"
    try:
        before = ssm.get_parameter(Name=name)["Parameter"]["Value"] + ","
    except ssm.exceptions.ParameterNotFound:
        before = ""
    ssm.put_parameter(Name=name, Value=before + noted, Type="String", Overwrite=True)
    return event
"""


def _noted(ground: Ground, parameter: str) -> list[str]:
    ssm = ground.client("ssm")
    try:
        value = str(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return []
    return value.split(",")


def _noting(ground: Ground, parameter: str) -> str:
    may = [allow("ssm:PutParameter"), allow("ssm:GetParameter")]
    function = ground.function(_NOTING % parameter, *may)
    ground.permit(function, "cognito-idp.amazonaws.com")
    return function


@probe(
    "cognito_triggers",
    aws=["SignUp one True", "ResendCode two True", "ForgotPassword three True"],
    ministack=[],
)
def calls_of_a_custom_message_trigger(ground: Ground) -> list[str]:
    parameter = f"/{ground.name('noted')}"
    pool = Pool(ground, {"CustomMessage": _noting(ground, parameter)})
    address = pool.sign_up(metadata={"page": "one"})
    who: dict[str, Any] = {"ClientId": pool.client_id, "Username": address}
    pool.cognito.resend_confirmation_code(**who, ClientMetadata={"page": "two"})
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=address)
    verified = [{"Name": "email_verified", "Value": "true"}]
    pool.cognito.admin_update_user_attributes(UserPoolId=pool.id, Username=address, UserAttributes=verified)
    pool.cognito.forgot_password(**who, ClientMetadata={"page": "three"})
    return [noted.removeprefix("CustomMessage_") for noted in _noted(ground, parameter)]


@probe(
    "cognito_triggers",
    aws=["PreSignUp_SignUp one True", "PreSignUp_AdminCreateUser two False"],
    ministack=["PreSignUp_SignUp  True"],
)
def calls_of_a_pre_sign_up_trigger(ground: Ground) -> list[str]:
    parameter = f"/{ground.name('noted')}"
    pool = Pool(ground, {"PreSignUp": _noting(ground, parameter)})
    pool.sign_up(metadata={"page": "one"})
    pool.cognito.admin_create_user(
        UserPoolId=pool.id,
        Username=f"{ground.name('user')}@example.com",
        MessageAction="SUPPRESS",
        ClientMetadata={"page": "two"},
    )
    return _noted(ground, parameter)


@probe("cognito_triggers", aws=["PostConfirmation_ConfirmSignUp one False"], ministack=[])
def calls_of_a_post_confirmation_trigger_by_an_operator(ground: Ground) -> list[str]:
    parameter = f"/{ground.name('noted')}"
    pool = Pool(ground, {_CONFIRMED: _noting(ground, parameter)})
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=pool.sign_up(), ClientMetadata={"page": "one"})
    return _noted(ground, parameter)


@probe("cognito_mail", aws="InvalidParameterException", ministack="done")
def a_code_to_confirm_what_is_confirmed(ground: Ground) -> str:
    pool = Pool(ground)
    address = pool.confirmed()
    return outcome(lambda: pool.cognito.resend_confirmation_code(ClientId=pool.client_id, Username=address))


@probe("cognito_mail", aws="InvalidParameterException", ministack="done")
def a_code_for_a_new_password_to_an_unverified_address(ground: Ground) -> str:
    pool = Pool(ground)
    address = pool.confirmed()
    return outcome(lambda: pool.cognito.forgot_password(ClientId=pool.client_id, Username=address))


@probe("cognito_attributes", aws=["the old one", "CodeMismatchException"], ministack=["the new one", "InvalidAction"])
def an_address_that_is_not_verified_yet(ground: Ground) -> list[str]:
    pool = Pool(ground, verify_first=True)
    address, new = pool.confirmed(), f"{ground.name('new')}@example.com"
    token = pool.tokens(address)["AccessToken"]
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    found = pool.cognito.get_user(AccessToken=token)["UserAttributes"]
    now = next(item["Value"] for item in found if item["Name"] == "email")
    verify = pool.cognito.verify_user_attribute
    return [
        "the old one" if now == address else "the new one",
        outcome(lambda: verify(AccessToken=token, AttributeName="email", Code="wrong")),
    ]


@probe("cognito_refresh_tokens", aws=[True, True], ministack=[False, False])
def the_time_of_the_sign_in_in_a_refreshed_token(ground: Ground) -> list[bool]:
    pool = Pool(ground)
    tokens = pool.tokens(pool.confirmed())
    time.sleep(1.1)
    refreshed = pool.refresh(tokens["RefreshToken"])
    names = ("AccessToken", "IdToken")
    return [claims(refreshed[name])["auth_time"] == claims(tokens[name])["auth_time"] for name in names]


_ROTATION: dict[str, Any] = {
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
}


@probe(
    "cognito_refresh_tokens",
    aws=["another", "RefreshTokenReuseException", "done", "InvalidParameterException"],
    ministack=["none", "done", "done", "done"],
)
def refresh_tokens_that_rotate(ground: Ground) -> list[str]:
    pool = Pool(ground, **_ROTATION)
    first = pool.tokens(pool.confirmed())["RefreshToken"]
    second = pool.refresh(first).get("RefreshToken", "")
    return [
        "none" if not second else "the same" if second == first else "another",
        outcome(lambda: pool.refresh(first)),
        outcome(lambda: pool.refresh(second or first)),
        outcome(
            lambda: pool.cognito.initiate_auth(
                ClientId=pool.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": first}
            )
        ),
    ]


@probe("cognito_attributes", aws=["done", "InvalidParameterException", False], ministack=["done", "done", True])
def pools_that_ask_for_codes_they_do_not_send(ground: Ground) -> list[Any]:
    first = {"AttributesRequireVerificationBeforeUpdate": ["email"]}

    def make(**settings: Any) -> str:  # noqa: ANN401
        pool = {"PoolName": ground.name("pool"), "UserAttributeUpdateSettings": first, **settings}
        return outcome(lambda: ground.client("cognito-idp").create_user_pool(**pool))

    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserAttributeUpdateSettings": first}}
    return [make(AutoVerifiedAttributes=["email"]), make(), bool(ground.stack(Pool=pool))]
