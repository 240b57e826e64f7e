"""Probes of `stepfunctions.role`."""

from typing import Any

from tests.local.ground import Ground, allow
from tests.local.probes import probe

_PUT = "arn:aws:states:::dynamodb:putItem"


@probe(aws="DynamoDB.AccessDeniedException", ministack="SUCCEEDED")
def a_task_that_the_role_may_not_do(ground: Ground) -> str:
    done = ground.task(_PUT, {"TableName": ground.table(), "Item": {"id": {"S": "a"}}})
    return str(done.get("error") or done["status"])


@probe(aws=["SUCCEEDED", "EventBridge.FailedEntry"], ministack=["SUCCEEDED", "SUCCEEDED"])
def events_that_the_bus_refuses(ground: Ground) -> list[str]:
    def put(source: str) -> dict[str, Any]:
        entry = {"Source": source, "DetailType": "x", "Detail": {}, "EventBusName": "default"}
        return ground.task("arn:aws:states:::events:putEvents", {"Entries": [entry]}, allow("events:PutEvents"))

    return [str(done.get("error") or done["status"]) for done in (put("own"), put("aws.s3"))]


@probe(aws="CognitoIdentityProvider.UserNotFoundException", ministack="States.Runtime")
def a_user_whom_the_pool_does_not_have(ground: Ground) -> str:
    pool = ground.client("cognito-idp").create_user_pool(PoolName=ground.name("pool"))["UserPool"]["Id"]
    done = ground.task(
        "arn:aws:states:::aws-sdk:cognitoidentityprovider:adminDisableUser",
        {"UserPoolId": pool, "Username": "nobody"},
        allow("cognito-idp:AdminDisableUser"),
    )
    return str(done.get("error") or done["status"])
