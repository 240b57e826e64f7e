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

_MANAGES: Final = (
    "It keeps the directory: the tenant is that of the caller whom the authorizer has verified, or of an invitation to "
    "the caller's own address, and each write asks for the caller's role again."
)


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
    for resource, *actions in (
        (directory.users.table_arn, "dynamodb:GetItem"),
        (directory.tenants.table_arn, "dynamodb:GetItem", "dynamodb:BatchGetItem"),
        (directory.memberships.table_arn, "dynamodb:GetItem", "dynamodb:Query"),
        (f"{directory.memberships.table_arn}/index/{USER_INDEX}", "dynamodb:Query"),
        (invitations.table_arn, "dynamodb:GetItem", "dynamodb:Query"),
        (f"{invitations.table_arn}/index/{INVITEE_INDEX}", "dynamodb:Query"),
    ):
        grant_on(resource, function, *actions, because=_MANAGES)
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
        because=_MANAGES,
    )
    platform.grant_publish(function, *platform.events.memberships)
    dead_letters.grant(function, "sqs:SendMessage")
    account_changes.grant_start(function)
    return function
