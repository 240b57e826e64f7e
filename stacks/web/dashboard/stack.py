"""The page that a tenant's people work with, and the APIs that it calls, on one origin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, Stack

from stacks.platform.defaults import function_defaults
from tenantry.web import PageApi, PageDomain, WebPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from constructs import Construct

    from stacks.environments import Environment

_SOURCE: Final = Path(__file__).parents[3] / "dashboard"


class DashboardStack(Stack):
    """The dashboard on S3 and CloudFront."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        apis: Mapping[str, str],
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("dashboard")
        )
        cognito_origin = f"https://cognito-idp.{self.region}.{self.url_suffix}"
        beside = [PageApi(name=name, url=url) for name, url in apis.items()]
        page = WebPage(
            self,
            "Page",
            source=_SOURCE,
            apis=beside,
            # Not through CloudFront: Cognito counts failed attempts by the address that they come from.
            talks_to=[cognito_origin],
            settings={
                "application": environment.application,
                "userPoolId": user_pool.user_pool_id,
                "userPoolClientId": client.user_pool_client_id,
                "userPoolEndpoint": f"{cognito_origin}/",
                "apis": {api.name: api.path for api in beside},
            },
            function_defaults=function_defaults(environment),
            domain=PageDomain(name=environment.page_domain, certificate_arn=environment.page_certificate_arn)
            if environment.page_domain and environment.page_certificate_arn
            else None,
            removal_policy=environment.removal_policy,
        )
        CfnOutput(self, "DashboardUrl", value=page.url)
