"""The control plane: what operators do with people's accounts, and what keeps user pool and directory the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.control.account_changes import AccountChanges
from stacks.control_plane.control.functions import ControlFunctions, schedule_reconciliation
from stacks.control_plane.control.routes import control_routes
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import AdminApi

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from tenantry.isolation.api import Directory


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
        super().__init__(scope, construct_id, environment=platform.environment)
        self.account_changes = AccountChanges(
            self,
            "AccountChanges",
            platform=platform,
            directory=directory,
            invitations=invitations,
        )
        functions = ControlFunctions(
            scope=self,
            platform=platform,
            directory=directory,
            invitations=invitations,
            account_changes=self.account_changes,
        )
        dead_letters = platform.dead_letter_queue(self, "ReconciliationDeadLetters")
        reconciliation = functions.reconciliation(dead_letters=dead_letters)
        schedule = schedule_reconciliation(self, reconciliation, dead_letters=dead_letters)
        users = functions.users(reconciliation)
        api = AdminApi(
            self,
            "ControlApi",
            api_name=f"{platform.environment.application}-control-api",
            routes=control_routes(users),
            description="User accounts, for operators",
            defaults=platform.api_defaults,
        )
        self.add_outputs(
            ControlApiUrl=api.url,
            AccountChangesStateMachineArn=self.account_changes.state_machine_arn,
            AccountChangesDeadLetterQueueUrl=self.account_changes.dead_letter_queue_url,
            ReconciliationDeadLetterQueueUrl=dead_letters.queue_url,
            ReconciliationRuleName=schedule.rule_name,
            ReconciliationFunctionName=reconciliation.function_name,
        )
