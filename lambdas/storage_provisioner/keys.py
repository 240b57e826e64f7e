"""A tenant's own KMS key: found by its alias, or made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

    from tenancy.identifiers import TenantId


def tenant_key(kms: KMSClient, alias: str, tenant: TenantId, *, account: str, partition: str) -> str:
    """Return the ARN of the key with this alias, which is made if there is none.

    Isolation: the key refuses every session that is tagged with another tenant than the one it was made for, whatever
    the session's own policies say.

    Raises
    ------
    botocore.exceptions.ClientError
        KMS refuses.
    """
    try:
        return _arn(kms.describe_key(KeyId=alias))
    except kms.exceptions.NotFoundException:
        made = kms.create_key(
            Description=f"Objects of the tenant {tenant}",
            Policy=json.dumps(_policy(tenant, account=account, partition=partition)),
            Tags=[{"TagKey": "TenantId", "TagValue": tenant}],
        )
    arn = made["KeyMetadata"]["Arn"]
    try:
        kms.create_alias(AliasName=alias, TargetKeyId=arn)
    except kms.exceptions.AlreadyExistsException:  # somebody was faster
        kms.schedule_key_deletion(KeyId=made["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
        return _arn(kms.describe_key(KeyId=alias))
    kms.enable_key_rotation(KeyId=arn)
    return arn


def _arn(described: Any) -> str:  # noqa: ANN401 - the client's typed dict
    arn: str = described["KeyMetadata"]["Arn"]
    return arn


def _policy(tenant: TenantId, *, account: str, partition: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AccountDecides",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "ThisTenantOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {"aws:PrincipalTag/TenantId": tenant},
                    "Null": {"aws:PrincipalTag/TenantId": "false"},
                },
            },
        ],
    }
