"""The functions of the control stack, and all that these may do: the API's, and the reconciliation of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from stacks.platform.defaults import allow, grant_on, writes
from stacks.platform.functions import api_function
from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.model.directory_tables import TENANT_ID, USER_INDEX

if TYPE_CHECKING:
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


class ControlFunctions:
    """Makes the functions in a scope.

    Parameters
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

    def __init__(
        self,
        scope: Construct,
        *,
        platform: Platform,
        directory: Directory,
        invitations: dynamodb.ITable,
        account_changes: AccountChanges,
    ) -> None:
        self._scope = scope
        self._platform = platform
        self._user_pool = platform.identity.user_pool
        self._directory = directory
        self._account_changes = account_changes
        self._variables = {
            **directory.variables,
            "INVITATIONS_TABLE": invitations.table_name,
            "USER_POOL_ID": self._user_pool.user_pool_id,
            "ACCOUNT_CHANGES_ARN": account_changes.state_machine_arn,
        }

    def users(self, reconciliation: PythonFunction) -> PythonFunction:
        """Make the function of the routes. It reads user pool and directory, and changes neither."""
        function = api_function(
            self._scope,
            "control_users",
            "Shows and changes user accounts for operators",
            foundation=self._platform,
            environment={**self._variables, "RECONCILIATION_FUNCTION": reconciliation.function_name},
            timeout=Duration.seconds(28),  # API Gateway waits for 29
        )
        self._grant_reads(function)
        grant_on(self._user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", "cognito-idp:ListUsers")
        self._account_changes.grant_start(function)
        grant_on(reconciliation.function_arn, function, "lambda:InvokeFunction")
        return function

    def reconciliation(self, *, dead_letters: sqs.IQueue) -> PythonFunction:
        """Make the function that compares user pool and directory, and that goes on by calling itself."""
        environment = self._platform.environment
        function = PythonFunction(
            self._scope,
            "Reconciliation",
            entry=package_folder("account_reconciliation"),
            defaults=self._platform.function_defaults,
            description="Finds and repairs differences between the user pool and the directory",
            environment={
                **self._variables,
                "APPLICATION": environment.application,
                "EVENT_BUS_NAME": self._platform.bus.bus_name,
                "UNCONFIRMED_DAYS": str(environment.unconfirmed_days),
                "OPERATOR_ACCOUNTS_FOUND_TENANTS": str(environment.operator_accounts_found_tenants).lower(),
            },
            timeout=Duration.minutes(15),
            dead_letters=dead_letters,
        )
        self._grant_reads(function)
        grant_on(self._directory.users.table_arn, function, "dynamodb:Scan")
        grant_on(self._directory.tenants.table_arn, function, "dynamodb:Scan")
        grant_on(self._directory.memberships.table_arn, function, "dynamodb:Query")
        allow(
            function,
            writes(self._directory.tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "admins"]),
        )
        grant_on(self._user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", "cognito-idp:ListUsers")
        self._account_changes.grant_start(function)
        signed_up = self._platform.events.signed_up
        self._platform.bus.grant_publish(function, source=signed_up.source, detail_types=[signed_up.detail_type])
        # A policy of its own: the function would otherwise have to be there before its own role.
        iam.Policy(
            self._scope,
            "ReconciliationContinues",
            roles=[function.execution_role],
            statements=[
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]),
            ],
        )
        return function

    def _grant_reads(self, function: PythonFunction) -> None:
        grant_on(self._directory.users.table_arn, function, "dynamodb:GetItem", "dynamodb:BatchGetItem")
        grant_on(self._directory.tenants.table_arn, function, "dynamodb:BatchGetItem")
        grant_on(self._directory.memberships.table_arn, function, "dynamodb:Query")
        grant_on(f"{self._directory.memberships.table_arn}/index/{USER_INDEX}", function, "dynamodb:Query")


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
