"""The function behind every route of the membership API, and all that it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration

from stacks.platform.defaults import allow, grant_on, writes
from stacks.platform.functions import api_function
from tenantry.model.directory_tables import (
    ACTIVE_TENANT_ID,
    INVITATION_ID,
    INVITEE_INDEX,
    TENANT_ID,
    USER_ID,
    USER_INDEX,
    roles_attribute,
)

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.control_plane.control.account_changes import AccountChanges
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import Directory

# What is written of a person beside their id, and of an invitation beside the address.
_JOINED: Final = ("name", "email")
_INVITATION: Final = (TENANT_ID, INVITATION_ID, "roles", "invitedby", "expires")


def membership_function(
    scope: Construct,
    *,
    platform: Platform,
    dead_letters: sqs.IQueue,
    account_changes: AccountChanges,
    directory: Directory,
    invitations: dynamodb.ITable,
) -> PythonFunction:
    """Make the function of the routes: it reads the directory, and writes to it in transactions only."""
    function = api_function(
        scope,
        "membership",
        "Manages memberships, roles and invitations",
        foundation=platform,
        timeout=Duration.seconds(28),  # a change of an account takes a while; API Gateway waits for 29
        environment={
            "APPLICATION": platform.environment.application,
            **directory.variables,
            "INVITATIONS_TABLE": invitations.table_name,
            "INVITATION_DAYS": str(platform.environment.invitation_days),
            "EVENT_BUS_NAME": platform.bus.bus_name,
            "DEAD_LETTER_QUEUE_URL": dead_letters.queue_url,
            "ACCOUNT_CHANGES_ARN": account_changes.state_machine_arn,
        },
    )
    grant_on(directory.users.table_arn, function, "dynamodb:GetItem")
    grant_on(directory.tenants.table_arn, function, "dynamodb:GetItem", "dynamodb:BatchGetItem")
    grant_on(directory.memberships.table_arn, function, "dynamodb:GetItem", "dynamodb:Query")
    grant_on(f"{directory.memberships.table_arn}/index/{USER_INDEX}", function, "dynamodb:Query")
    grant_on(invitations.table_arn, function, "dynamodb:GetItem", "dynamodb:Query")
    grant_on(f"{invitations.table_arn}/index/{INVITEE_INDEX}", function, "dynamodb:Query")
    allow(
        function,
        writes(
            directory.users.table_arn,
            "dynamodb:UpdateItem",
            # The last two are compared only: whoever is blocked or deleted does not change.
            attributes=[USER_ID, *_JOINED, ACTIVE_TENANT_ID, roles_attribute("*"), "blockedat", "deletedat"],
        ),
        writes(
            directory.tenants.table_arn,
            "dynamodb:UpdateItem",
            "dynamodb:ConditionCheckItem",
            attributes=[TENANT_ID, "admins"],
        ),
        writes(directory.memberships.table_arn, "dynamodb:PutItem", attributes=[TENANT_ID, USER_ID, *_JOINED, "roles"]),
        writes(
            directory.memberships.table_arn,
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:ConditionCheckItem",
            attributes=[TENANT_ID, USER_ID, "roles"],
        ),
        writes(invitations.table_arn, "dynamodb:PutItem", attributes=[*_INVITATION, "email"]),
        writes(invitations.table_arn, "dynamodb:DeleteItem", attributes=_INVITATION),
    )
    platform.grant_publish(function, *platform.events.memberships)
    dead_letters.grant(function, "sqs:SendMessage")
    account_changes.grant_start(function)
    return function
