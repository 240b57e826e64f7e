"""The membership stack: the API of tenants' members, invitations, active tenants and users' own accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.membership.function import membership_function
from stacks.control_plane.membership.routes import membership_routes
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import MemberApi

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from stacks.control_plane.control.account_changes import AccountChanges
    from tenantry.isolation.api import Directory


class MembershipStack(ApplicationStack):
    """The membership API, its function, and the queue of events that could not be published.

    The tables are the tenant stack's and the user stack's.

    Attributes
    ----------
    api_url
        URL of the membership API.
    """

    name = "membership"

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
        super().__init__(scope, construct_id, environment=platform.environment)
        dead_letters = platform.dead_letter_queue(self, "MembershipDeadLetters")
        function = membership_function(
            self,
            platform=platform,
            dead_letters=dead_letters,
            account_changes=account_changes,
            directory=directory,
            invitations=invitations,
        )
        api = MemberApi(
            self,
            "Api",
            api_name=f"{platform.environment.application}-membership-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=directory,
            routes=membership_routes(function),
            description="Members, invitations, active tenants and the caller's own account",
            defaults=platform.api_defaults,
            function_defaults=platform.function_defaults,
        )
        self.api_url = api.url
        self.add_outputs(
            MembershipApiUrl=api.url,
            MembershipDeadLetterQueueUrl=dead_letters.queue_url,
        )
