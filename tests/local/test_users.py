"""User pools in the local cloud, beyond what the probes ask."""

import json
import time
from functools import partial
from unittest.mock import Mock

import pytest

from tenantry.local import mail
from tests.local.ground import Ground, allow, outcome
from tests.local.user_pool import PASSWORD, Pool, claims, trigger

_REMEMBERING = """
import boto3, json
def handler(event, context):
    boto3.client("ssm").put_parameter(Name=%r, Value=json.dumps(event), Type="String", Overwrite=True)
    return event
"""


def _code(ground: Ground, address: str) -> str:
    message = ground.cloud.mail(address)
    assert isinstance(message, mail.Message)
    assert message.code in message.body
    return message.code


def _remembering(ground: Ground, parameter: str) -> str:
    function = ground.function(_REMEMBERING % parameter, allow("ssm:PutParameter"))
    ground.permit(function, "cognito-idp.amazonaws.com")
    return function


def _seen(ground: Ground, parameter: str) -> dict[str, object]:
    value = ground.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
    return dict(json.loads(value))


def test_a_sign_up_is_confirmed_with_the_code_in_the_mail(ground: Ground) -> None:
    parameter = f"/{ground.name('event')}"
    pool = Pool(ground, {"PostConfirmation": _remembering(ground, parameter)})
    address = pool.sign_up(name="Ann")
    pool.confirm(address, _code(ground, address))
    assert pool.attributes(address)["email_verified"] == "true"
    event = _seen(ground, parameter)
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    request = event["request"]
    assert isinstance(request, dict)
    assert request["userAttributes"]["email"] == address
    assert request["userAttributes"]["email_verified"] == "true"
    assert request["userAttributes"]["cognito:user_status"] == "CONFIRMED"


def test_a_password_reset_says_that_it_is_one(ground: Ground) -> None:
    parameter = f"/{ground.name('event')}"
    pool = Pool(ground, {"PostConfirmation": _remembering(ground, parameter)})
    address = pool.sign_up()
    pool.confirm(address, _code(ground, address))
    pool.cognito.forgot_password(ClientId=pool.client_id, Username=address)
    pool.cognito.confirm_forgot_password(
        ClientId=pool.client_id, Username=address, ConfirmationCode=_code(ground, address), Password=PASSWORD + "x"
    )
    assert _seen(ground, parameter)["triggerSource"] == "PostConfirmation_ConfirmForgotPassword"


def test_an_administrators_confirmation_verifies_no_address(ground: Ground) -> None:
    pool = Pool(ground)
    assert "email_verified" not in pool.attributes(pool.confirmed())


def test_a_user_whose_trigger_failed_stays_confirmed(ground: Ground) -> None:
    pool = Pool(ground, {"PostConfirmation": trigger(ground, "def handler(event, context): raise ValueError('no')")})
    address = pool.sign_up()
    assert outcome(lambda: pool.confirm(address, _code(ground, address))) == "UserLambdaValidationException"
    assert pool.tokens(address)["IdToken"]


def test_confirmation_attempts_are_limited(ground: Ground) -> None:
    pool = Pool(ground)
    address = pool.sign_up()
    code = _code(ground, address)
    wrong = "000000" if code != "000000" else "000001"
    tries = [outcome(lambda: pool.confirm(address, wrong)) for _ in range(6)]
    assert tries == ["CodeMismatchException"] * 5 + ["LimitExceededException"]
    assert outcome(lambda: pool.confirm(address, code)) == "LimitExceededException"


def test_codes_differ(ground: Ground) -> None:
    pool = Pool(ground)
    codes = {_code(ground, pool.sign_up()) for _ in range(5)}
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


def test_a_claim_of_the_pre_token_trigger_is_in_the_tokens_that_it_names(ground: Ground) -> None:
    source = """
def handler(event, context):
    details = {"idTokenGeneration": {"claimsToAddOrOverride": {"tenant": "t1"}}}
    event["response"] = {"claimsAndScopeOverrideDetails": details}
    return event
"""
    pool = Pool(ground, {"PreTokenGenerationConfig": {"LambdaArn": trigger(ground, source), "LambdaVersion": "V2_0"}})
    tokens = pool.tokens(pool.confirmed())
    assert claims(tokens["IdToken"])["tenant"] == "t1"
    assert "tenant" not in claims(tokens["AccessToken"])


def test_an_address_in_use_is_refused(ground: Ground) -> None:
    pool = Pool(ground)
    victim, token = pool.confirmed(), pool.tokens(pool.confirmed())["AccessToken"]
    attributes = [{"Name": "email", "Value": victim}]
    update = pool.cognito.update_user_attributes
    assert outcome(lambda: update(AccessToken=token, UserAttributes=attributes)) == "AliasExistsException"


def test_a_new_address_is_unverified(ground: Ground) -> None:
    pool = Pool(ground)
    address = pool.sign_up()
    pool.confirm(address, _code(ground, address))
    token = pool.tokens(address)["AccessToken"]
    new = f"{ground.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    assert pool.attributes(new)["email_verified"] == "false"


def test_a_value_of_the_wrong_length_is_refused(ground: Ground) -> None:
    pool = Pool(ground)
    assert outcome(lambda: pool.sign_up(name="x" * 2049)) == "InvalidParameterException"
    assert outcome(lambda: pool.sign_up(name="x" * 2048)) == "done"


def test_a_new_address_is_used_after_verification(ground: Ground) -> None:
    pool = Pool(ground, verify_first=True)
    address = pool.sign_up()
    pool.confirm(address, _code(ground, address))
    token, new = pool.tokens(address)["AccessToken"], f"{ground.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    assert pool.attributes(address)["email_verified"] == "true"
    pool.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=_code(ground, new))
    assert pool.attributes(new)["email_verified"] == "true"
    assert outcome(lambda: pool.attributes(address)) == "UserNotFoundException"


def test_an_address_that_another_user_has_by_then_is_refused(ground: Ground) -> None:
    pool = Pool(ground, verify_first=True)
    token, new = pool.tokens(pool.confirmed())["AccessToken"], f"{ground.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    code = _code(ground, new)
    pool.sign_up(email=new)
    verify = pool.cognito.verify_user_attribute
    assert outcome(lambda: verify(AccessToken=token, AttributeName="email", Code=code)) == "AliasExistsException"


def test_another_code_can_be_asked_for_a_new_address(ground: Ground) -> None:
    pool = Pool(ground, verify_first=True)
    token, new = pool.tokens(pool.confirmed())["AccessToken"], f"{ground.name('new')}@example.com"
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    pool.cognito.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    pool.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=_code(ground, new))
    assert pool.attributes(new)["email_verified"] == "true"


def test_a_failing_custom_message_trigger_sends_no_code(ground: Ground) -> None:
    source = """
def handler(event, context):
    if event["triggerSource"] == "CustomMessage_ResendCode": raise ValueError("no")
    event["response"]["emailSubject"] = "Yours"
    return event
"""
    pool = Pool(ground, {"CustomMessage": trigger(ground, source)})
    address = pool.sign_up()
    message = ground.cloud.mail(address)
    assert message is not None
    assert message.subject == "Yours"
    resend = pool.cognito.resend_confirmation_code
    assert outcome(lambda: resend(ClientId=pool.client_id, Username=address)) == "UserLambdaValidationException"
    assert ground.cloud.mail(address) == message


def test_a_refused_pre_sign_up_makes_no_user(ground: Ground) -> None:
    pool = Pool(ground, {"PreSignUp": trigger(ground, "def handler(event, context): raise ValueError('no')")})
    address = f"{ground.name('user')}@example.com"
    assert outcome(lambda: pool.sign_up(email=address)) == "UserLambdaValidationException"
    create = pool.cognito.admin_create_user
    assert outcome(lambda: create(UserPoolId=pool.id, Username=address)) == "UserLambdaValidationException"
    assert outcome(lambda: pool.attributes(address)) == "UserNotFoundException"


def test_a_pre_sign_up_trigger_is_told_the_name_that_the_user_will_have(ground: Ground) -> None:
    parameter = f"/{ground.name('event')}"
    pool = Pool(ground, {"PreSignUp": _remembering(ground, parameter)})
    address = f"{ground.name('user')}@example.com"
    made = pool.cognito.admin_create_user(UserPoolId=pool.id, Username=address, MessageAction="SUPPRESS")
    assert _seen(ground, parameter)["userName"] == made["User"]["Username"]


def test_an_old_refresh_token_is_valid_within_the_grace_period(ground: Ground) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    pool = Pool(ground, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"], RefreshTokenRotation=rotation)
    first = pool.tokens(pool.confirmed())
    new = pool.refresh(first["RefreshToken"])
    assert pool.refresh(first["RefreshToken"])["IdToken"]
    assert claims(new["RefreshToken"])["exp"] == claims(first["RefreshToken"])["exp"]
    assert claims(new["IdToken"])["origin_jti"] == claims(first["IdToken"])["origin_jti"]


def test_rotation_and_the_flow_that_does_not_rotate_exclude_each_other(ground: Ground) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    assert outcome(lambda: Pool(ground, RefreshTokenRotation=rotation)) == "InvalidParameterException"


def test_cloudformation_turns_rotation_on(ground: Ground) -> None:
    pool = Pool(ground)
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}
    made = ground.stack(
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


def test_a_refresh_tells_the_pre_token_trigger_its_metadata(ground: Ground) -> None:
    parameter = f"/{ground.name('event')}"
    settings = {"LambdaArn": _remembering(ground, parameter), "LambdaVersion": "V2_0"}
    pool = Pool(ground, {"PreTokenGenerationConfig": settings})
    pool.refresh(pool.tokens(pool.confirmed())["RefreshToken"], page="one")
    event = _seen(ground, parameter)
    assert event["triggerSource"] == "TokenGeneration_RefreshTokens"
    request = event["request"]
    assert isinstance(request, dict)
    assert request["clientMetadata"] == {"page": "one"}
    assert request["userAttributes"]["cognito:user_status"] == "CONFIRMED"
