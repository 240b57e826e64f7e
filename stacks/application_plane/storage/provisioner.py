"""What makes a tenant's own bucket, key and access point when the tenant is created, and all that it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from stacks.platform.defaults import grant_on, table
from stacks.platform.functions import api_function
from tenantry.functions import acknowledge_reach, acknowledge_wildcard, declare_store, in_own_account
from tenantry.isolation.vending import TENANT_NAME
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.identifiers import RESERVED_WORDS
from tenantry.model.placeholders import run_time_form
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stacks.names import StorageNames
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import ApiDefaults

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

_MAKES: Final = (
    "It makes what is whichever tenant's own that comes, by the event of its creation; it touches no object, and what "
    "is finished refuses it."
)


def storage_provisioner(stack: Stack, platform: Platform, names: StorageNames, *, apis: ApiDefaults) -> PythonFunction:
    """Make the function. No session of a tenant has its role."""
    environment = platform.environment
    bucket_name, access_point_name = names.tenant_bucket(TENANT_NAME), names.access_point(TENANT_NAME)
    key_alias = f"alias/{environment.application}-storage-{TENANT_NAME}"
    claims = table(stack, "TenantNames", hash_key="name", environment=environment)
    declare_store(claims, Store(holds="names that tenants have taken", by=By.ATTRIBUTE, key=TENANT_ID))
    queue = platform.dead_letter_queue(stack, "OnboardingDeadLetters")
    provisioner = api_function(
        stack,
        "storage_provisioner",
        "Creates the bucket and access point of each tenant",
        foundation=platform,
        apis=apis,
        dead_letters=queue,
        timeout=Duration.seconds(25),
        environment={
            "APPLICATION": environment.application,
            "ACCOUNT": stack.account,
            "PARTITION": stack.partition,
            "NAMES_TABLE": claims.table_name,
            "TENANT_BUCKET": run_time_form(bucket_name),
            "ACCESS_POINT_BUCKET": names.shared_bucket("ap"),
            "ACCESS_POINT_NAME": run_time_form(access_point_name),
            "OLD_VERSIONS_DAYS": str(environment.old_versions_days),
            "KEY_ALIAS": run_time_form(key_alias) if environment.tenant_keys else "",
        },
    )
    grant_on(claims.table_arn, provisioner, "dynamodb:PutItem", because=_MAKES)
    any_bucket = f"arn:{stack.partition}:s3:::{bucket_name.replace(TENANT_NAME, '*')}"
    any_access_point = stack.format_arn(
        service="s3", resource="accesspoint", resource_name=access_point_name.replace(TENANT_NAME, "*")
    )
    if environment.tenant_keys:
        declare_store(
            stack,
            Store(
                holds="the key of a tenant's objects",
                by=By.NAME,
                kind="AWS::KMS::Alias",
                name=run_time_form(key_alias),
            ),
        )
    _grant_provisioning(
        provisioner,
        buckets=any_bucket,
        # The hands-on's have names of the same form, and are none of its business.
        shared_buckets=[f"arn:{stack.partition}:s3:::{names.shared_bucket(word)}" for word in RESERVED_WORDS],
        access_points=any_access_point,
        key_aliases=key_alias.replace(TENANT_NAME, "*") if environment.tenant_keys else None,
    )
    platform.bus.add_rule(
        stack,
        "Onboarding",
        event=platform.events.tenant_created,
        target=targets.LambdaFunction(
            provisioner, dead_letter_queue=queue, retry_attempts=20, max_event_age=Duration.hours(24)
        ),
    )
    CfnOutput(stack, "OnboardingDeadLetterQueueUrl", value=queue.queue_url)
    return provisioner


def _grant_provisioning(
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
        for resource in statement.resources if statement.effect is iam.Effect.ALLOW else ():
            acknowledge_reach(provisioner, resource, actions=statement.actions, reason=_MAKES)
    acknowledge_wildcard(role, "*", "IAM knows no resource for what is allowed on all.")
    for resource in bounded:
        acknowledge_wildcard(
            role, resource, "It makes what is whichever tenant's own that comes; the names' form bounds it."
        )
