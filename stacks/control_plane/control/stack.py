"""The control plane: what operators do with people's accounts, and what keeps user pool and directory the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from stacks.control_plane.control import schemas
from stacks.control_plane.control.account_changes import AccountChanges
from stacks.platform.base import ApplicationStack
from stacks.platform.defaults import allow, function_defaults, grant_on, writes
from stacks.platform.events import Events
from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.isolation.api import AdminApi, Answer, Route
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory
    from tenantry.isolation.events import ApplicationBus

_NOBODY = Answer.refusal("Account not found")
_BAD_ID = Answer.refusal("Malformed path or query parameter; the message names it")
_UNFINISHED = Answer.refusal("The change is incomplete and is in a dead-letter queue; send the request again")
# What somebody may have done to an account in the user pool without the directory knowing.
_TOLD = (
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


class ControlStack(ApplicationStack):
    """The control API, the state machine that changes accounts, and the reconciliation of user pool and directory.

    Attributes
    ----------
    account_changes
        The state machine, for the routes by which people change their own accounts.
    """

    name = "control"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        directory: Directory,
        invitations: dynamodb.ITable,
    ) -> None:
        environment, bus, alarms = platform.environment, platform.bus, platform.alarms
        user_pool = platform.identity.user_pool
        super().__init__(scope, construct_id, environment=environment)
        self._environment = environment
        self._user_pool = user_pool
        self._directory = directory
        self._apis = platform.api_defaults
        self._variables = {
            **directory.variables,
            "INVITATIONS_TABLE": invitations.table_name,
            "USER_POOL_ID": user_pool.user_pool_id,
        }
        self.account_changes = AccountChanges(
            self,
            "AccountChanges",
            environment=environment,
            bus=bus,
            alarms=alarms,
            user_pool=user_pool,
            directory=directory,
            invitations=invitations,
        )
        reconciliation = self._reconciliation(bus, alarms)
        api = AdminApi(
            self,
            "ControlApi",
            api_name=f"{environment.application}-control-api",
            routes=_routes(self._users_function(reconciliation)),
            description="User accounts, for operators",
            defaults=self._apis,
        )
        CfnOutput(self, "ControlApiUrl", value=api.url)
        CfnOutput(self, "AccountChangesStateMachineArn", value=self.account_changes.state_machine_arn)
        CfnOutput(self, "AccountChangesDeadLetterQueueUrl", value=self.account_changes.dead_letter_queue_url)

    def _users_function(self, reconciliation: PythonFunction) -> PythonFunction:
        """Make the function of the routes: it reads both places, and changes neither."""
        function = self._function(
            "ControlUsers",
            "control_users",
            "Shows and changes user accounts for operators",
            environment={
                "CORS_HEADERS": self.to_json_string(dict(self._apis.cors_headers)),
                "RECONCILIATION_FUNCTION": reconciliation.function_name,
            },
            timeout=Duration.seconds(28),  # API Gateway waits for 29
        )
        self._grant_reads(function)
        grant_on(self._user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", "cognito-idp:ListUsers")
        self.account_changes.grant_start(function)
        grant_on(reconciliation.function_arn, function, "lambda:InvokeFunction")
        return function

    def _reconciliation(self, bus: ApplicationBus, alarms: sns.ITopic) -> PythonFunction:
        environment = self._environment
        queue = dead_letter_queue(
            self, "ReconciliationDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        function = self._function(
            "Reconciliation",
            "account_reconciliation",
            "Finds and repairs differences between the user pool and the directory",
            environment={
                "APPLICATION": environment.application,
                "EVENT_BUS_NAME": bus.bus_name,
                "UNCONFIRMED_DAYS": str(environment.unconfirmed_days),
                "OPERATOR_ACCOUNTS_FOUND_TENANTS": str(environment.operator_accounts_found_tenants).lower(),
            },
            timeout=Duration.minutes(15),
            dead_letters=queue,
        )
        self._grant_reads(function)
        grant_on(self._directory.users.table_arn, function, "dynamodb:Scan")
        grant_on(self._directory.tenants.table_arn, function, "dynamodb:Scan")
        grant_on(self._directory.memberships.table_arn, function, "dynamodb:Query")
        allow(
            function,
            writes(self._directory.tenants.table_arn, "dynamodb:UpdateItem", attributes=["tenantid", "admins"]),
        )
        grant_on(self._user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser", "cognito-idp:ListUsers")
        self.account_changes.grant_start(function)
        signed_up = Events(environment.application).signed_up
        bus.grant_publish(function, source=signed_up.source, detail_types=[signed_up.detail_type])
        # A policy of its own: the function would otherwise have to be there before its own role.
        iam.Policy(
            self,
            "ReconciliationContinues",
            roles=[function.execution_role],
            statements=[
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn]),
            ],
        )
        target = targets.LambdaFunction(
            function, dead_letter_queue=queue, retry_attempts=2, max_event_age=Duration.hours(1)
        )
        schedule = events.Rule(
            self,
            "ReconciliationSchedule",
            description="Compares the user pool with the directory",
            schedule=events.Schedule.rate(Duration.minutes(5)),
            targets=[target],
        )
        events.Rule(
            self,
            "ReconciliationTold",
            description="Account changes in the user pool itself, as recorded by CloudTrail",
            event_pattern=events.EventPattern(
                source=["aws.cognito-idp"],
                detail_type=["AWS API Call via CloudTrail"],
                detail={"eventSource": ["cognito-idp.amazonaws.com"], "eventName": list(_TOLD)},
            ),
            targets=[target],
        )
        CfnOutput(self, "ReconciliationDeadLetterQueueUrl", value=queue.queue_url)
        CfnOutput(self, "ReconciliationRuleName", value=schedule.rule_name)
        CfnOutput(self, "ReconciliationFunctionName", value=function.function_name)
        return function

    def _grant_reads(self, function: PythonFunction) -> None:
        grant_on(self._directory.users.table_arn, function, "dynamodb:GetItem", "dynamodb:BatchGetItem")
        grant_on(self._directory.tenants.table_arn, function, "dynamodb:BatchGetItem")
        grant_on(self._directory.memberships.table_arn, function, "dynamodb:Query")
        grant_on(f"{self._directory.memberships.table_arn}/index/user-index", function, "dynamodb:Query")

    def _function(
        self,
        construct_id: str,
        package: str,
        description: str,
        *,
        environment: Mapping[str, str],
        **more: object,
    ) -> PythonFunction:
        return PythonFunction(
            self,
            construct_id,
            entry=package_folder(package),
            defaults=function_defaults(self._environment),
            description=description,
            environment={
                **self._variables,
                "ACCOUNT_CHANGES_ARN": self.account_changes.state_machine_arn,
                **environment,
            },
            **more,  # type: ignore[arg-type]
        )


def _routes(function: PythonFunction) -> Sequence[Route]:
    changed = {
        200: Answer(description="The change is made, or was made before", schema=schemas.ACCOUNT_CHANGE),
        404: _NOBODY,
        409: Answer.refusal("The account is deleted"),
        502: _UNFINISHED,
    }
    return [
        Route(
            method="GET",
            path="/users",
            handler=function,
            summary="List the accounts of the user pool with their directory records",
            parameters=[schemas.POOL_LIMIT, schemas.POOL_AFTER, schemas.POOL_EMAIL],
            answers={200: Answer(description="A page of accounts", schema=schemas.ACCOUNTS), 400: _BAD_ID},
        ),
        Route(
            method="GET",
            path="/users/{userId}",
            handler=function,
            summary="Show an account with its state in the user pool and in the directory",
            parameters=[schemas.ACCOUNT_ID],
            answers={
                200: Answer(description="The account", schema=schemas.ACCOUNT),
                400: _BAD_ID,
                404: _NOBODY,
            },
        ),
        Route(
            method="PUT",
            path="/users/{userId}/block",
            handler=function,
            takes=schemas.BLOCK,
            summary="Block an account: end its sessions, refuse sign-in and suspend its admin roles",
            parameters=[schemas.ACCOUNT_ID],
            answers=changed,
        ),
        Route(
            method="DELETE",
            path="/users/{userId}/block",
            handler=function,
            summary="Unblock an account and restore its admin roles",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="DELETE",
            path="/users/{userId}/sessions",
            handler=function,
            summary="End every session of an account",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="DELETE",
            path="/users/{userId}",
            handler=function,
            summary="Delete an account and its personal data; its id stays reserved",
            parameters=[schemas.ACCOUNT_ID],
            answers={400: _BAD_ID, **changed},
        ),
        Route(
            method="POST",
            path="/users/reconciliations",
            handler=function,
            takes=schemas.RECONCILIATION,
            summary="Compare one part of the user pool with the directory and repair the differences",
            answers={
                200: Answer(description="The differences, and where the next part begins", schema=schemas.RECONCILED),
                502: Answer.refusal("The reconciliation failed; send the request again"),
            },
        ),
    ]
