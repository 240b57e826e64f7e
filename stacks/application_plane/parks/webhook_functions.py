"""The functions that publish to webhooks, pause them and do queued work, and all that these may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from tenantry.functions import PythonFunction, acknowledge
from tenantry.functions.sources import RUNTIME, package_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory
    from tenantry.isolation.data import TenantTable
    from tenantry.isolation.vending import TokenVendor

CONSUMER_TIMEOUT: Final = Duration.seconds(30)


class WebhookFunctions:
    """Makes the functions in a scope.

    Parameters
    ----------
    scope
        The construct that they belong to.
    platform
        What every stack is given.
    directory
        The tables that say who may have webhooks.
    table, topics
        The parks table, and what the ARN of each topic begins with.
    vendor
        Vends the sessions of one tenant.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        platform: Platform,
        directory: Directory,
        table: TenantTable,
        topics: str,
        vendor: TokenVendor,
    ) -> None:
        self._scope = scope
        self._platform = platform
        self._directory = directory
        self._table = table
        self._topics = topics
        self._vendor = vendor

    def make(
        self,
        construct_id: str,
        entry: str,
        description: str,
        *,
        purposes: Sequence[str] = ("webhooks",),
        **more: Any,  # noqa: ANN401 - of `PythonFunction`
    ) -> PythonFunction:
        """Return a function that tells or pauses webhooks.

        Isolation: rows and topics are reached with credentials vended for one tenant. Of its own, it may read single
        items of the directory, say that a webhook was paused, and end subscriptions.
        """
        function = PythonFunction(
            self._scope,
            construct_id,
            entry=package_folder(entry),
            defaults=self._platform.function_defaults,
            description=description,
            shared=[*RUNTIME, "park_webhooks"],
            timeout=CONSUMER_TIMEOUT,
            environment={
                "APPLICATION": self._platform.environment.application,
                "EVENT_BUS_NAME": self._platform.bus.bus_name,
                "PARKS_TABLE": self._table.table_name,
                "TOPICS": self._topics,
                **self._directory.variables,
            },
            **more,
        )
        self._directory.grant_read_state(function)
        paused = self._platform.events.webhook_paused
        self._platform.bus.grant_publish(function, source=paused.source, detail_types=[paused.detail_type])
        function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Unsubscribe"], resources=["*"]))
        acknowledge(
            function.execution_role,
            "AwsSolutions-IAM5",
            "SNS knows no resource for it; the ARN is from the tenant's row, or of the tenant's topic.",
            resource="*",
        )
        self._vendor.grant_vend(function, purposes=purposes)
        return function

    def pause_webhooks(self, *, dead_letters: sqs.IQueue) -> None:
        """Pause the webhooks of whom the bus says that they were removed, lost a role, were blocked or deleted."""
        function = self.make(
            "Pause",
            "webhook_pauses",
            "Pauses webhooks whose owners lost the required role",
            dead_letters=dead_letters,
        )
        for name, event in (
            ("MemberRemoved", self._platform.events.member_removed),
            ("MemberRolesChanged", self._platform.events.member_roles_changed),
            ("UserBlocked", self._platform.events.blocked),
            ("UserDeleted", self._platform.events.deleted),
        ):
            self._platform.bus.add_rule(
                self._scope,
                name,
                event=event,
                target=targets.LambdaFunction(
                    function,
                    dead_letter_queue=dead_letters,
                    retry_attempts=20,
                    max_event_age=Duration.hours(24),
                ),
            )
