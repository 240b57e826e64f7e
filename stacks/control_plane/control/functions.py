"""The functions of the control stack, and all that these may do: the API's, and the reconciliation of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from stacks.control_plane.control.account_changes import OPERATORS, grant_account_reads
from stacks.platform.defaults import allow, grant_on, writes
from stacks.platform.functions import api_function
from tenantry.functions import PythonFunction, package_folder
from tenantry.model.directory_tables import TENANT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.control_plane.control.account_changes import AccountChanges
    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory

# What somebody may have done to an account in the user pool without the directory knowing.
_TOLD: Final = (
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminDeleteUser",
    "DeleteUser",
    "AdminUserGlobalSignOut",
    "GlobalSignOut",
    "AdminSetUserPassword",
    "ChangePassword",
    "AdminUpdateUserAttributes",
    "VerifyUserAttribute",
)

_COMPARES: Final = "It compares all accounts with the user pool, on a schedule; no request of a tenant's reaches it."


@dataclass(frozen=True, kw_only=True)
class ControlFunctions:
    """Makes the functions in a scope.

    Attributes
    ----------
    scope
        The construct that they belong to.
    platform
        What every stack is given.
    directory, invitations
        The tables that hold accounts beside the user pool.
    account_changes
        The state machine that changes accounts.
    """

    scope: Construct
    platform: Platform
    directory: Directory
    invitations: dynamodb.ITable
    account_changes: AccountChanges

    @property
    def _variables(self) -> Mapping[str, str]:
        return {
            **self.directory.variables,
            "INVITATIONS_TABLE": self.invitations.table_name,
            "USER_POOL_ID": self.platform.identity.user_pool.user_pool_id,
            "ACCOUNT_CHANGES_ARN": self.account_changes.state_machine_arn,
        }

    def users(self, reconciliation: PythonFunction) -> PythonFunction:
        """Make the function of the routes. It reads user pool and directory, and changes neither."""
        function = api_function(
            self.scope,
            "control_users",
            "Shows and changes user accounts for operators",
            foundation=self.platform,
            environment={**self._variables, "RECONCILIATION_FUNCTION": reconciliation.function_name},
            timeout=Duration.seconds(28),  # API Gateway waits for 29
        )
        grant_account_reads(self.directory, function)
        self._grant_user_pool(function)
        grant_on(reconciliation.function_arn, function, "lambda:InvokeFunction")
        return function

    def reconciliation(self, *, dead_letters: sqs.IQueue) -> PythonFunction:
        """Make the function that compares user pool and directory, and that goes on by calling itself."""
        environment = self.platform.environment
        function = PythonFunction(
            self.scope,
            "Reconciliation",
            entry=package_folder("account_reconciliation"),
            defaults=self.platform.function_defaults,
            description="Finds and repairs differences between the user pool and the directory",
            environment={
                **self._variables,
                **self.platform.publisher_variables,
                "UNCONFIRMED_DAYS": str(environment.unconfirmed_days),
                "OPERATOR_ACCOUNTS_FOUND_TENANTS": str(environment.operator_accounts_found_tenants).lower(),
            },
            timeout=Duration.minutes(15),
            dead_letters=dead_letters,
        )
        grant_account_reads(self.directory, function)
        for table, action in (
            (self.directory.users, "dynamodb:Scan"),
            (self.directory.tenants, "dynamodb:Scan"),
            (self.directory.memberships, "dynamodb:Query"),
        ):
            grant_on(table.table_arn, function, action, because=_COMPARES)
        allow(
            function,
            writes(self.directory.tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "admins"]),
            because=_COMPARES,
        )
        self._grant_user_pool(function)
        self.platform.grant_publish(function, self.platform.events.signed_up)
        # A policy of its own: the function would otherwise have to be there before its own role.
        iam.Policy(
            self.scope,
            "ReconciliationContinues",
            roles=[function.execution_role],
            statements=[
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]),
            ],
        )
        return function

    def _grant_user_pool(self, function: PythonFunction) -> None:
        """Let a function read the accounts in the user pool, and start a change of one."""
        user_pool = self.platform.identity.user_pool
        grant_on(
            user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", "cognito-idp:ListUsers", because=OPERATORS
        )
        self.account_changes.grant_start(function)


def schedule_reconciliation(scope: Construct, function: PythonFunction, *, dead_letters: sqs.IQueue) -> events.Rule:
    """Run the reconciliation every five minutes, and when CloudTrail records a change; return the schedule's rule."""
    target = targets.LambdaFunction(
        function, dead_letter_queue=dead_letters, retry_attempts=2, max_event_age=Duration.hours(1)
    )
    schedule = events.Rule(
        scope,
        "ReconciliationSchedule",
        description="Compares the user pool with the directory",
        schedule=events.Schedule.rate(Duration.minutes(5)),
        targets=[target],
    )
    events.Rule(
        scope,
        "ReconciliationTold",
        description="Account changes in the user pool itself, as recorded by CloudTrail",
        event_pattern=events.EventPattern(
            source=["aws.cognito-idp"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={"eventSource": ["cognito-idp.amazonaws.com"], "eventName": list(_TOLD)},
        ),
        targets=[target],
    )
    return schedule
