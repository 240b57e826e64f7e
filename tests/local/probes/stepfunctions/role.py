"""Probes of `stepfunctions.role`."""

from typing import Any

from tests.local.emulator import Emulator, allow
from tests.local.probes import probe

_PUT = "arn:aws:states:::dynamodb:putItem"


@probe(aws="DynamoDB.AccessDeniedException", ministack="SUCCEEDED")
def a_task_that_the_role_may_not_do(emulator: Emulator) -> str:
    done = emulator.task(_PUT, {"TableName": emulator.table(), "Item": {"id": {"S": "a"}}})
    return str(done.get("error") or done["status"])


@probe(aws=["SUCCEEDED", "EventBridge.FailedEntry"], ministack=["SUCCEEDED", "SUCCEEDED"])
def events_that_the_bus_refuses(emulator: Emulator) -> list[str]:
    def put(source: str) -> dict[str, Any]:
        entry = {"Source": source, "DetailType": "x", "Detail": {}, "EventBusName": "default"}
        return emulator.task("arn:aws:states:::events:putEvents", {"Entries": [entry]}, allow("events:PutEvents"))

    return [str(done.get("error") or done["status"]) for done in (put("own"), put("aws.s3"))]


@probe(aws="CognitoIdentityProvider.UserNotFoundException", ministack="States.Runtime")
def a_user_whom_the_pool_does_not_have(emulator: Emulator) -> str:
    pool = emulator.client("cognito-idp").create_user_pool(PoolName=emulator.name("pool"))["UserPool"]["Id"]
    done = emulator.task(
        "arn:aws:states:::aws-sdk:cognitoidentityprovider:adminDisableUser",
        {"UserPoolId": pool, "Username": "nobody"},
        allow("cognito-idp:AdminDisableUser"),
    )
    return str(done.get("error") or done["status"])
