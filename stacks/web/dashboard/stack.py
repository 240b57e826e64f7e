"""The page that a tenant's people work with, and the APIs that it calls, on one origin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from stacks.platform.platform import ApplicationStack, Platform
from tenantry.web import PageApi, PageDomain, WebPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


_SOURCE: Final = Path(__file__).parents[3] / "dashboard"


class DashboardStack(ApplicationStack):
    """The dashboard on S3 and CloudFront."""

    name = "dashboard"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        apis: Mapping[str, str],
    ) -> None:
        environment, identity = platform.environment, platform.identity
        super().__init__(scope, construct_id, environment=environment)
        beside = [PageApi(name=name, url=url) for name, url in apis.items()]
        page = WebPage(
            self,
            "Page",
            source=_SOURCE,
            apis=beside,
            # Not through CloudFront: Cognito counts failed attempts by the address that they come from.
            talks_to=[identity.origin],
            settings={
                "application": environment.application,
                "userPoolId": identity.user_pool.user_pool_id,
                "userPoolClientId": identity.client.user_pool_client_id,
                "userPoolEndpoint": f"{identity.origin}/",
                "apis": {api.name: api.path for api in beside},
            },
            function_defaults=platform.function_defaults,
            domain=PageDomain(name=environment.page_domain, certificate_arn=environment.page_certificate_arn)
            if environment.page_domain and environment.page_certificate_arn
            else None,
            removal_policy=environment.removal_policy,
        )
        self.add_outputs(
            DashboardUrl=page.url,
        )
