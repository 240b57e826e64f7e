"""From an environment to what the constructs take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from python_lambda import FunctionDefaults
from tenant_isolation import ApiDefaults, Directory

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment


def function_defaults(environment: Environment) -> FunctionDefaults:
    """Return what the environment's functions have in common."""
    return FunctionDefaults(
        namespace=environment.application,
        log_retention=environment.log_retention,
        removal_policy=environment.removal_policy,
        target=environment.bundle,
    )


def api_defaults(environment: Environment, alarms: sns.ITopic) -> ApiDefaults:
    """Return what the environment's APIs have in common."""
    return ApiDefaults(
        allowed_origin=environment.allowed_origin,
        throttle_rate=environment.throttle_rate,
        throttle_burst=environment.throttle_burst,
        alarms=alarms,
        web_acl_arn=environment.web_acl_arn,
        log_retention=environment.log_retention,
        removal_policy=environment.removal_policy,
    )


def directory(scope: Construct, environment: Environment) -> Directory:
    """Return the directory by the names that the contracts give its tables, for stacks that do not follow its own."""
    name = environment.application
    return Directory.named(scope, users=f"{name}-users", tenants=f"{name}-tenants", memberships=f"{name}-tenant-users")


def table(
    scope: Construct,
    construct_id: str,
    *,
    name: str | None = None,
    hash_key: str,
    environment: Environment,
    range_key: str | None = None,
    expires: str | None = None,
) -> dynamodb.Table:
    """Make a table of the control plane: on demand, encrypted, recoverable to any second of the last 35 days."""
    return dynamodb.Table(
        scope,
        construct_id,
        table_name=name,  # a contract's name
        partition_key=_key(hash_key),
        sort_key=_key(range_key) if range_key else None,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute=expires,
        deletion_protection=not environment.ephemeral,
        removal_policy=environment.removal_policy,
    )


def grant_on(resource_arn: str, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
    """Let `grantee` do this on one resource: CDK's own grants on a table reach all of its indexes as well."""
    return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[resource_arn])


def in_transactions(resource_arn: str, *actions: str) -> iam.PolicyStatement:
    """Return what lets somebody write to a table as a part of a transaction only, which no single write can leave out.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[resource_arn],
        conditions={"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}},
    )


def _key(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
