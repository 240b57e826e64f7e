"""The functions that publish to webhooks, pause them and do queued work, and all that these may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from tenantry.functions import RUNTIME, PythonFunction, acknowledge_reach, acknowledge_wildcard, package_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory
    from tenantry.isolation.data import TenantTable
    from tenantry.isolation.vending import TokenVendor

OF_THE_ROW: Final = (
    "SNS knows no resource for it; the subscription's ARN is from the tenant's own row, or of its topic."
)
"""Why an action on every subscription reaches the tenant's own only."""
CONSUMER_TIMEOUT: Final = Duration.seconds(30)


@dataclass(frozen=True, kw_only=True)
class WebhookFunctions:
    """Makes the functions in a scope.

    Attributes
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

    scope: Construct
    platform: Platform
    directory: Directory
    table: TenantTable
    topics: str
    vendor: TokenVendor

    def make(
        self,
        construct_id: str,
        entry: str,
        description: str,
        *,
        purposes: Sequence[str] = ("webhooks",),
        **more: Any,  # noqa: ANN401 - of `PythonFunction`
    ) -> PythonFunction:
        """Return a function that publishes to webhooks, or pauses them.

        Isolation: rows and topics are reached with credentials vended for one tenant. Of its own, it may read single
        items of the directory, publish that a webhook was paused, and end subscriptions.
        """
        function = PythonFunction(
            self.scope,
            construct_id,
            entry=package_folder(entry),
            defaults=self.platform.function_defaults,
            description=description,
            shared=[*RUNTIME, "park_webhooks"],
            timeout=CONSUMER_TIMEOUT,
            environment={
                **self.platform.publisher_variables,
                "PARKS_TABLE": self.table.table_name,
                "TOPICS": self.topics,
                **self.directory.variables,
            },
            **more,
        )
        self.directory.grant_read_state(function)
        self.platform.grant_publish(function, self.platform.events.webhook_paused)
        function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Unsubscribe"], resources=["*"]))
        acknowledge_reach(function, "*", actions=["sns:Unsubscribe"], reason=OF_THE_ROW)
        acknowledge_wildcard(
            function.execution_role,
            "*",
            OF_THE_ROW,
        )
        self.vendor.grant_vend(function, purposes=purposes)
        return function

    def pause_webhooks(self, *, dead_letters: sqs.IQueue) -> None:
        """Pause the webhooks of users who were removed, lost a role, were blocked or deleted, by the bus's events."""
        function = self.make(
            "Pause",
            "webhook_pauses",
            "Pauses webhooks whose owners lost the required role",
            dead_letters=dead_letters,
        )
        for name, event in (
            ("MemberRemoved", self.platform.events.member_removed),
            ("MemberRolesChanged", self.platform.events.member_roles_changed),
            ("UserBlocked", self.platform.events.blocked),
            ("UserDeleted", self.platform.events.deleted),
        ):
            self.platform.bus.add_rule(
                self.scope,
                name,
                event=event,
                target=targets.LambdaFunction(
                    function,
                    dead_letter_queue=dead_letters,
                    retry_attempts=20,
                    max_event_age=Duration.hours(24),
                ),
            )
