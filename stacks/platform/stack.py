"""What every other stack depends on: the event bus, the alarms topic, API Gateway's log role, the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from stacks.platform.events import Events
from stacks.platform.platform import ApplicationStack, Foundation
from tenantry.functions import declare_store
from tenantry.isolation.api import ApiLogging, TenantDashboard
from tenantry.isolation.events import ApplicationBus
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment


class CommonStack(ApplicationStack):
    """The application event bus, with its archive and schemas, the topic of alarms, and the dashboard.

    Attributes
    ----------
    foundation
        The environment, the bus and the topic, for every other stack.
    """

    name = "common"

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id, environment=environment)
        application = environment.application
        bus = ApplicationBus(
            self,
            "Bus",
            bus_name=f"{application}-application-eventbus",  # a contract's name
            archive_days=environment.archive_days,
            event_schemas=Events(application).schemas(),
            removal_policy=environment.removal_policy,
        )
        # CloudWatch publishes to an encrypted topic only if the key's policy lets it, which AWS's own key's does not.
        key = kms.Key(
            self,
            "AlarmsKey",
            description="Encrypts alarms",
            enable_key_rotation=True,
            removal_policy=environment.removal_policy,
        )
        declare_store(key, Store(holds="the key of alarms", by=By.NONE))
        # CloudWatch sends no condition keys to KMS. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        cloudwatch = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        key.grant(cloudwatch, "kms:Decrypt", "kms:GenerateDataKey*")
        alarms = sns.Topic(self, "Alarms", display_name=f"{application} alarms", master_key=key, enforce_ssl=True)
        # A topic with a policy of its own lets nobody publish whom that policy does not name.
        alarms.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudwatch],
                actions=["sns:Publish"],
                resources=[alarms.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnLike": {"aws:SourceArn": self.format_arn(service="cloudwatch", resource="alarm:*")},
                },
            )
        )
        self.foundation = Foundation(environment=environment, bus=bus, alarms=alarms)
        ApiLogging(self, "ApiLogging")
        dashboard = TenantDashboard(self, "Operations", application=application)
        self.add_outputs(
            EventBusName=bus.bus_name,
            EventBusArn=bus.bus_arn,
            OperationsDashboardName=dashboard.dashboard_name,
            AlarmsTopicArn=alarms.topic_arn,
        )
