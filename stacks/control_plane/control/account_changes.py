"""The state machine that changes accounts: first in the directory, then in the user pool, then on the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.control_plane.control.workflows import account_change
from stacks.platform.defaults import allow, grant_on, writes
from tenantry.functions import PythonFunction, package_folder
from tenantry.isolation.direct.express_machine import express_machine
from tenantry.model.directory_tables import (
    INVITATION_ID,
    INVITEE_INDEX,
    TENANT_ID,
    USER_ID,
    USER_INDEX,
    roles_attribute,
)

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb

    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory

# Attributes of an account, see `tenantry.runtime.accounts`.
_BLOCKED: Final = ("blockedat", "blockedby", "blockedreason")
_DELETED: Final = ("deletedat", "deletedby")
OPERATORS: Final = (
    "It works on accounts, which belong to no tenant, for operators, for the account's owner, or for the admins of all "
    "of its tenants; who may start it is granted by name."
)
"""Why what manages accounts reaches the directory."""

_MOST: Final = Duration.seconds(25)  # API Gateway waits for 29


class AccountChanges(Construct):
    """An Express state machine that blocks, unblocks, signs out, moves and deletes accounts, in both places.

    Isolation: the directory, by which every authorizer decides, is written before the user pool, so that a blocked
    account is refused even if the rest fails. Each step can be made again; what fails in spite of its retries is kept
    in a dead-letter queue with its input, from where it is replayed, and an alarm goes off. Only who is granted so by
    `grant_start` can start it. Its logs hold no data.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    platform
        What every stack is given.
    directory, invitations
        The directory, and the table where somebody's address may stand besides.

    Attributes
    ----------
    state_machine_arn
        ARN of the state machine.
    dead_letter_queue_url
        URL of the queue that holds what failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        directory: Directory,
        invitations: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, construct_id)
        environment, events, user_pool = platform.environment, platform.events, platform.identity.user_pool
        dead_letters = platform.dead_letter_queue(self, "DeadLetters")
        function = PythonFunction(
            self,
            "Directory",
            entry=package_folder("account_changes"),
            defaults=platform.function_defaults,
            description="Changes accounts in the directory",
            environment={
                **directory.variables,
                "INVITATIONS_TABLE": invitations.table_name,
                "USER_POOL_ID": user_pool.user_pool_id,
            },
        )
        grant_account_reads(directory, function)
        grant_on(f"{invitations.table_arn}/index/{INVITEE_INDEX}", function, "dynamodb:Query", because=OPERATORS)
        allow(
            function,
            writes(
                directory.users.table_arn,
                "dynamodb:UpdateItem",
                attributes=[USER_ID, "email", "validafter", "endedsessions", *_BLOCKED, *_DELETED],
            ),
            writes(directory.users.table_arn, "dynamodb:PutItem", attributes=[USER_ID, *_DELETED]),
            writes(directory.users.table_arn, "dynamodb:DeleteItem", attributes=[USER_ID, "email", "deletedat"]),
            writes(
                directory.users.table_arn,
                "dynamodb:ConditionCheckItem",
                attributes=[USER_ID, "blockedat", "deletedat", roles_attribute("*")],
            ),
            writes(directory.tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "admins"]),
            writes(directory.memberships.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, USER_ID, "email"]),
            writes(directory.memberships.table_arn, "dynamodb:DeleteItem", attributes=[TENANT_ID, USER_ID]),
            writes(invitations.table_arn, "dynamodb:DeleteItem", attributes=[TENANT_ID, INVITATION_ID]),
            because=OPERATORS,
        )
        grant_on(user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", because=OPERATORS)
        machine = express_machine(
            self,
            description="Changes accounts in the directory and in the user pool",
            definition=account_change(
                function=function.function_name,
                user_pool=user_pool.user_pool_id,
                bus=platform.bus.bus_name,
                source=events.blocked.source,
                queue_url=dead_letters.queue_url,
            ),
            timeout=_MOST,
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )
        grant_on(function.function_arn, machine, "lambda:InvokeFunction")
        grant_on(
            user_pool.user_pool_arn,
            machine,
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminUserGlobalSignOut",
            "cognito-idp:AdminDeleteUser",
            because=OPERATORS,
        )
        platform.grant_publish(machine, *events.accounts)
        dead_letters.grant(machine, "sqs:SendMessage")
        self.state_machine_arn: Final = machine.state_machine_arn
        self.dead_letter_queue_url: Final = dead_letters.queue_url

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody start a change and wait for its outcome. Whose account it is then is theirs to say."""
        return grant_on(self.state_machine_arn, grantee, "states:StartSyncExecution")


def grant_account_reads(directory: Directory, function: PythonFunction) -> None:
    """Let a function read accounts and their memberships in the directory."""
    for resource, *actions in (
        (directory.users.table_arn, "dynamodb:GetItem", "dynamodb:BatchGetItem"),
        (directory.tenants.table_arn, "dynamodb:BatchGetItem"),
        (directory.memberships.table_arn, "dynamodb:Query"),
        (f"{directory.memberships.table_arn}/index/{USER_INDEX}", "dynamodb:Query"),
    ):
        grant_on(resource, function, *actions, because=OPERATORS)
