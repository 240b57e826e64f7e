"""Probes of `cloudformation.deletion`."""

import json
from typing import Any

from tenantry.attacks.waiting import until
from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe


@probe(
    aws=[["DELETE_FAILED", True]] * 3 + [["DELETE_COMPLETE", False]],
    ministack=[["DELETE_COMPLETE", False]] * 4,
)
def stacks_whose_bucket_is_not_empty(emulator: Emulator) -> list[list[Any]]:
    """Delete a stack whose bucket holds an object, a deleted object's versions, an access point; and nothing."""
    return [_bucket_deleted(emulator, kept) for kept in ("object", "versions", "access point", "")]


def _bucket_deleted(emulator: Emulator, kept: str) -> list[Any]:
    s3, bucket = emulator.client("s3"), emulator.name("kept")
    properties: dict[str, Any] = {"BucketName": bucket}
    if kept == "versions":
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    stack = _created(emulator, {"Type": "AWS::S3::Bucket", "Properties": properties})
    if kept == "access point":
        point = {"Name": emulator.name("point"), "Bucket": bucket}
        emulator.stack(Point={"Type": "AWS::S3::AccessPoint", "Properties": point})
    elif kept:
        s3.put_object(Bucket=bucket, Key="key", Body=b"")
    if kept == "versions":
        s3.delete_object(Bucket=bucket, Key="key")
    return [_deleted(emulator, stack), bucket in {found["Name"] for found in s3.list_buckets()["Buckets"]}]


@probe(aws=["DELETE_FAILED", "DELETE_FAILED"], ministack=["DELETE_COMPLETE", "DELETE_COMPLETE"])
def stacks_with_what_is_protected(emulator: Emulator) -> list[str]:
    protected: dict[str, Any] = {**_TABLE, "DeletionProtectionEnabled": True}
    resources = [
        {"Type": "AWS::DynamoDB::Table", "Properties": protected},
        {"Type": "AWS::Cognito::UserPool", "Properties": {"DeletionProtection": "ACTIVE"}},
    ]
    return [_deleted(emulator, _created(emulator, resource)) for resource in resources]


@probe(aws=["InvalidParameterException"] * 2, ministack=["done"] * 2)
def pools_that_are_in_use(emulator: Emulator) -> list[str]:
    """Delete a pool that is protected, and one that has a domain."""
    cognito = emulator.client("cognito-idp")
    protected = cognito.create_user_pool(PoolName=emulator.name("pool"), DeletionProtection="ACTIVE")["UserPool"]["Id"]
    named = cognito.create_user_pool(PoolName=emulator.name("pool"))["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=named, Domain=emulator.name("domain"))
    return [outcome(lambda pool=pool: cognito.delete_user_pool(UserPoolId=pool)) for pool in (protected, named)]  # type: ignore[misc]


_TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def _created(emulator: Emulator, resource: dict[str, Any]) -> str:
    cloudformation, name = emulator.client("cloudformation"), emulator.name("stack")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Thing": resource}}))
    until(lambda: _status(emulator, name) == "CREATE_COMPLETE", 10)
    return name


def _deleted(emulator: Emulator, stack: str) -> str:
    emulator.client("cloudformation").delete_stack(StackName=stack)
    until(lambda: _status(emulator, stack) in {"DELETE_COMPLETE", "DELETE_FAILED"}, 10)
    return _status(emulator, stack)


def _status(emulator: Emulator, stack: str) -> str:
    summaries = emulator.client("cloudformation").list_stacks()["StackSummaries"]
    return str(next(found["StackStatus"] for found in summaries if found["StackName"] == stack))
