"""The user pool's hooks: what each may read, write and publish, and the alarms on their failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.names import admin_api_parameter
from stacks.platform.defaults import ONE_PROCESSOR_MIB, allow, grant_on, reads, writes
from tenantry.functions import PythonFunction, RuntimeLock, package_folder
from tenantry.isolation.alarms import alarm
from tenantry.model.directory_tables import ACTIVE_TENANT_ID, USER_ID
from tenantry.model.variables import USERS_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.platform.platform import Foundation

# What both sign-up and token hook write of a user: when their sessions end, and never of somebody who is deleted.
_ACCOUNT: Final = (USER_ID, "resetasked", "validafter", "deletedat")

_ONE_PERSON: Final = "One person's own item, by the user name that Cognito itself hands to the hook."


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """The hooks.

    Attributes
    ----------
    account
        Records how an account was created.
    sign_up
        Publishes confirmed sign-ups.
    token_claims
        Adds the active tenant to tokens, and asks the tenant admin API for it.
    """

    account: PythonFunction
    sign_up: PythonFunction
    token_claims: PythonFunction


def user_pool_hooks(
    scope: Construct, foundation: Foundation, *, users: dynamodb.Table, sign_up_dead_letters: sqs.Queue
) -> Hooks:
    """Make the hooks.

    The account and the sign-up hook are two functions of one package: a sign-up whose confirmation hook is broken is
    made all the same, and heals later.
    """
    environment = foundation.environment
    variables = {
        **foundation.publisher_variables,
        "DEAD_LETTER_QUEUE_URL": sign_up_dead_letters.queue_url,
        USERS_TABLE: users.table_name,
        "CONFIRMATION_PROOF_REQUIRED": str(environment.confirmation_proof_required).lower(),
    }
    account = _hook(
        scope,
        "AccountHook",
        "account_hooks",
        foundation,
        description="Records how an account was created before a confirmation code is sent",
        environment=variables,
    )
    sign_up = _hook(
        scope,
        "SignUpHook",
        "account_hooks",
        foundation,
        description="Publishes confirmed sign-ups, and ends all sessions after a password reset",
        environment=variables,
    )
    allow(
        account,
        writes(
            users.table_arn,
            "dynamodb:UpdateItem",
            attributes=[USER_ID, "origin", "newpassword", "confirmationhash", "resetasked", "deletedat"],
            in_transaction=False,
        ),
        because=_ONE_PERSON,
    )
    foundation.grant_publish(sign_up, foundation.events.signed_up)
    sign_up_dead_letters.grant(sign_up, "sqs:SendMessage")
    allow(
        sign_up,
        writes(
            users.table_arn,
            "dynamodb:UpdateItem",
            attributes=[*_ACCOUNT, "newpassword", "confirmationhash"],
            in_transaction=False,
        ),
        because=_ONE_PERSON,
    )
    hooks = Hooks(account=account, sign_up=sign_up, token_claims=_token_claims_hook(scope, foundation, users))
    _alarm_on_failures(scope, application=environment.application, alarms=foundation.alarms)
    return hooks


def _token_claims_hook(scope: Construct, foundation: Foundation, users: dynamodb.Table) -> PythonFunction:
    environment = foundation.environment
    parameter = admin_api_parameter(environment.application)
    function = _hook(
        scope,
        "TokenClaimsHook",
        "token_claims_hook",
        foundation,
        lock=RuntimeLock.SIGNED_REQUESTS,
        description="Refuses tokens to blocked and deleted accounts, and adds the active tenant to tokens",
        environment={
            **foundation.publisher_variables,
            USERS_TABLE: users.table_name,
            "ADMIN_API_PARAMETER": parameter,
            "OPERATOR_ACCOUNTS_FOUND_TENANTS": str(environment.operator_accounts_found_tenants).lower(),
        },
    )
    # The tenant stack imports it, and CloudFormation deletes no export that is in use (ADR 0030).
    role = cast("iam.CfnRole", function.execution_role.node.default_child)
    role.override_logical_id("TokenClaimsHookRole5A26C696")
    # As `tenantry.runtime.account_records` asks for.
    asked = [USER_ID, ACTIVE_TENANT_ID, "email", "origin", "newpassword", "resetasked", "blockedat", "deletedat"]
    allow(
        function,
        reads(users.table_arn, "dynamodb:GetItem", attributes=asked),
        writes(users.table_arn, "dynamodb:UpdateItem", attributes=[*_ACCOUNT, "email"], in_transaction=False),
        because=_ONE_PERSON,
    )
    foundation.grant_publish(function, foundation.events.signed_up)
    grant_on(
        Stack.of(scope).format_arn(service="ssm", resource="parameter", resource_name=parameter.lstrip("/")),
        function,
        "ssm:GetParameter",
    )
    return function


def _hook(
    scope: Construct,
    construct_id: str,
    package: str,
    foundation: Foundation,
    *,
    description: str,
    environment: Mapping[str, str],
    lock: RuntimeLock | None = None,
) -> PythonFunction:
    return PythonFunction(
        scope,
        construct_id,
        entry=package_folder(package),
        lock=lock,
        defaults=foundation.function_defaults,
        description=description,
        timeout=Duration.seconds(5),  # Cognito waits no longer
        memory_size=ONE_PROCESSOR_MIB,  # keeps a cold start within those
        environment=environment,
    )


def _alarm_on_failures(scope: Construct, *, application: str, alarms: sns.ITopic) -> None:
    """Tell operators of tokens that the hook issued without a claim, or refused, because something had failed.

    One of them in an hour may be a lost call, three in five minutes are not.
    """
    for name, what in (
        ("TokensWithoutClaim", "Users get tokens without a tenant claim: the tenant admin API fails or is slow"),
        ("TokensRefusedByFailure", "Users cannot sign in: the users table fails or is slow"),
    ):
        metric = cloudwatch.Metric(
            namespace=application,
            metric_name=name,
            dimensions_map={"service": "token_claims_hook"},
            statistic="Sum",
            period=Duration.minutes(5),
        )
        alarm(scope, f"{name}Alarm", metric, f"{what}. See docs/operations.md", tells=alarms, threshold=3)
