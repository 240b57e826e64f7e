"""The control plane: what operators do with people's accounts, and what keeps user pool and directory the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from stacks.control_plane.control.account_changes import AccountChanges
from stacks.control_plane.control.functions import ControlFunctions, schedule_reconciliation
from stacks.control_plane.control.routes import control_routes
from stacks.platform.defaults import api_defaults
from tenantry.isolation.api import AdminApi
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment
    from tenantry.isolation.api import Directory
    from tenantry.isolation.events import ApplicationBus


class ControlStack(Stack):
    """The control API, the state machine that changes accounts, and the reconciliation of user pool and directory.

    Attributes
    ----------
    account_changes
        The state machine, for the routes by which people change their own accounts.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        alarms: sns.ITopic,
        user_pool: cognito.IUserPool,
        directory: Directory,
        invitations: dynamodb.ITable,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("control")
        )
        apis = api_defaults(environment, alarms)
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
        functions = ControlFunctions(
            self,
            environment=environment,
            user_pool=user_pool,
            directory=directory,
            invitations=invitations,
            account_changes=self.account_changes,
        )
        dead_letters = dead_letter_queue(
            self, "ReconciliationDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        reconciliation = functions.reconciliation(bus, dead_letters=dead_letters)
        schedule = schedule_reconciliation(self, reconciliation, dead_letters=dead_letters)
        users = functions.users(
            cors_headers=self.to_json_string(dict(apis.cors_headers)), reconciliation=reconciliation
        )
        api = AdminApi(
            self,
            "ControlApi",
            api_name=f"{environment.application}-control-api",
            routes=control_routes(users),
            description="User accounts, for operators",
            defaults=apis,
        )
        CfnOutput(self, "ControlApiUrl", value=api.url)
        CfnOutput(self, "AccountChangesStateMachineArn", value=self.account_changes.state_machine_arn)
        CfnOutput(self, "AccountChangesDeadLetterQueueUrl", value=self.account_changes.dead_letter_queue_url)
        CfnOutput(self, "ReconciliationDeadLetterQueueUrl", value=dead_letters.queue_url)
        CfnOutput(self, "ReconciliationRuleName", value=schedule.rule_name)
        CfnOutput(self, "ReconciliationFunctionName", value=reconciliation.function_name)
