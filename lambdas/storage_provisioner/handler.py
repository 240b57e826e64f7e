"""Onboards a tenant into the storage stack: claims its name, makes its bucket and its access point.

It is started by the event that a tenant was created, or at a tenant's first object. Everything it does can be done
again: what is there already stays. Until a bucket is finished it is shut to the sessions of all tenants; with its last
step, its policy, it is sealed: from then on this function can change nothing of it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from storage_provisioner.keys import KeyMaker
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.identifiers import InvalidIdentifierError, TenantId, tenant_id
from tenantry.model.placeholders import name_for_tenant
from tenantry.model.tags import TENANT_ID_TAG, principal_tag
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.own_buckets import only_own_buckets
from tenantry.runtime.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef, ServerSideEncryptionRuleTypeDef

# S3's answers to whoever makes a bucket. In us-east-1 it says 200 of one's own as well.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
_OWN_BUCKET: Final = "BucketAlreadyOwnedByYou"
_FOREIGN_BUCKET: Final = "BucketAlreadyExists"
_OWN_ACCESS_POINT: Final = "AccessPointAlreadyOwnedByYou"
# Of another account's bucket it says AccessDenied, and `create_bucket` says why.
_WITHOUT_POLICY: Final = frozenset({"NoSuchBucketPolicy", "NoSuchBucket", "AccessDenied"})
_SEALED: Final = "Sealed"
_ONE_TENANT: Final = "ThisTenantOnly"
_TENANT_TAG: Final = principal_tag(TENANT_ID_TAG)
_KEY_TURN_SECONDS: Final = 60  # more than this function has
_ATTEMPTS: Final = 6
_DATA_ACTIONS: Final = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*", "s3:ListBucket*"]


class _Settings(Settings):
    application: str
    aws_region: str
    account: str
    role_arn: str  # this function's own
    provisioner_tag: str  # of that role: a tag's key and value, with "=" between them
    partition: str
    names_table: str
    tenant_bucket: str  # with {tenant} in it
    access_point_bucket: str
    access_point_name: str  # with {tenant} in it
    old_versions_days: int
    key_alias: str  # with {tenant} in it; empty where S3's own key encrypts every bucket


settings = _Settings.load()
database = boto3.client("dynamodb")
s3 = only_own_buckets(boto3.client("s3"), settings.account)
s3control = boto3.client("s3control")
kms = boto3.client("kms")
keys = KeyMaker(kms=kms, account=settings.account, partition=settings.partition, maker_role=settings.role_arn)


def _again_when_aborted(response: tuple[object, dict[str, Any]] | None, attempts: int, **_: object) -> float | None:
    """Return how long to wait, in seconds, when S3 is busy with the same bucket for somebody else.

    Two first objects of a tenant make its bucket at the same time. botocore itself does not try again on this error.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    return 0.1 * 2.0**attempts if code == "OperationAborted" and attempts < _ATTEMPTS else None


s3.meta.events.register("needs-retry.s3", _again_when_aborted)  # type: ignore[arg-type]  # this event takes an answer


class NameTakenError(Exception):
    """A bucket or an access point of the tenant's name is there, and it is not what would be made here."""


@observed
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Onboard the tenant of an event ``App.tenant`` / ``created``.

    Isolation: the bucket refuses data to every session that is tagged with another tenant than the one that it was
    made for, so that two ids that differ in case only can never share it, and to all of them until it has all its
    settings. Once it is made, it refuses this function every change. A bucket that another account owns is never
    written to.

    Returns
    -------
    dict
        ``onboarded``: False if another tenant has this name, but for upper and lower case, or if the event's tenant id
        is malformed. Neither gets better by trying again.

    Raises
    ------
    NameTakenError
        Another account owns a bucket of this name, or the access point of this name leads elsewhere. Lambda keeps the
        event in the dead-letter queue.
    botocore.exceptions.ClientError
        AWS refuses; Lambda tries again, and then keeps the event in the dead-letter queue.
    """
    try:
        tenant = tenant_id(event["detail"]["tenantId"])
    except InvalidIdentifierError as error:
        logger.error("refused", reason=str(error))  # noqa: TRY400 - a trace says no more
        return {"onboarded": False}
    logger.append_keys(tenant=tenant)
    if not _claim(tenant):
        logger.error("refused: another tenant has this name")
        return {"onboarded": False}
    try:
        _make_bucket(tenant)
    except NameTakenError:
        _make_access_point(tenant)  # whoever took the one name has not taken the other
        raise
    _make_access_point(tenant)
    logger.info("onboarded")
    return {"onboarded": True}


def _claim(tenant: TenantId) -> bool:
    """Take the tenant's name, in lower case, for this very tenant."""
    item = {"name": {"S": tenant.lower()}, TENANT_ID: {"S": tenant}}
    return _put_if(item, f"{TENANT_ID} = :tenant", {":tenant": {"S": tenant}})


def _put_if(item: Any, condition: str, values: Any, names: dict[str, str] | None = None) -> bool:  # noqa: ANN401 - parts of a request
    """Put an item where there is none of its name, or where the condition holds; return whether it was put."""
    try:
        database.put_item(
            TableName=settings.names_table,
            Item=item,
            ConditionExpression=f"attribute_not_exists(#name) OR {condition}",
            ExpressionAttributeNames={"#name": "name", **(names or {})},
            ExpressionAttributeValues=values,
        )
    except database.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _make_bucket(tenant: TenantId) -> None:
    """Make the tenant's bucket; the order is what keeps it shut while it is made (ADR 0026).

    What takes longest and may fail, the key, comes before there is a bucket. The first thing that a bucket gets refuses
    its data to every session of a tenant, and the last one opens it to its own tenant's and shuts out this function.
    """
    name = name_for_tenant(settings.tenant_bucket, tenant)
    found = _statements(name)
    if _is_finished(found, tenant):
        _warn_without_key(tenant)
        return
    key = keys.key(_alias(tenant), tenant, _take_turn) if settings.key_alias else None
    # us-east-1 is the one region that must not be named here.
    where: Any = (
        {}
        if settings.aws_region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": settings.aws_region}}
    )
    try:
        s3.create_bucket(Bucket=name, **where)
    except ClientError as error:
        if _code(error) == _FOREIGN_BUCKET:
            raise NameTakenError(
                f"The bucket {name} belongs to another AWS account, so that the tenant {tenant} cannot be given it. "
                "Ask its owner to delete it, or give the application another name, and replay the event."
            ) from error
        if _code(error) != _OWN_BUCKET:
            raise
    try:
        _set_up(name, tenant, key, bound=_is_bound(found, tenant))
    except ClientError as error:
        # Another run may have sealed the bucket in the meantime.
        if _code(error) != "AccessDenied" or not _is_finished(_statements(name), tenant):
            raise


def _statements(bucket: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a bucket's policy, by their names; none if it has no policy, or is nobody's of ours."""
    try:
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        if _code(error) not in _WITHOUT_POLICY:
            raise
        return {}
    return {statement.get("Sid", ""): statement for statement in policy["Statement"]}


def _is_bound(statements: dict[str, dict[str, Any]], tenant: TenantId) -> bool:
    """Return whether a policy refuses every session of another tenant than this."""
    if _ONE_TENANT not in statements:
        return False
    return statements[_ONE_TENANT]["Condition"]["StringNotEquals"][_TENANT_TAG] in (tenant, [tenant])


def _is_finished(statements: dict[str, dict[str, Any]], tenant: TenantId) -> bool:
    """Return whether a policy is the last thing that a bucket gets, and is for this tenant."""
    return _SEALED in statements and _is_bound(statements, tenant)


def _set_up(name: str, tenant: TenantId, key: str | None, *, bound: bool) -> None:
    arn = f"arn:{settings.partition}:s3:::{name}"
    tls_only = _deny("TlsOnly", "s3:*", [arn, f"{arn}/*"], {"Bool": {"aws:SecureTransport": "false"}})
    always = [tls_only, _this_tenant_only(tenant, [arn, f"{arn}/*"])]
    # A bucket that is bound is either shut already, or was finished by a version that sealed none and is in use.
    if not bound:
        s3.put_bucket_policy(Bucket=name, Policy=_policy([*always, _unfinished(arn)]))
    s3.put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
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
    if key:
        rule: ServerSideEncryptionRuleTypeDef = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            "BucketKeyEnabled": True,  # one call to KMS for many objects
        }
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_policy(Bucket=name, Policy=_policy([*always, _sealed(arn)]), ConfirmRemoveSelfBucketAccess=True)


def _alias(tenant: TenantId) -> str:
    return name_for_tenant(settings.key_alias, tenant)


def _warn_without_key(tenant: TenantId) -> None:
    """Say so if a finished bucket is older than the setting that gives tenants keys: nothing changes it any more."""
    if settings.key_alias and not keys.has(_alias(tenant)):
        logger.warning("the bucket was made before tenants had keys of their own, and stays without one")


def _take_turn(tenant: TenantId) -> bool:
    """Return whether this run alone may make the tenant's key; whoever may and fails leaves it to another soon."""
    now = int(time.time())
    # No tenant has such a name.
    name, until = {"S": f"key/{tenant.lower()}"}, {"N": str(now + _KEY_TURN_SECONDS)}
    item = {"name": name, TENANT_ID: {"S": tenant}, "until": until}
    return _put_if(item, "#until < :now", {":now": {"N": str(now)}}, {"#until": "until"})


def _make_access_point(tenant: TenantId) -> None:
    name = name_for_tenant(settings.access_point_name, tenant)
    arn = f"arn:{settings.partition}:s3:{settings.aws_region}:{settings.account}:accesspoint/{name}"
    own: Any = {"AccountId": settings.account, "Name": name}
    try:
        s3control.create_access_point(**own, Bucket=settings.access_point_bucket, BucketAccountId=settings.account)
    except ClientError as error:
        if _code(error) != _OWN_ACCESS_POINT:
            raise
        found = s3control.get_access_point(**own)
        bucket, owner = found["Bucket"], found.get("BucketAccountId", settings.account)
        if (bucket, owner) != (settings.access_point_bucket, settings.account):
            raise NameTakenError(
                f"The access point {name} belongs to the bucket {bucket} of the account {owner}, and not to "
                f"{settings.access_point_bucket}. Delete it, and replay the event."
            ) from error
    s3control.put_access_point_policy(**own, Policy=_policy([_this_tenant_only(tenant, [arn, f"{arn}/object/*"])]))


def _forget_old_versions() -> LifecycleRuleTypeDef:
    return {
        "ID": "OldVersions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": settings.old_versions_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def _deny(sid: str, actions: str | list[str], resources: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resources,
        "Condition": condition,
    }


def _this_tenant_only(tenant: TenantId, resources: list[str]) -> dict[str, Any]:
    tagged_otherwise = {"StringNotEquals": {_TENANT_TAG: tenant}, "Null": {_TENANT_TAG: "false"}}
    return _deny(_ONE_TENANT, _DATA_ACTIONS, resources, tagged_otherwise)


def _unfinished(arn: str) -> dict[str, Any]:
    """Return the policy that denies a bucket to the sessions of all tenants until all its settings are made."""
    return _deny("Unfinished", _DATA_ACTIONS, [arn, f"{arn}/*"], {"Null": {_TENANT_TAG: "false"}})


def _sealed(arn: str) -> dict[str, Any]:
    """Return what keeps whoever makes tenants' buckets from one that is made: its settings, its policy, its data."""
    key, _, value = settings.provisioner_tag.partition("=")
    actions = ["s3:Put*", "s3:Delete*", "s3:GetObject*", "s3:ListBucket*"]
    return _deny(_SEALED, actions, [arn, f"{arn}/*"], {"StringEquals": {f"aws:PrincipalTag/{key}": value}})


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
