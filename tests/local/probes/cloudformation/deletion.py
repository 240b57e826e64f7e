"""Probes of `cloudformation.deletion`."""

import json
from typing import Any

from tests.local.ground import Ground, eventually, outcome
from tests.local.probes import probe


@probe(
    aws=[["DELETE_FAILED", True]] * 3 + [["DELETE_COMPLETE", False]],
    ministack=[["DELETE_COMPLETE", False]] * 4,
)
def stacks_whose_bucket_is_not_empty(ground: Ground) -> list[list[Any]]:
    """Delete a stack whose bucket holds an object, a deleted object's versions, an access point; and nothing."""
    return [_bucket_deleted(ground, kept) for kept in ("object", "versions", "access point", "")]


def _bucket_deleted(ground: Ground, kept: str) -> list[Any]:
    s3, bucket = ground.client("s3"), ground.name("kept")
    properties: dict[str, Any] = {"BucketName": bucket}
    if kept == "versions":
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    stack = _created(ground, {"Type": "AWS::S3::Bucket", "Properties": properties})
    if kept == "access point":
        point = {"Name": ground.name("point"), "Bucket": bucket}
        ground.stack(Point={"Type": "AWS::S3::AccessPoint", "Properties": point})
    elif kept:
        s3.put_object(Bucket=bucket, Key="key", Body=b"")
    if kept == "versions":
        s3.delete_object(Bucket=bucket, Key="key")
    return [_deleted(ground, stack), bucket in {found["Name"] for found in s3.list_buckets()["Buckets"]}]


@probe(aws=["DELETE_FAILED", "DELETE_FAILED"], ministack=["DELETE_COMPLETE", "DELETE_COMPLETE"])
def stacks_with_what_is_protected(ground: Ground) -> list[str]:
    protected: dict[str, Any] = {**_TABLE, "DeletionProtectionEnabled": True}
    resources = [
        {"Type": "AWS::DynamoDB::Table", "Properties": protected},
        {"Type": "AWS::Cognito::UserPool", "Properties": {"DeletionProtection": "ACTIVE"}},
    ]
    return [_deleted(ground, _created(ground, resource)) for resource in resources]


@probe(aws=["InvalidParameterException"] * 2, ministack=["done"] * 2)
def pools_that_are_in_use(ground: Ground) -> list[str]:
    """Delete a pool that is protected, and one that has a domain."""
    cognito = ground.client("cognito-idp")
    protected = cognito.create_user_pool(PoolName=ground.name("pool"), DeletionProtection="ACTIVE")["UserPool"]["Id"]
    named = cognito.create_user_pool(PoolName=ground.name("pool"))["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=named, Domain=ground.name("domain"))
    return [outcome(lambda pool=pool: cognito.delete_user_pool(UserPoolId=pool)) for pool in (protected, named)]  # type: ignore[misc]


_TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def _created(ground: Ground, resource: dict[str, Any]) -> str:
    cloudformation, name = ground.client("cloudformation"), ground.name("stack")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Thing": resource}}))
    eventually(lambda: _status(ground, name) == "CREATE_COMPLETE")
    return name


def _deleted(ground: Ground, stack: str) -> str:
    ground.client("cloudformation").delete_stack(StackName=stack)
    eventually(lambda: _status(ground, stack) in {"DELETE_COMPLETE", "DELETE_FAILED"})
    return _status(ground, stack)


def _status(ground: Ground, stack: str) -> str:
    summaries = ground.client("cloudformation").list_stacks()["StackSummaries"]
    return str(next(found["StackStatus"] for found in summaries if found["StackName"] == stack))
