"""Users of many tenants: one is active at a time, roles differ in each, and the database decides at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput

from stacks.application_plane.parks.routes import Parks
from stacks.control_plane.membership.routes import membership_function, membership_routes
from stacks.platform.base import ApplicationStack
from tenantry.isolation.api import MemberApi
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from stacks.control_plane.control.account_changes import AccountChanges
    from stacks.platform.platform import Platform
    from tenantry.isolation.api import Directory


class ParksStack(ApplicationStack):
    """The API whose users belong to many tenants, in different roles, and the parks that it is about."""

    name = "parks"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        directory: Directory,
        invitations: dynamodb.ITable,
        account_changes: AccountChanges,
    ) -> None:
        environment, bus, alarms = platform.environment, platform.bus, platform.alarms
        super().__init__(scope, construct_id, environment=environment)
        apis = platform.api_defaults
        dead_letters = dead_letter_queue(
            self, "MembershipDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        membership = membership_function(
            self,
            environment=environment,
            apis=apis,
            bus=bus,
            dead_letters=dead_letters,
            account_changes=account_changes,
            directory=directory,
            invitations=invitations,
        )
        parks = Parks(self, "Parks", environment=environment, bus=bus, directory=directory, alarms=alarms)
        api = MemberApi(
            self,
            "Api",
            api_name=f"{environment.application}-parks-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=directory,
            routes=[*membership_routes(membership), *parks.routes()],
            description="Multi-tenant parks with roles per tenant",
            defaults=apis,
            function_defaults=platform.function_defaults,
        )

        self.api_url = api.url
        CfnOutput(self, "ParksApiUrl", value=api.url)
        CfnOutput(self, "MembershipDeadLetterQueueUrl", value=dead_letters.queue_url)
        CfnOutput(self, "ParksTableName", value=parks.table_name)
        CfnOutput(self, "ParksTenantRoleArn", value=parks.tenant_role_arn)
        CfnOutput(self, "ParkStatusesQueueUrl", value=parks.queue_url)
        CfnOutput(self, "ParkPublicationFunctionName", value=parks.publication_function_name)
        for name, url in parks.dead_letter_queue_urls.items():
            CfnOutput(self, f"{name}DeadLetterQueueUrl", value=url)
