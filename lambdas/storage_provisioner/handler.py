"""Onboards a tenant into the storage stack: claims its name, makes its bucket and its access point.

It is started by the event that a tenant was created, or at a tenant's first object. Everything it does can be done
again: what is there already stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools import Logger, Tracer
from botocore.exceptions import ClientError

from storage_provisioner.keys import tenant_key
from tenancy.identifiers import InvalidIdentifierError, TenantId, tenant_id
from tenancy.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef, ServerSideEncryptionRuleTypeDef

_HERE_ALREADY: Final = frozenset({"BucketAlreadyOwnedByYou", "AccessPointAlreadyOwnedByYou"})
_ATTEMPTS: Final = 6
_DATA_ACTIONS: Final = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:ListBucket*"]


class _Settings(Settings):
    application: str
    aws_region: str
    account: str
    partition: str
    names_table: str
    tenant_bucket: str  # with {tenant} in it
    access_point_bucket: str
    access_point_name: str  # with {tenant} in it
    old_versions_days: int
    key_alias: str  # with {tenant} in it; empty where S3's own key encrypts every bucket


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
database = boto3.client("dynamodb")
s3 = boto3.client("s3")
s3control = boto3.client("s3control")
kms = boto3.client("kms")


def _again_when_aborted(response: tuple[object, dict[str, Any]] | None, attempts: int, **_: object) -> float | None:
    """Return how long to wait, in seconds, when S3 is busy with the same bucket for somebody else.

    Two first objects of a tenant make its bucket at the same time. botocore itself does not try again on this error.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    return 0.1 * 2.0**attempts if code == "OperationAborted" and attempts < _ATTEMPTS else None


s3.meta.events.register("needs-retry.s3", _again_when_aborted)  # type: ignore[arg-type]  # this event takes an answer


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Onboard the tenant of an event ``App.tenant`` / ``created``.

    Isolation: the bucket refuses data to every session that is tagged with another tenant than the one that it was
    made for, so that two ids that differ in case only can never share it.

    Returns
    -------
    dict
        ``onboarded``: False if another tenant has this name, but for upper and lower case, or if the event's tenant id
        is none. Neither gets better by trying again.

    Raises
    ------
    botocore.exceptions.ClientError
        AWS refuses; Lambda tries again, and then keeps the event as a dead letter.
    """
    try:
        tenant = tenant_id(event["detail"]["tenantId"])
    except InvalidIdentifierError as error:
        logger.error("refused: %s", error)  # noqa: TRY400 - there is nothing to trace
        return {"onboarded": False}
    logger.append_keys(tenant=tenant)
    if not _claim(tenant):
        logger.error("refused: another tenant has this name")
        return {"onboarded": False}
    _make_bucket(tenant)
    _make_access_point(tenant)
    logger.info("onboarded")
    return {"onboarded": True}


def _claim(tenant: TenantId) -> bool:
    """Take the tenant's name, in lower case, for this very tenant."""
    try:
        database.put_item(
            TableName=settings.names_table,
            Item={"name": {"S": tenant.lower()}, "tenantid": {"S": tenant}},
            ConditionExpression="attribute_not_exists(#name) OR tenantid = :tenant",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":tenant": {"S": tenant}},
        )
    except database.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _make_bucket(tenant: TenantId) -> None:
    name = settings.tenant_bucket.replace("{tenant}", tenant.lower())
    arn = f"arn:{settings.partition}:s3:::{name}"
    # us-east-1 is the one region that must not be named here.
    where: Any = (
        {}
        if settings.aws_region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": settings.aws_region}}
    )
    _unless_there(lambda: s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **where))
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    # The tag says whose the bucket is to whoever tears the application down (`tenantry teardown`).
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "application", "Value": settings.application}]})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [_forget_old_versions()]})
    if settings.key_alias:
        key = tenant_key(
            kms,
            settings.key_alias.replace("{tenant}", tenant.lower()),
            tenant,
            account=settings.account,
            partition=settings.partition,
        )
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [_encrypt_with(key)]})
    statements = [_tls_only(arn), _this_tenant_only(tenant, [arn, f"{arn}/*"])]
    s3.put_bucket_policy(Bucket=name, Policy=_policy(statements))


def _make_access_point(tenant: TenantId) -> None:
    name = settings.access_point_name.replace("{tenant}", tenant.lower())
    arn = f"arn:{settings.partition}:s3:{settings.aws_region}:{settings.account}:accesspoint/{name}"
    _unless_there(
        lambda: s3control.create_access_point(
            AccountId=settings.account, Name=name, Bucket=settings.access_point_bucket
        )
    )
    s3control.put_access_point_policy(
        AccountId=settings.account, Name=name, Policy=_policy([_this_tenant_only(tenant, [arn, f"{arn}/object/*"])])
    )


def _forget_old_versions() -> LifecycleRuleTypeDef:
    return {
        "ID": "OldVersions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": settings.old_versions_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def _encrypt_with(key: str) -> ServerSideEncryptionRuleTypeDef:
    return {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,  # one call to KMS for many objects
    }


def _tls_only(arn: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _this_tenant_only(tenant: TenantId, resources: list[str]) -> dict[str, Any]:
    return {
        "Sid": "ThisTenantOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": _DATA_ACTIONS,
        "Resource": resources,
        "Condition": {
            "StringNotEquals": {"aws:PrincipalTag/TenantId": tenant},
            "Null": {"aws:PrincipalTag/TenantId": "false"},
        },
    }


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _unless_there(make: Callable[[], object]) -> None:
    try:
        make()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _HERE_ALREADY:
            raise
