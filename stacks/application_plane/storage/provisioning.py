"""What the storage provisioner may do: make what is a tenant's own, and nothing to what is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack, Tags
from aws_cdk import aws_iam as iam

from tenantry.functions import acknowledge, in_own_account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenantry.functions import PythonFunction

#: The tag by which a finished bucket knows whoever makes buckets: its policy refuses them (ADR 0026).
_TAG: Final = ("TenantProvisioner", "storage")
_SETTINGS: Final = (
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
# What a bucket's or a key's policy could give it, and it could write one: everything that reads or writes objects,
# brings them elsewhere, takes them away, or does so later.
_NEVER: Final = (
    "s3:*Object*",
    "s3:AbortMultipartUpload",
    "s3:BypassGovernanceRetention",
    "s3:CreateJob",
    "s3:Delete*",
    "s3:InitiateReplication",
    "s3:List*",
    "s3:PutAnalyticsConfiguration",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketWebsite",
    "s3:PutInventoryConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:Replicate*",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DeleteImportedKeyMaterial",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:PutKeyPolicy",
    "kms:ReEncrypt*",
    "kms:ReplicateKey",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
)


def grant_provisioning(
    provisioner: PythonFunction,
    *,
    buckets: str,
    shared_buckets: Sequence[str],
    access_points: str,
    key_aliases: str | None = None,
) -> None:
    """Let the provisioner make tenants' buckets, access points and keys.

    Isolation: its role can touch no object and use, tag or delete no key, whatever any policy gives it; it can change
    no shared bucket, and none of a tenant's that is finished, whose own policy refuses it by the role's tag. IAM cannot
    bind what it writes into the policy, the lifecycle or the encryption of a bucket that it is making.

    Parameters
    ----------
    provisioner
        The function; it is told of its role's tag and ARN.
    buckets, access_points
        ARNs of tenants' own, with a wildcard where the tenant belongs.
    shared_buckets
        ARNs of buckets whose names have the same form.
    key_aliases
        The aliases of tenants' own keys, ``alias/...``, likewise; nothing where tenants have none.
    """
    role, stack = provisioner.execution_role, Stack.of(provisioner)
    key, value = _TAG
    Tags.of(role).add(key, value)
    provisioner.add_environment("PROVISIONER_TAG", f"{key}={value}")
    provisioner.add_environment("ROLE_ARN", role.role_arn)
    statements = [
        # The name of a bucket that is not there yet belongs to no account.
        iam.PolicyStatement(actions=["s3:CreateBucket"], resources=[buckets]),
        iam.PolicyStatement(
            actions=["s3:GetBucketPolicy", *_SETTINGS], resources=[buckets], conditions=in_own_account(stack)
        ),
        iam.PolicyStatement(actions=["s3:CreateAccessPoint", "s3:PutAccessPointPolicy"], resources=[access_points]),
        # It tells which bucket one leads to. IAM knows no resource for it.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
        iam.PolicyStatement(actions=["s3:GetAccessPoint"], resources=["*"], conditions=in_own_account(stack)),
        iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=["s3:CreateBucket", "s3:Put*"], resources=list(shared_buckets)
        ),
        iam.PolicyStatement(effect=iam.Effect.DENY, actions=list(_NEVER), resources=["*"]),
    ]
    bounded = [buckets, access_points]
    if key_aliases:
        any_key = stack.format_arn(service="kms", resource="key", resource_name="*")
        any_alias = stack.format_arn(service="kms", resource=key_aliases)
        by_alias = {"StringLike": {"kms:RequestAlias": key_aliases}}
        statements += [
            # A key that is not there yet has no ARN. What it may do with the key then, the key's own policy says.
            iam.PolicyStatement(actions=["kms:CreateKey"], resources=["*"]),
            iam.PolicyStatement(actions=["kms:CreateAlias"], resources=[any_alias]),
            iam.PolicyStatement(actions=["kms:DescribeKey"], resources=[any_key], conditions=by_alias),
        ]
        bounded += [any_key, any_alias]
    for statement in statements:
        provisioner.add_to_role_policy(statement)
    acknowledge(role, "AwsSolutions-IAM5", "IAM knows no resource for what is allowed on all.", resource="*")
    for resource in bounded:
        acknowledge(
            role,
            "AwsSolutions-IAM5",
            "It makes what is whichever tenant's own that comes; the names' form bounds it.",
            resource=resource,
        )
