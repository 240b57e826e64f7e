"""Parks, their webhooks and changes of many parks at once: the table, topics, queues and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.application_plane.parks.webhook_functions import CONSUMER_TIMEOUT, WebhookFunctions
from tenantry.functions import PythonFunction, declare_store, package_folder
from tenantry.isolation.data import TenantTable
from tenantry.isolation.direct import SyncWorkflow
from tenantry.isolation.events import TenantQueue
from tenantry.isolation.vending import TENANT, TenantStatement, TokenVendor
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store
from tenantry.model.tenant_tables import PARTITION_KEY, SORT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sqs as sqs

    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory

BY_STATUS: Final = "by-status"
"""The index that lists a tenant's parks by status."""


class Parks(Construct):
    """Parks, their webhooks, and changes of many at once.

    Isolation: each integration has a role of its own that can do one thing to one resource. Partition keys and topics
    begin with the tenant of the authorizer's context, which nothing in a request can say. Work that waits carries that
    tenant, and is done with credentials vended for it.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    platform
        What every stack is given.
    directory
        Says who may have webhooks, and whose queued work is done.

    Attributes
    ----------
    table, topics
        The table, and what the ARN of each topic begins with.
    check, publish
        The functions that check webhooks' endpoints, and that publish to webhooks.
    bulk, webhook_dead_letters
        The queue of changes of many parks, and the queue of messages that SNS could not deliver.
    tenant_role_arn
        ARN of the role that sessions for queued work are vended of.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        directory: Directory,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        environment = platform.environment
        self._environment = environment
        self.table = TenantTable(
            self,
            "Table",
            partition_key=PARTITION_KEY,
            sort_key=SORT_KEY,
            leading_key=f"{TENANT}#*",
            # The partition is the table's own, so that what binds it there binds it here.
            indexes={BY_STATUS: (PARTITION_KEY, "statuskey")},
            deletion_protection=not environment.ephemeral,
            removal_policy=environment.removal_policy,
        )
        self.topics = f"arn:{stack.partition}:sns:{stack.region}:{stack.account}:{environment.application}-parks-"
        declare_store(
            stack,
            Store(
                holds="subscriptions to a park's events",
                by=By.NAME,
                kind="AWS::SNS::Topic",
                name=f"{environment.application}-parks-{TENANT_IN_NAME}_{{park}}_{{event}}",
            ),
        )
        self.webhook_dead_letters = _webhook_dead_letters(self, self.topics, platform)
        self._vendor = TokenVendor(self, "Vendor")
        self._let_tenants()
        self.check = PythonFunction(
            self,
            "CheckEndpoint",
            entry=package_folder("webhook_endpoint"),
            defaults=platform.function_defaults,
            description="Checks that a webhook's endpoint is public",
        )
        functions = WebhookFunctions(
            scope=self,
            platform=platform,
            directory=directory,
            table=self.table,
            topics=self.topics,
            vendor=self._vendor,
        )
        self.bulk = TenantQueue(
            self,
            "Bulk",
            consumer=functions.make(
                "SetStatuses",
                "park_statuses",
                "Updates the status of many parks in the tenant that the request was made in",
                purposes=["park-statuses", "webhooks"],
            ),
            consumer_timeout=CONSUMER_TIMEOUT,
            alarms=platform.alarms,
            removal_policy=environment.removal_policy,
        )
        self.publish = functions.make(
            "Publish",
            "webhook_publication",
            "Publishes park events to webhooks whose owners still have the required role",
        )
        self._pauses_dead_letters = platform.dead_letter_queue(self, "PausesDeadLetters")
        functions.pause_webhooks(dead_letters=self._pauses_dead_letters)
        self.tenant_role_arn: Final = self._vendor.role_arn

    @property
    def dead_letter_queue_urls(self) -> Mapping[str, str]:
        """URLs of the queues that keep what failed, by the output that has them."""
        return {
            "ParkStatusesDeadLetterQueueUrl": self.bulk.dead_letter_queue_url,
            "WebhookDeadLetterQueueUrl": self.webhook_dead_letters.queue_url,
            "WebhookPausesDeadLetterQueueUrl": self._pauses_dead_letters.queue_url,
        }

    def workflow(self, construct_id: str, definition: Mapping[str, object]) -> SyncWorkflow:
        """Make the state machine of a route, which may do nothing until it is granted."""
        return SyncWorkflow(
            self,
            f"{construct_id}Workflow",
            definition=definition,
            log_retention=self._environment.log_retention,
            removal_policy=self._environment.removal_policy,
        )

    def _let_tenants(self) -> None:
        """Say what the sessions of one tenant may do: for queued work, and to publish to and pause webhooks."""
        self.table.grant_tenant(self._vendor.purpose("park-statuses"), "UpdateItem")
        webhooks = self._vendor.purpose("webhooks")
        self.table.grant_tenant(webhooks, "Query", "UpdateItem")
        # An underscore is in no tenant's id, so that no tenant's topics begin as another's do.
        topics = f"{self.topics}{TENANT}_*"
        webhooks.allow(
            TenantStatement(actions=["sns:Publish", "sns:ListSubscriptionsByTopic"], resources=[topics]),
        )


def _webhook_dead_letters(scope: Construct, topics: str, platform: Platform) -> sqs.Queue:
    queue = platform.dead_letter_queue(scope, "WebhookDeadLetters")
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            principals=[iam.ServicePrincipal("sns.amazonaws.com")],
            resources=[queue.queue_arn],
            conditions={"ArnLike": {"aws:SourceArn": f"{topics}*"}},
        )
    )
    return queue
