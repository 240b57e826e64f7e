"""What makes a tenant's own bucket, key and access point when the tenant is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events_targets as targets

from stacks.application_plane.storage.partitions import for_runtime
from stacks.application_plane.storage.provisioning import grant_provisioning
from stacks.platform.defaults import grant_on, table
from stacks.platform.functions import api_function
from tenantry.functions import declare_store
from tenantry.isolation.events import dead_letter_queue
from tenantry.isolation.vending import TENANT_NAME
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.identifiers import RESERVED_WORDS
from tenantry.model.placeholders import run_time_form
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from stacks.names import StorageNames
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import ApiDefaults


def storage_provisioner(stack: Stack, platform: Platform, names: StorageNames, *, apis: ApiDefaults) -> PythonFunction:
    """Make the function. No session of a tenant has its role."""
    environment = platform.environment
    bucket_name, access_point_name = names.tenant_bucket(TENANT_NAME), names.access_point(TENANT_NAME)
    key_alias = f"alias/{environment.application}-storage-{TENANT_NAME}"
    claims = table(stack, "TenantNames", hash_key="name", environment=environment)
    declare_store(claims, Store(holds="names that tenants have taken", by=By.ATTRIBUTE, key=TENANT_ID))
    queue = dead_letter_queue(
        stack, "OnboardingDeadLetters", alarms=platform.alarms, removal_policy=environment.removal_policy
    )
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
            "TENANT_BUCKET": for_runtime(bucket_name),
            "ACCESS_POINT_BUCKET": names.shared_bucket("ap"),
            "ACCESS_POINT_NAME": for_runtime(access_point_name),
            "OLD_VERSIONS_DAYS": str(environment.old_versions_days),
            "KEY_ALIAS": for_runtime(key_alias) if environment.tenant_keys else "",
        },
    )
    grant_on(claims.table_arn, provisioner, "dynamodb:PutItem")
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
    grant_provisioning(
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
