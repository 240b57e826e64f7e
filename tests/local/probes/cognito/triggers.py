"""Probes of `cognito.triggers`."""

from typing import Any

from tests.local.emulator import Emulator, allow, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool, claims, trigger

_CONFIRMED = "PostConfirmation"


@probe(aws="UserLambdaValidationException", ministack="done")
def a_failing_post_confirmation_trigger(emulator: Emulator) -> str:
    pool = Pool(emulator, {_CONFIRMED: trigger(emulator, "def handler(event, context): raise ValueError('no')")})
    return outcome(pool.confirmed)


@probe(aws="UserLambdaValidationException", ministack="done")
def a_trigger_without_permission_for_cognito(emulator: Emulator) -> str:
    function = emulator.function("def handler(event, context): return event")
    return outcome(Pool(emulator, {_CONFIRMED: function}).confirmed)


_COUNTING = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    claim = {"claimsToAddOrOverride": {"calls": str(calls)}}
    event["response"] = {"claimsAndScopeOverrideDetails": {"idTokenGeneration": claim, "accessTokenGeneration": claim}}
    return event
"""


@probe(aws=["1", "1"], ministack=["1", "2"])
def calls_of_a_pre_token_trigger(emulator: Emulator) -> list[str]:
    settings = {"LambdaArn": trigger(emulator, _COUNTING), "LambdaVersion": "V2_0"}
    pool = Pool(emulator, {"PreTokenGenerationConfig": settings})
    tokens = pool.tokens(pool.confirmed())
    return [claims(tokens[name])["calls"] for name in ("AccessToken", "IdToken")]


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


def _noted(emulator: Emulator, parameter: str) -> list[str]:
    ssm = emulator.client("ssm")
    try:
        value = str(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return []
    return value.split(",")


def _noting(emulator: Emulator, parameter: str) -> str:
    may = [allow("ssm:PutParameter"), allow("ssm:GetParameter")]
    function = emulator.function(_NOTING % parameter, *may)
    emulator.permit(function, "cognito-idp.amazonaws.com")
    return function


@probe(
    aws=["SignUp one True", "ResendCode two True", "ForgotPassword three True"],
    ministack=[],
)
def calls_of_a_custom_message_trigger(emulator: Emulator) -> list[str]:
    parameter = f"/{emulator.name('noted')}"
    pool = Pool(emulator, {"CustomMessage": _noting(emulator, parameter)})
    address = pool.sign_up(metadata={"page": "one"})
    who: dict[str, Any] = {"ClientId": pool.client_id, "Username": address}
    pool.cognito.resend_confirmation_code(**who, ClientMetadata={"page": "two"})
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=address)
    verified = [{"Name": "email_verified", "Value": "true"}]
    pool.cognito.admin_update_user_attributes(UserPoolId=pool.id, Username=address, UserAttributes=verified)
    pool.cognito.forgot_password(**who, ClientMetadata={"page": "three"})
    return [noted.removeprefix("CustomMessage_") for noted in _noted(emulator, parameter)]


@probe(
    aws=["PreSignUp_SignUp one True", "PreSignUp_AdminCreateUser two False"],
    ministack=["PreSignUp_SignUp  True"],
)
def calls_of_a_pre_sign_up_trigger(emulator: Emulator) -> list[str]:
    parameter = f"/{emulator.name('noted')}"
    pool = Pool(emulator, {"PreSignUp": _noting(emulator, parameter)})
    pool.sign_up(metadata={"page": "one"})
    pool.cognito.admin_create_user(
        UserPoolId=pool.id,
        Username=f"{emulator.name('user')}@example.com",
        MessageAction="SUPPRESS",
        ClientMetadata={"page": "two"},
    )
    return _noted(emulator, parameter)


@probe(aws=["PostConfirmation_ConfirmSignUp one False"], ministack=[])
def calls_of_a_post_confirmation_trigger_by_an_operator(emulator: Emulator) -> list[str]:
    parameter = f"/{emulator.name('noted')}"
    pool = Pool(emulator, {_CONFIRMED: _noting(emulator, parameter)})
    pool.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=pool.sign_up(), ClientMetadata={"page": "one"})
    return _noted(emulator, parameter)
