"""The parks stack: parks and webhooks of the caller's active tenant, and changes of many parks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from stacks.application_plane.parks.parks import Parks
from stacks.application_plane.parks.routes import park_routes
from stacks.application_plane.parks.statuses import status_routes
from stacks.application_plane.parks.webhooks import webhook_routes
from stacks.platform.defaults import api_defaults, function_defaults
from tenantry.isolation.api import MemberApi

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment
    from tenantry.isolation.api import Directory
    from tenantry.isolation.events import ApplicationBus


class ParksStack(Stack):
    """The parks API, which acts in the caller's active tenant, and what is behind it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        alarms: sns.ITopic,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        directory: Directory,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("parks")
        )
        parks = Parks(self, "Parks", environment=environment, bus=bus, directory=directory, alarms=alarms)
        api = MemberApi(
            self,
            "Api",
            api_name=f"{environment.application}-parks-api",
            user_pool=user_pool,
            client=client,
            directory=directory,
            routes=[*park_routes(parks), *status_routes(parks), *webhook_routes(parks)],
            description="Multi-tenant parks with roles per tenant",
            defaults=api_defaults(environment, alarms),
            function_defaults=function_defaults(environment),
        )

        self.api_url = api.url
        CfnOutput(self, "ParksApiUrl", value=api.url)
        CfnOutput(self, "ParksTableName", value=parks.table.table_name)
        CfnOutput(self, "ParksTenantRoleArn", value=parks.tenant_role_arn)
        CfnOutput(self, "ParkStatusesQueueUrl", value=parks.bulk.queue_url)
        CfnOutput(self, "ParkPublicationFunctionName", value=parks.publish.function_name)
        for name, url in parks.dead_letter_queue_urls.items():
            CfnOutput(self, f"{name}DeadLetterQueueUrl", value=url)
