"""The membership stack: the API of tenants' members, invitations, active tenants and users' own accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack

from stacks.control_plane.membership.function import membership_function
from stacks.control_plane.membership.routes import membership_routes
from stacks.platform.defaults import api_defaults, function_defaults
from tenantry.isolation.api import MemberApi
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.control_plane.control.account_changes import AccountChanges
    from stacks.environments import Environment
    from tenantry.isolation.api import Directory
    from tenantry.isolation.events import ApplicationBus


class MembershipStack(Stack):
    """The membership API, its function, and the queue of events that could not be published.

    The tables are the tenant stack's and the user stack's.

    Attributes
    ----------
    api_url
        URL of the membership API.
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
        client: cognito.IUserPoolClient,
        directory: Directory,
        invitations: dynamodb.ITable,
        account_changes: AccountChanges,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("membership")
        )
        apis = api_defaults(environment, alarms)
        dead_letters = dead_letter_queue(
            self, "MembershipDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        function = membership_function(
            self,
            environment=environment,
            apis=apis,
            bus=bus,
            dead_letters=dead_letters,
            account_changes=account_changes,
            directory=directory,
            invitations=invitations,
        )
        api = MemberApi(
            self,
            "Api",
            api_name=f"{environment.application}-membership-api",
            user_pool=user_pool,
            client=client,
            directory=directory,
            routes=membership_routes(function),
            description="Members, invitations, active tenants and the caller's own account",
            defaults=apis,
            function_defaults=function_defaults(environment),
        )
        self.api_url = api.url
        CfnOutput(self, "MembershipApiUrl", value=api.url)
        CfnOutput(self, "MembershipDeadLetterQueueUrl", value=dead_letters.queue_url)
