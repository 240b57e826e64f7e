"""The parks stack: parks and webhooks of the caller's active tenant, and changes of many parks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.application_plane.parks.parks import Parks
from stacks.application_plane.parks.routes import park_routes
from stacks.application_plane.parks.statuses import status_routes
from stacks.application_plane.parks.webhooks import webhook_routes
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import MemberApi

if TYPE_CHECKING:
    from constructs import Construct

    from tenantry.isolation.api import Directory


class ParksStack(ApplicationStack):
    """The parks API, which acts in the caller's active tenant, and what is behind it.

    Attributes
    ----------
    api_url
        URL of the parks API.
    """

    name = "parks"

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform, directory: Directory) -> None:
        super().__init__(scope, construct_id, environment=platform.environment)
        parks = Parks(self, "Parks", platform=platform, directory=directory)
        api = MemberApi(
            self,
            "Api",
            api_name=f"{platform.environment.application}-parks-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=directory,
            routes=[*park_routes(parks), *status_routes(parks), *webhook_routes(parks)],
            description="Multi-tenant parks with roles per tenant",
            defaults=platform.api_defaults,
            function_defaults=platform.function_defaults,
        )

        self.api_url = api.url
        self.add_outputs(
            ParksApiUrl=api.url,
            ParksTableName=parks.table.table_name,
            ParksTenantRoleArn=parks.tenant_role_arn,
            ParkStatusesQueueUrl=parks.bulk.queue_url,
            ParkPublicationFunctionName=parks.publish.function_name,
            **parks.dead_letter_queue_urls,
        )
