"""The tenant admin API, and how the token hook of the user stack finds and calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ssm as ssm

from stacks.control_plane.tenant.routes import admin_routes
from stacks.names import admin_api_parameter
from tenantry.isolation.api import AdminApi

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.control_plane.tenant.functions import TenantFunctions
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction


def tenant_admin_api(
    scope: Construct, platform: Platform, functions: TenantFunctions, *, token_claims_hook: PythonFunction
) -> AdminApi:
    """Make the API. The user stack knows nothing of it, so the hook's grant and the API's address are made here."""
    application = platform.environment.application
    api = AdminApi(
        scope,
        "TenantAdminApi",
        api_name=f"{application}-tenant-admin-api",
        routes=admin_routes(functions),
        description="Any user's tenants, for other services and for operators",
        defaults=platform.api_defaults,
    )
    api.grant_invoke(
        scope, "TokenClaimsHookAsks", role=token_claims_hook.execution_role, method="GET", path="/tenants/*"
    )
    ssm.StringParameter(
        scope,
        "TenantAdminApiParameter",
        parameter_name=admin_api_parameter(application),
        string_value=api.url,
        description="URL of the tenant admin API",
    )
    return api
