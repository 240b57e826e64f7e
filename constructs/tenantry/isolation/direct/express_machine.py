"""Express state machines as this project makes them: logged without data, traced, in a role of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, Names, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from tenantry.functions import LOG, acknowledge, declare_store, service_principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


def express_machine(
    scope: Construct,
    *,
    description: str,
    definition: Mapping[str, Any],
    timeout: Duration,
    log_retention: logs.RetentionDays,
    removal_policy: RemovalPolicy,
) -> sfn.StateMachine:
    """Make a state machine whose role may write its log and its trace, and nothing else until granted.

    Parameters
    ----------
    scope
        Where it stands in the app; it takes the ids ``Role``, ``Logs`` and ``Machine`` there.
    description
        What its role is for.
    definition
        In Amazon States Language.
    timeout
        After which an execution ends.
    log_retention, removal_policy
        How long logs are kept, and what becomes of them with the stack.
    """
    role = iam.Role(scope, "Role", assumed_by=service_principal(scope, "states.amazonaws.com"), description=description)
    group = logs.LogGroup(
        scope,
        "Logs",
        # Step Functions can log without a resource policy a group only under this prefix.
        log_group_name=f"/aws/vendedlogs/states/{Names.unique_resource_name(scope, max_length=64)}",
        retention=log_retention,
        removal_policy=removal_policy,
    )
    declare_store(group, LOG)
    machine = sfn.StateMachine(
        scope,
        "Machine",
        state_machine_type=sfn.StateMachineType.EXPRESS,
        definition_body=sfn.DefinitionBody.from_string(Stack.of(scope).to_json_string(definition)),
        role=role,
        timeout=timeout,
        tracing_enabled=True,
        logs=sfn.LogOptions(
            destination=group,
            level=sfn.LogLevel.ALL,
            include_execution_data=False,  # it would be people's names and addresses
        ),
    )
    acknowledge(
        role,
        "AwsSolutions-IAM5",
        "CloudWatch Logs' log delivery and X-Ray know no resources.",
        resource="*",
    )
    return machine
