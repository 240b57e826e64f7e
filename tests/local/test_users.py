"""User pools in the local cloud, beyond what the probes ask."""

import json
import time
from functools import partial
from unittest.mock import Mock

import pytest

from tenantry.local import mail
from tests.local.emulator import Emulator, allow, outcome
from tests.local.user_pool import PASSWORD, Pool, claims, trigger

_REMEMBERING = """
import boto3, json
def handler(event, context):
    boto3.client("ssm").put_parameter(Name=%r, Value=json.dumps(event), Type="String", Overwrite=True)
    return event
"""


def _code(emulator: Emulator, address: str) -> str:
    message = emulator.cloud.mail(address)
    assert isinstance(message, mail.Message)
    assert message.code in message.body
    return message.code


def _remembering(emulator: Emulator, parameter: str) -> str:
    function = emulator.function(_REMEMBERING % parameter, allow("ssm:PutParameter"))
    emulator.permit(function, "cognito-idp.amazonaws.com")
    return function


def _seen(emulator: Emulator, parameter: str) -> dict[str, object]:
    value = emulator.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
    return dict(json.loads(value))


def test_a_sign_up_is_confirmed_with_the_code_in_the_mail(emulator: Emulator) -> None:
    parameter = f"/{emulator.name('event')}"
    pool = Pool(emulator, {"PostConfirmation": _remembering(emulator, parameter)})
    address = pool.sign_up(name="Ann")
    pool.confirm(address, _code(emulator, address))
    assert pool.attributes(address)["email_verified"] == "true"
    event = _seen(emulator, parameter)
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    request = event["request"]
    assert isinstance(request, dict)
    assert request["userAttributes"]["email"] == address
    assert request["userAttributes"]["email_verified"] == "true"
    assert request["userAttributes"]["cognito:user_status"] == "CONFIRMED"


def test_a_password_reset_says_that_it_is_one(emulator: Emulator) -> None:
    parameter = f"/{emulator.name('event')}"
    pool = Pool(emulator, {"PostConfirmation": _remembering(emulator, parameter)})
    address = pool.sign_up()
    pool.confirm(address, _code(emulator, address))
    pool.cognito.forgot_password(ClientId=pool.client_id, Username=address)
    pool.cognito.confirm_forgot_password(
        ClientId=pool.client_id, Username=address, ConfirmationCode=_code(emulator, address), Password=PASSWORD + "x"
    )
    assert _seen(emulator, parameter)["triggerSource"] == "PostConfirmation_ConfirmForgotPassword"


def test_an_administrators_confirmation_verifies_no_address(emulator: Emulator) -> None:
    pool = Pool(emulator)
    assert "email_verified" not in pool.attributes(pool.confirmed())


def test_a_user_whose_trigger_failed_stays_confirmed(emulator: Emulator) -> None:
    pool = Pool(
        emulator, {"PostConfirmation": trigger(emulator, "def handler(event, context): raise ValueError('no')")}
    )
    address = pool.sign_up()
    assert outcome(lambda: pool.confirm(address, _code(emulator, address))) == "UserLambdaValidationException"
    assert pool.tokens(address)["IdToken"]


def test_confirmation_attempts_are_limited(emulator: Emulator) -> None:
    pool = Pool(emulator)
    address = pool.sign_up()
    code = _code(emulator, address)
    wrong = "000000" if code != "000000" else "000001"
    tries = [outcome(lambda: pool.confirm(address, wrong)) for _ in range(6)]
    assert tries == ["CodeMismatchException"] * 5 + ["LimitExceededException"]
    assert outcome(lambda: pool.confirm(address, code)) == "LimitExceededException"


def test_codes_differ(emulator: Emulator) -> None:
    pool = Pool(emulator)
    codes = {_code(emulator, pool.sign_up()) for _ in range(5)}
    assert len(codes) > 1


def test_a_slow_trigger_has_three_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenantry.local.gaps.cognito import triggers  # noqa: PLC0415 - import MiniStack
    from tenantry.local.patching import service_calls  # noqa: PLC0415 - import MiniStack

    monkeypatch.setattr(triggers, "_SECONDS", 0.05)
    monkeypatch.setattr(service_calls, "check_resource_policy", Mock())
    execute = Mock(side_effect=lambda _function, _event: time.sleep(0.2))
    event = {"triggerSource": "TokenGeneration_Authentication", "userPoolId": "us-east-1_x"}
    with pytest.raises(triggers.TriggerError, match=r"PreTokenGeneration invocation failed .* timeout"):
        triggers._call(execute, {"FunctionArn": "arn:f"}, event)  # noqa: SLF001
    assert execute.call_count == 3


def test_the_start_of_a_triggers_process_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenantry.local.gaps.cognito import triggers  # noqa: PLC0415 - import MiniStack
    from tenantry.local.patching import service_calls  # noqa: PLC0415 - import MiniStack

    monkeypatch.setattr(triggers, "_SECONDS", 0.2)
    monkeypatch.setattr(service_calls, "check_resource_policy", Mock())
    spawn = partial(triggers._timed, lambda: time.sleep(0.5))  # noqa: SLF001
    execute = Mock(side_effect=lambda _function, _event: spawn() or {"body": {}})
    event = {"triggerSource": "TokenGeneration_Authentication", "userPoolId": "us-east-1_x"}
    assert triggers._call(execute, {"FunctionArn": "arn:f"}, event) == {"body": {}}  # noqa: SLF001
    assert execute.call_count == 1


def test_a_claim_of_the_pre_token_trigger_is_in_the_tokens_that_it_names(emulator: Emulator) -> None:
    source = """
def handler(event, context):
    details = {"idTokenGeneration": {"claimsToAddOrOverride": {"tenant": "t1"}}}
    event["response"] = {"claimsAndScopeOverrideDetails": details}
    return event
"""
    pool = Pool(
        emulator, {"PreTokenGenerationConfig": {"LambdaArn": trigger(emulator, source), "LambdaVersion": "V2_0"}}
    )
    tokens = pool.tokens(pool.confirmed())
    assert claims(tokens["IdToken"])["tenant"] == "t1"
    assert "tenant" not in claims(tokens["AccessToken"])


def test_an_address_in_use_is_refused(emulator: Emulator) -> None:
    pool = Pool(emulator)
    victim, token = pool.confirmed(), pool.tokens(pool.confirmed())["AccessToken"]
    attributes = [{"Name": "email", "Value": victim}]
    update = pool.cognito.update_user_attributes
    assert outcome(lambda: update(AccessToken=token, UserAttributes=attributes)) == "AliasExistsException"


def test_a_new_address_is_unverified(emulator: Emulator) -> None:
    pool = Pool(emulator)
    address = pool.sign_up()
    pool.confirm(address, _code(emulator, address))
    token = pool.tokens(address)["AccessToken"]
    new = f"{emulator.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    assert pool.attributes(new)["email_verified"] == "false"


def test_a_value_of_the_wrong_length_is_refused(emulator: Emulator) -> None:
    pool = Pool(emulator)
    assert outcome(lambda: pool.sign_up(name="x" * 2049)) == "InvalidParameterException"
    assert outcome(lambda: pool.sign_up(name="x" * 2048)) == "done"


def test_a_new_address_is_used_after_verification(emulator: Emulator) -> None:
    pool = Pool(emulator, verify_first=True)
    address = pool.sign_up()
    pool.confirm(address, _code(emulator, address))
    token, new = pool.tokens(address)["AccessToken"], f"{emulator.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    assert pool.attributes(address)["email_verified"] == "true"
    pool.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=_code(emulator, new))
    assert pool.attributes(new)["email_verified"] == "true"
    assert outcome(lambda: pool.attributes(address)) == "UserNotFoundException"


def test_an_address_that_another_user_has_by_then_is_refused(emulator: Emulator) -> None:
    pool = Pool(emulator, verify_first=True)
    token, new = pool.tokens(pool.confirmed())["AccessToken"], f"{emulator.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    code = _code(emulator, new)
    pool.sign_up(email=new)
    verify = pool.cognito.verify_user_attribute
    assert outcome(lambda: verify(AccessToken=token, AttributeName="email", Code=code)) == "AliasExistsException"


def test_another_code_can_be_asked_for_a_new_address(emulator: Emulator) -> None:
    pool = Pool(emulator, verify_first=True)
    token, new = pool.tokens(pool.confirmed())["AccessToken"], f"{emulator.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    pool.cognito.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    pool.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=_code(emulator, new))
    assert pool.attributes(new)["email_verified"] == "true"


def test_a_failing_custom_message_trigger_sends_no_code(emulator: Emulator) -> None:
    source = """
def handler(event, context):
    if event["triggerSource"] == "CustomMessage_ResendCode": raise ValueError("no")
    event["response"]["emailSubject"] = "Yours"
    return event
"""
    pool = Pool(emulator, {"CustomMessage": trigger(emulator, source)})
    address = pool.sign_up()
    message = emulator.cloud.mail(address)
    assert message is not None
    assert message.subject == "Yours"
    resend = pool.cognito.resend_confirmation_code
    assert outcome(lambda: resend(ClientId=pool.client_id, Username=address)) == "UserLambdaValidationException"
    assert emulator.cloud.mail(address) == message


def test_a_refused_pre_sign_up_makes_no_user(emulator: Emulator) -> None:
    pool = Pool(emulator, {"PreSignUp": trigger(emulator, "def handler(event, context): raise ValueError('no')")})
    address = f"{emulator.name('user')}@example.com"
    assert outcome(lambda: pool.sign_up(email=address)) == "UserLambdaValidationException"
    create = pool.cognito.admin_create_user
    assert outcome(lambda: create(UserPoolId=pool.id, Username=address)) == "UserLambdaValidationException"
    assert outcome(lambda: pool.attributes(address)) == "UserNotFoundException"


def test_a_pre_sign_up_trigger_is_told_the_name_that_the_user_will_have(emulator: Emulator) -> None:
    parameter = f"/{emulator.name('event')}"
    pool = Pool(emulator, {"PreSignUp": _remembering(emulator, parameter)})
    address = f"{emulator.name('user')}@example.com"
    made = pool.cognito.admin_create_user(UserPoolId=pool.id, Username=address, MessageAction="SUPPRESS")
    assert _seen(emulator, parameter)["userName"] == made["User"]["Username"]


def test_an_old_refresh_token_is_valid_within_the_grace_period(emulator: Emulator) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    pool = Pool(emulator, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"], RefreshTokenRotation=rotation)
    first = pool.tokens(pool.confirmed())
    new = pool.refresh(first["RefreshToken"])
    assert pool.refresh(first["RefreshToken"])["IdToken"]
    assert claims(new["RefreshToken"])["exp"] == claims(first["RefreshToken"])["exp"]
    assert claims(new["IdToken"])["origin_jti"] == claims(first["IdToken"])["origin_jti"]


def test_rotation_and_the_flow_that_does_not_rotate_exclude_each_other(emulator: Emulator) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    assert outcome(lambda: Pool(emulator, RefreshTokenRotation=rotation)) == "InvalidParameterException"


def test_cloudformation_turns_rotation_on(emulator: Emulator) -> None:
    pool = Pool(emulator)
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}
    made = emulator.stack(
        Client={
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "UserPoolId": pool.id,
                "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
                "RefreshTokenRotation": rotation,
            },
        }
    )
    found = pool.cognito.describe_user_pool_client(UserPoolId=pool.id, ClientId=made["Client"])
    assert found["UserPoolClient"]["RefreshTokenRotation"] == rotation


def test_a_refresh_tells_the_pre_token_trigger_its_metadata(emulator: Emulator) -> None:
    parameter = f"/{emulator.name('event')}"
    settings = {"LambdaArn": _remembering(emulator, parameter), "LambdaVersion": "V2_0"}
    pool = Pool(emulator, {"PreTokenGenerationConfig": settings})
    pool.refresh(pool.tokens(pool.confirmed())["RefreshToken"], page="one")
    event = _seen(emulator, parameter)
    assert event["triggerSource"] == "TokenGeneration_RefreshTokens"
    request = event["request"]
    assert isinstance(request, dict)
    assert request["clientMetadata"] == {"page": "one"}
    assert request["userAttributes"]["cognito:user_status"] == "CONFIRMED"
